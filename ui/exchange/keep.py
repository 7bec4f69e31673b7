"""What becomes of a set: another name, a zip to take away, its end."""

from __future__ import annotations

import time

import streamlit as st

from course import content
from ftcore import files
from ftcore.data.own import budget, jobs, keeping, plans
from ftcore.data.own.keeping import OwnSet
from ftcore.errors import FtError
from ftcore.settings import RunSettings
from ui import address
from ui.callbacks import guarded
from ui.exchange import handout, tune
from ui.exchange.shelf import Shown
from ui.words import ago, plain, several


def draw(shown: Shown) -> None:
    """Size and age, renaming, the zip, deleting."""
    one = shown.one
    days, room = budget.days(), budget.room(one.owner)
    values = {
        "size": files.size(keeping.bytes_of(one)), "age": ago(time.time() - one.created), "room": files.size(room.left),
        "most": files.size(room.most), "days": several(int(days), "day"),
    }  # fmt: skip
    st.markdown(content.section("sets", "kept", values))
    st.caption(content.section("sets", "expires" if days else "expires.never", values))
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.text_input("Name", one.name, max_chars=keeping.LETTERS, key=f"set-name-{one.id}", width=320)
        st.button("Rename the set", key="set-rename", on_click=guarded(_rename), args=(one,))
    if any(not picture.look.wrong for picture in shown.now.pictures):
        st.link_button("Download as a zip", handout.link(one.id, one.owner), icon=":material/download:",
                       help=content.section("sets", "zip.help"))  # fmt: skip
    _end(one)


def _rename(one: OwnSet) -> None:
    name = str(st.session_state[f"set-name-{one.id}"])
    if not name.strip():
        raise FtError("Write the set's new name first.")
    with keeping.changing(one.id, one.owner) as opened:
        opened.put(name=keeping.called(name))


def _end(one: OwnSet) -> None:
    runs = tune.of_set(one.id, one.owner)
    with st.popover("Delete the set", icon=":material/delete:"):
        st.markdown(content.section("sets", "delete", {"name": plain(one.name)}))
        if runs:
            st.markdown(content.section("sets", "delete.runs", {"runs": several(len(runs), "run")}))
        st.button("Delete it for good", key="set-delete", on_click=guarded(_delete), args=(one,))


def _delete(one: OwnSet) -> None:
    if any(run.active for run in tune.of_set(one.id, one.owner)):
        raise FtError("A run is learning from this set: stop it first, then delete the set.")
    settings = address.settings_or_none()
    if settings is not None and settings.data.startswith(plans.prefix(one.id)):
        address.choose(data=RunSettings().data)  # no page may go on with what is gone
    jobs.cancel(one)
    keeping.delete(one.id, one.owner)
    st.query_params.pop("set", None)
    st.query_params.pop("part", None)
