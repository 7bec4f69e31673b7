"""How a set looks: its classes with samples, and what is wrong, each with its pictures and a button that mends it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from course import content
from ftcore.data.check.findings import Finding
from ftcore.data.own import steps
from ftcore.data.splits import VERBS
from ftcore.network import backbones
from ui.callbacks import guarded
from ui.exchange import shelf
from ui.exchange.shelf import Shown
from ui.widgets import gallery
from ui.widgets.gallery import Cell
from ui.words import aside, plain, several

SAMPLES, CLASSES, GROUPS = 6, 24, 6


def classes(shown: Shown) -> None:
    """Each class with counts, some pictures, and what may be done to it."""
    counts = shown.now.counts()
    st.subheader("Classes", anchor=False)
    _sizes(shown)
    grid = st.grid(3, min_column_width=270, gap="small")
    for label in [*counts][:CLASSES]:
        with grid.cell(), st.container(border=True):
            _class(shown, label, counts[label])
    if len(counts) > CLASSES:
        st.caption(content.section("sets", "classes.more", {"more": several(len(counts) - CLASSES, "class")}))


def _sizes(shown: Shown) -> None:
    """How large the pictures are; large ones are read reduced, so that more than the least is true of them."""
    short = sorted(min(one.look.size) for one in shown.now.pictures if not one.look.wrong)
    sides = [backbones.preprocess(name).side for name in backbones.CATALOGUE]
    if short:
        values = {"least": f"{short[0]:,}", "half": f"{short[len(short) // 2]:,}", "least_side": min(sides)}
        st.caption(content.section("sets", "sizes", {**values, "most_side": max(sides)}))


def _class(shown: Shown, label: str, sides: Any) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"**{plain(label, 40)}**", width="content")
        with st.popover("Change"):
            _change(shown, label)
    said = ", ".join(f"{sides[side]:,} to {verb}" for side, verb in VERBS.items())
    st.caption(f"{several(sum(sides.values()), 'picture')}: {said}")
    mine = [at for at, one in enumerate(shown.now.pictures) if one.label == label and not one.look.wrong][:SAMPLES]
    if mine:
        gallery.draw([cell(shown, at, words=False) for at in mine], f"Pictures of {label}", f"class-{label}", wide=60)


def _change(shown: Shown, label: str) -> None:
    """Renaming, joining with another class, leaving out. What was typed is read when a button is pressed."""
    others = [name for name in shown.now.classes if name != label]

    def named(key: str) -> None:
        shelf.act(shown, {"do": "rename", "old": label, "new": str(st.session_state[key])})

    st.text_input("Name", label, key=f"name-{label}", max_chars=steps.LETTERS)
    st.button("Rename", key=f"rename-{label}", on_click=guarded(named), args=(f"name-{label}",))
    if others:
        st.selectbox("Another class", others, key=f"other-{label}", help=content.section("sets", "join.help"))
        st.button("Join them", key=f"join-{label}", on_click=guarded(named), args=(f"other-{label}",))
    st.button("Leave the class out", key=f"drop-{label}", on_click=guarded(shelf.act),
              args=(shown, {"do": "drop", "label": label}))  # fmt: skip


def cell(shown: Shown, at: int, *, words: bool = True) -> Cell:
    """One picture of the set by its place."""
    one, number = shown.now.pictures[at], shown.now.numbers[at]
    said = f"{aside(one.label)}, to {VERBS[one.split]}" if words else ""
    return Cell(str(number), shelf.small(shown.one.id, number), said, f"{one.path}, class {one.label}")


def findings(shown: Shown) -> None:
    """What is wrong, worst first."""
    found = shown.now.findings
    st.subheader("What to mend", anchor=False)
    if not found:
        st.success(content.section("sets", "nothing"))
        return
    for one in found:
        with st.container(border=True, key=f"finding-{one.kind.replace(' ', '-')}"):
            _trouble(shown, one)


def _trouble(shown: Shown, one: Finding) -> None:
    kind = one.kind.replace(" ", "-")
    st.markdown(f"**{plain(one.says, 300)}** {content.section('sets', f'mend.{kind}')}")
    if one.labels:
        _class_buttons(shown, one, kind)
        return
    with st.container(horizontal=True, gap="small"):
        for words, step in _cures(shown, one):
            st.button(words, key=f"{kind}-{words}", on_click=guarded(shelf.act), args=(shown, step))
    if one.kind == "unreadable":
        for group in one.groups[:GROUPS]:
            st.caption(plain(group[0], 200))
    else:
        for number, row in enumerate(_rows(one.places)):
            cells = [cell(shown, at) for at in row]
            gallery.draw(cells, f"{one.kind} {number + 1}", f"{kind}-{number}", on_pick=_leaver(shown))
    alone = all(len(group) == 1 for group in one.places) and one.kind != "unreadable"
    hidden = len(one.places) - (2 * GROUPS if alone else GROUPS)
    if hidden > 0:
        st.caption(content.section("sets", "groups.more", {"more": f"{hidden:,}"}))


def _rows(places: Sequence[Sequence[int]]) -> list[list[int]]:
    """Groups of pictures a row each; single ones in one row."""
    if all(len(group) == 1 for group in places):
        return [[group[0] for group in places][: 2 * GROUPS]]
    return [[*group] for group in places[:GROUPS]]


def _leaver(shown: Shown) -> Any:
    return lambda name: shelf.act(shown, {"do": "leave", "pictures": [int(name)]})


def _cures(shown: Shown, one: Finding) -> list[tuple[str, dict[str, object]]]:
    """The buttons of a finding: words, and the step behind them."""
    number = shown.now.numbers
    every = [number[at] for group in one.places for at in group]
    further = [number[at] for group in one.places for at in _spare(shown, group)]
    match one.kind:
        case "unreadable" | "small" | "long":
            return [("Leave it out" if len(every) == 1 else "Leave them out", {"do": "leave", "pictures": every})]
        case "twice":
            return [("Keep one of each", {"do": "leave", "pictures": further})]
        case "leak" | "nearly":
            return [
                ("One side for each", {"do": "together"}),
                ("Keep one of each", {"do": "leave", "pictures": further}),
            ]
        case _:
            return [*_sides(shown, one), ("Leave all of these out", {"do": "leave", "pictures": every})]


def _sides(shown: Shown, one: Finding) -> list[tuple[str, dict[str, object]]]:
    """Where all pictures of a finding are in the same two classes: keep the ones in either."""
    pictures, number = shown.now.pictures, shown.now.numbers
    places = [at for group in one.places for at in group]
    labels = sorted({pictures[at].label for at in places})
    if len(labels) != 2:
        return []
    what = "the one" if len(one.places) == 1 else "those"
    return [
        (
            f"Keep {what} in {plain(label, 30)}",
            {"do": "leave", "pictures": [number[at] for at in places if pictures[at].label != label]},
        )
        for label in labels
    ]


def _spare(shown: Shown, group: Sequence[int]) -> list[int]:
    """All of a group but one: of what is learned from, since that costs no measure."""
    first = min(group, key=lambda at: (shown.now.pictures[at].split != "train", at))
    return [at for at in group if at != first]


def _class_buttons(shown: Shown, one: Finding, kind: str) -> None:
    for label, group in zip(one.labels, one.groups, strict=True):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(plain(group[0], 120), width="content")
            if one.kind in ("too few", "few"):
                st.button("Leave the class out", key=f"{kind}-drop-{label}",
                          on_click=guarded(shelf.act), args=(shown, {"do": "drop", "label": label}))  # fmt: skip
