"""Bringing pictures into a set: a zip or folder of class folders, files of one class, the camera, a folder read in place."""

from __future__ import annotations

import time
from pathlib import Path

import streamlit as st
from streamlit import config

from course import content
from ftcore import files
from ftcore.data.own import budget, jobs
from ftcore.data.own.keeping import OwnSet
from ftcore.data.own.steps import label_of
from ftcore.data.pictures import KINDS
from ftcore.errors import FtError
from ui import address
from ui.callbacks import guarded
from ui.exchange import camera, receive, upload
from ui.exchange.shelf import Shown
from ui.widgets import choice, progress
from ui.words import about, as_markdown, plain, several

WAYS = {
    "folders": "Class folders or a zip",
    "class": "One class",
    "camera": "Camera",
    "place": "A folder of this computer",
}
_LOCAL = ("localhost", "127.0.0.1", "::1")


def draw(shown: Shown) -> None:
    """What is on its way, or how to bring more."""
    one = shown.one
    if jobs.look(one) is not None:
        _going(one)
        return
    if one.trouble:
        st.error(as_markdown(one.trouble))
    elif shown.kept:
        _brought(shown)
    for said in one.said:
        st.caption(as_markdown(said))
    room = budget.room(one.owner)
    values = {"room": files.size(room.left), "most": files.size(room.most), "kinds": KINDS}
    st.markdown(content.section("sets", f"room.{room.why}", values))
    sent = jobs.arrived(one)
    way = _way(one, bare=_bare([name for name, _ in sent]))
    if way == "place":
        _in_place(one)
        return
    label = "" if way == "folders" else _label(shown, taking=bool(sent) and way == "camera")
    if sent and (way != "camera" or label is None):
        _left_over(one, len(sent), label)
    if label is None:
        return
    folder = jobs.incoming(one)
    ticket = receive.open_place(folder, room.left, room.files)

    def done() -> None:
        _take_in(one, label)

    if way == "camera":
        key = st.session_state["bring-camera"] = _camera(one, label)
        camera.draw(key, ticket, lambda: None, _said("camera.label", label))
        if sent:
            st.button(f"Add {several(len(sent), 'picture')} to {plain(label, 30)}", type="primary", key="camera-add",
                      on_click=guarded(done))  # fmt: skip
    else:
        upload.draw(
            f"drop-{one.id}-{way}", ticket, _said(f"drop.{way}", label), content.section("sets", "drop.help"), done
        )


def _brought(shown: Shown) -> None:
    """What is in the set already, and what waits on the next part."""
    found = len(shown.now.findings)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        words, part = ("Go on to mend", "look") if found else ("Go on", "tune")
        st.button(words, key="brought", on_click=guarded(_go_on), args=(part,))
        st.markdown(
            content.section("sets", "brought" if found else "brought.fine", {"found": several(found, "finding")})
        )


def _go_on(part: str) -> None:
    st.query_params["part"] = part


def _said(name: str, label: str) -> str:
    return content.section("sets", name, {"label": plain(label)})


def _way(one: OwnSet, *, bare: bool) -> str:
    ways = [way for way in WAYS if way != "place" or is_local()]
    if one.source:
        ways = ["place"] if is_local() else []
    usual = "class" if "class" in ways and bare else ways[0]
    now = st.session_state.get("bring-way", usual)
    now = now if now in ways else usual
    ties = address.widget("bring", now, lambda picked: st.session_state.update({"bring-way": picked}))
    choice.row("What you bring", ways, format_func=WAYS.__getitem__, help=content.section("sets", "ways.help"), **ties)
    return now


def _camera(one: OwnSet, label: str | None) -> str:
    """The key of the camera: one for each class, so that it counts the pictures of that class alone."""
    return f"camera-{one.id}-{label}"


def _bare(sent: list[str]) -> bool:
    """Lie pictures there that no folder says the class of? So after a reload in the middle of one class."""
    return bool(sent) and not any("/" in name or name.lower().endswith(".zip") for name in sent)


def _label(shown: Shown, *, taking: bool) -> str | None:
    """The class that the pictures belong to: one there is, or another that is typed in; None before that.

    While pictures of it are being taken it stays, but not from the moment it is typed: a field that is closed as it gives
    its text away loses that text.
    """
    begun = st.session_state.get("bring-camera") == _camera(shown.one, st.session_state.get("bring-class"))
    picked = st.selectbox(
        "Class", shown.now.classes, index=None, accept_new_options=True, width=320, key="bring-class",
        placeholder="Name the class", disabled=taking and begun, help=content.section("sets", "class.help"),
    )  # fmt: skip
    if not picked:
        st.caption(content.section("sets", "class.first"))
        return None
    return label_of(picked)


def _left_over(one: OwnSet, sent: int, label: str | None) -> None:
    """Files that were sent before the page was left: to be taken in, once their class is known, or let go."""
    with st.container(border=True):
        st.markdown(content.section("sets", "left", {"files": several(sent, "file")}))
        with st.container(horizontal=True):
            st.button(
                "Take them in", key="left-take", disabled=label is None, on_click=guarded(_take_in), args=(one, label)
            )
            st.button("Let them go", key="left-go", on_click=guarded(_let_go), args=(one,))


def _take_in(one: OwnSet, label: str) -> None:
    receive.close_place(jobs.incoming(one))  # the next batch begins afresh
    jobs.begin(one, label)


def _let_go(one: OwnSet) -> None:
    receive.close_place(jobs.incoming(one))
    jobs.cancel(one)


def is_local() -> bool:
    """Do only people at this computer reach the server, so that its folders are theirs?"""
    asked = (st.context.headers.get("Host") or "").rpartition(":")[0].strip("[]")
    return config.get_option("server.address") in _LOCAL and asked in _LOCAL


def _in_place(one: OwnSet) -> None:
    st.text_input("Folder", placeholder="/home/me/photos", key="bring-folder", max_chars=1000,
                         help=content.section("sets", "place.help"))  # fmt: skip

    def read() -> None:
        path = str(st.session_state["bring-folder"]).strip()
        place = Path(path).expanduser()
        if not path or not place.is_dir():
            raise FtError("There is no such folder: write the whole path of one that holds a folder for each class.")
        jobs.begin(one, folder=str(place.absolute()))

    st.button("Read it", key="bring-place", on_click=guarded(read))


@st.fragment(run_every=1)
def _going(one: OwnSet) -> None:
    """How far it is, and a way to call it off."""
    going = jobs.look(one)
    if going is None:
        st.rerun()
        return
    share = going.done / going.total if going.total else 0.0
    passed = time.time() - going.since if going.since else 0.0
    left = f", {about(passed / share * (1 - share))} to go" if share > 0.02 and passed > 2 else ""
    many = f" {going.done:,} of {going.total:,}" if going.total else ""
    st.markdown(f"{plain(going.what)}{many}{left}")
    progress.draw(share, f"bringing-{one.id}")
    st.button("Call it off", key="bring-stop", on_click=guarded(_let_go), args=(one,),
              help=content.section("sets", "stop.help"))  # fmt: skip
