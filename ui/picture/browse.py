"""The validation images to choose from: by how the network does on them, by class, and page by page."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import streamlit as st

from course import content
from ftcore.data.sets import ImageSet
from ui.widgets import choice, gallery, phone
from ui.widgets.gallery import Cell
from ui.words import aside, count, percent

KINDS = {"right": "Right", "wrong": "Wrong", "unsure": "Unsure"}
EVERY = -1  # stands for all classes
SHOWN = 8
PAGES = 5  # numbers of pages to choose among: as many as a phone has room for


def number(images: ImageSet, classes: tuple[str, ...], chances: np.ndarray | None) -> int:
    """Draw the controls and one page of images; gives the image that the address names, else the page's first.

    `chances` are the probabilities [images, classes] of a tuned network: with them the images are sorted out.
    """
    with phone.fold("Which pictures", "which"), st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        listed = _of_kind(images, chances)
        label = _of_class(images)
    if label != EVERY:
        listed = [at for at in listed if images.val.labels[at] == label]
    if not listed:
        st.caption(content.section("trace", "kind.none"))
        listed = spread(images.val.labels)
    shown = _page(listed, f"{st.session_state.get('trace-kind')}-{label}")
    asked = named(len(images.val))
    at = shown[0] if asked is None else asked
    cells = [_cell(images, one, classes, chances) for one in shown]
    gallery.draw(
        cells, "Validation images", "trace-picks", chosen=f"val-{at}", on_pick=lambda i: st.query_params.update(pick=i)
    )
    return at


def _of_kind(images: ImageSet, chances: np.ndarray | None) -> list[int]:
    if chances is None:
        return spread(images.val.labels)
    kinds = sorted_out(chances, images.val.labels)
    kind = choice.row(
        "Which", list(KINDS), default="right", key="trace-kind",
        format_func=lambda k: f"{KINDS[k]} ({count(len(kinds[k]))})",
        help=content.section("trace", "kind.help"),
    )  # fmt: skip
    return kinds[kind]


def _of_class(images: ImageSet) -> int:
    names = dict(enumerate(images.classes))
    picked: int = st.selectbox(
        "Class", [EVERY, *names], format_func=lambda label: names.get(label, "All classes"), width=220,
        key="trace-class", help=content.section("trace", "only.help"),
    )  # fmt: skip
    return picked


def _page(listed: list[int], key: str) -> list[int]:
    pages = -(-len(listed) // SHOWN)
    page = st.pagination(pages, max_visible_pages=PAGES, key=f"trace-page-{key}-{pages}") if pages > 1 else 1
    return listed[(page - 1) * SHOWN : page * SHOWN]


def named(images: int) -> int | None:
    """The validation image named in the address, if there is one of that number."""
    match = re.fullmatch(r"val-(\d{1,9})", st.query_params.get("pick", ""))
    return int(match[1]) if match and int(match[1]) < images else None


def spread(labels: np.ndarray, numbers: np.ndarray | None = None) -> list[int]:
    """Image numbers, all of them or these, one of each class in turn."""
    seen: Counter[int] = Counter()
    turn = {}
    for at in range(len(labels)) if numbers is None else map(int, numbers):
        turn[at] = seen[int(labels[at])]
        seen[int(labels[at])] += 1
    return sorted(turn, key=lambda at: (turn[at], labels[at]))


def sorted_out(chances: np.ndarray, labels: np.ndarray) -> dict[str, list[int]]:
    """Image numbers: right ones, spread over the classes; wrong ones, the most certain first; the least sure ones."""
    guess, sure = chances.argmax(1), chances.max(1)
    wrong = [int(i) for i in np.flatnonzero(guess != labels)]
    return {
        "right": spread(labels, np.flatnonzero(guess == labels)),
        "wrong": sorted(wrong, key=lambda i: -sure[i]),
        "unsure": [int(i) for i in np.argsort(sure, kind="stable")[: max(1, len(sure) // 10)]],
    }


def _cell(images: ImageSet, at: int, classes: tuple[str, ...], chances: np.ndarray | None) -> Cell:
    truth = images.classes[int(images.val.labels[at])]
    words = aside(truth)
    if chances is not None:
        guess = int(chances[at].argmax())
        sure = percent(float(chances[at, guess]))
        words = f"{'' if classes[guess] == truth else f'{words} → '}{aside(classes[guess])} {sure}"
    return Cell(f"val-{at}", np.array(images.val.images[at]), words, f"Validation image {at + 1}, class {truth}")
