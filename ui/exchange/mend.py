"""Mending by hand: the split, single pictures, and what was done so far, to be taken back."""

from __future__ import annotations

import streamlit as st

from course import content
from ftcore.data.own import steps
from ui.callbacks import guarded
from ui.exchange import look, shelf
from ui.exchange.shelf import Shown
from ui.widgets import choice, gallery
from ui.words import plain, several

PAGE = 24  # pictures of a page


def done(shown: Shown) -> None:
    """The steps so far, the last of them to be taken back."""
    one = shown.one
    if not one.steps:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button("Undo", icon=":material/undo:", key="undo", on_click=guarded(steps.undo), args=(one.id, one.owner),
                  help=content.section("sets", "undo.help"))  # fmt: skip
        st.markdown(f"{several(len(one.steps), 'step')}, the last: {plain(steps.told(one.steps[-1]), 120)}")
    if len(one.steps) > 1:
        with st.expander("All steps"):
            st.markdown("\n".join(f"{at}. {plain(steps.told(step), 120)}" for at, step in enumerate(one.steps, 1)))


def split(shown: Shown) -> None:
    """The set's own split, or one that is drawn by shares and a seed."""
    now = shown.now
    st.subheader("Split", anchor=False)
    st.caption(content.section("sets", "split"))
    if now.brings:
        names = {"own": "As the set brings it", "drawn": "Drawn anew"}
        choice.row("Split", list(names), format_func=names.__getitem__, default="own" if now.given else "drawn",
                   key=f"split-how-{now.given}", help=content.section("sets", "split.help"))  # fmt: skip
        asked = st.session_state.get(f"split-how-{now.given}")
        if asked == "own":
            if not now.given:
                st.button("Use the set's own", key="split-own", on_click=guarded(shelf.act),
                          args=(shown, {"do": "split", "how": "own"}))  # fmt: skip
            return
    least, most = steps.LEAST_SHARE, steps.MOST_SHARE
    limits = {"val": ("Validation, %", least, most), "test": ("Test, %", least, most), "seed": ("Seed", 0, 2**31 - 1)}
    now_is = {**now.shares, "seed": now.seed}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        for name, (label, low, high) in limits.items():
            said, value = content.section("sets", f"{name}.help"), now_is[name]
            st.number_input(label, low, high, value, 1, width=150, key=f"split-{name}-{value}", help=said)
        st.button("Draw the split", key="split-draw", on_click=guarded(_draw), args=(shown, now_is))


def _draw(shown: Shown, now_is: dict[str, int]) -> None:
    asked = {name: int(st.session_state[f"split-{name}-{value}"]) for name, value in now_is.items()}
    shelf.act(shown, {"do": "split", "how": "drawn", **asked})


def single(shown: Shown) -> None:
    """The pictures page by page: a click leaves one out."""
    now = shown.now
    st.subheader("Single pictures", anchor=False)
    st.caption(content.section("sets", "single"))
    label = st.selectbox("Class", now.classes, key="single-class", width=280)
    places = [at for at, one in enumerate(now.pictures) if one.label == label and not one.look.wrong]
    pages = -(-len(places) // PAGE)
    page = st.pagination(pages, max_visible_pages=5, key=f"single-{label}-{pages}") if pages > 1 else 1
    cells = [look.cell(shown, at) for at in places[(page - 1) * PAGE : page * PAGE]]
    if cells:
        gallery.draw(cells, f"Pictures of {label}", "single", on_pick=lambda name: shelf.act(
            shown, {"do": "leave", "pictures": [int(name)]}))  # fmt: skip
