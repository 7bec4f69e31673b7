"""Your data: own pictures brought in, looked at, mended, tuned on, kept."""

from __future__ import annotations

import streamlit as st

from course import content
from ui import address
from ui.exchange import bring, keep, look, mend, sample, shelf, tune
from ui.exchange.shelf import Shown
from ui.frame import nav, page
from ui.widgets import choice, phone

PARTS = {"bring": "1 Bring", "look": "2 Mend", "tune": "3 Tune", "keep": "4 Keep"}

nav.guard()


def main() -> None:
    """Which set, and the part of the page that the address names."""
    _, _, owner = page.begin("your_data")
    shelf.sweep()
    st.title("Your data")
    with phone.fold("What this page is for", "intro"):
        st.markdown(content.section("sets", "intro"))
    one = shelf.choose(owner)
    if one is None:
        _nothing(owner)
        return
    shown = shelf.show(one)
    shelf.head(shown)
    part = _part(shown)
    if part == "bring":
        bring.draw(shown)
    elif not shown.kept:
        st.info(content.section("sets", "empty"))
    elif part == "look":
        mend.done(shown)
        look.findings(shown)
        look.classes(shown)
        mend.split(shown)
        mend.single(shown)
    elif part == "tune":
        settings = tune.draw(shown)
        if settings is not None:
            page.start(settings, owner, "train_live")
    else:
        keep.draw(shown)


def _part(shown: Shown) -> str:
    asked = st.query_params.get("part", "")
    now = asked if asked in PARTS else "look" if shown.kept else "bring"
    ties = address.widget("own-part", now, lambda picked: st.query_params.update({"part": picked}))
    choice.row(
        "Part", list(PARTS), format_func=PARTS.__getitem__, label_visibility="collapsed",
        help=content.section("sets", "part.help"), **ties,
    )  # fmt: skip
    return now


def _nothing(owner: str) -> None:
    """An empty page says what to bring, and has a small zip to try."""
    with st.container(border=True):
        st.markdown(content.section("sets", "none"))
        shelf.begin(owner)
        sample.offer()


with page.errors():
    main()
