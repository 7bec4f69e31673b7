"""Which of the learner's own sets a page is about: chosen among those there are, or begun anew."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal

import numpy as np
import streamlit as st
from PIL import Image

from course import content
from ftcore.data.own import budget, jobs, keeping, steps
from ftcore.data.own.keeping import Kept, OwnSet
from ftcore.data.own.steps import Standing
from ftcore.errors import FtError
from ui import address
from ui.callbacks import guarded
from ui.words import ago, plain, several

SIDE = 96  # pixels of a preview as it is sent to the browser
_PLACE = "sets"


@dataclass(frozen=True)
class Shown:
    """The set that a page shows, its pictures, and how it stands."""

    one: OwnSet
    kept: list[Kept]
    now: Standing


def show(one: OwnSet) -> Shown:
    """The set as it is now. Raises `FtError` where it cannot be read."""
    kept = keeping.pictures(one)
    keeping.touch(one)
    return Shown(one, kept, steps.standing(one, kept))


@st.cache_data(ttl=3600, show_spinner=False)
def sweep() -> None:
    """Once an hour: what nobody uses any more goes."""
    budget.sweep()


def choose(owner: str) -> OwnSet | None:
    """The set named in the address, else the one used last; None where there is none. Draws the choice."""
    sets = {one.id: one for one in keeping.every(owner)}
    if not sets:
        return None
    named = st.query_params.get("set", "")
    now = named if named in sets else next(iter(sets))
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        ties = address.widget("own-set", now, lambda picked: st.query_params.update({"set": picked}))
        st.selectbox(
            "Set", list(sets), format_func=lambda one: f"{sets[one].name}, {_age(sets[one])}", width=360,
            help=content.section("sets", "choose.help"), **ties,
        )  # fmt: skip
        with st.popover("New set"):
            begin(owner, first=False)
    return sets[now]


def _age(one: OwnSet) -> str:
    return ago(time.time() - one.created)


def begin(owner: str, *, first: bool = True) -> None:
    """A name and a button that begins a set; the thing to do where there is none yet."""
    st.text_input("Name", placeholder="My pictures", max_chars=keeping.LETTERS, key="new-set-name",
                         help=content.section("sets", "name.help"))  # fmt: skip

    def make() -> None:
        made = keeping.new(owner, st.session_state["new-set-name"])
        st.query_params.update({"set": made.id, "part": "bring"})

    kind: Literal["primary", "secondary"] = "primary" if first else "secondary"
    st.button("Begin a set", type=kind, key="new-set", on_click=guarded(make))


@st.cache_data(max_entries=4000, show_spinner=False)
def small(one_id: str, number: int) -> np.ndarray:
    """The preview of a picture, made smaller; grey where there is none."""
    one = keeping.read(one_id)
    try:
        if one is None:
            raise OSError
        with Image.open(keeping.preview_of(one, number), formats=("JPEG",)) as preview:
            made = preview.convert("RGB")
    except OSError:
        return np.full((SIDE, SIDE, 3), 128, np.uint8)
    made.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    return np.asarray(made)


def head(shown: Shown) -> None:
    """What the set is, in one line."""
    many = several(sum(sum(sides.values()) for sides in shown.now.counts().values()), "picture")
    classes = several(len(shown.now.classes), "class")
    words = {"name": plain(shown.one.name), "pictures": many, "classes": classes}
    st.markdown(content.section("sets", "head" if shown.kept else "head.empty", words))


def act(shown: Shown, step: dict[str, object]) -> None:
    """Do one step, from a button."""
    if jobs.look(shown.one) is not None:
        raise FtError("Pictures are still being taken in: wait until that is done, or call it off.")
    steps.take(shown.one.id, shown.one.owner, step)
