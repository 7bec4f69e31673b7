"""Choosing the picture to trace: from the validation images, from a file, from the camera, or drawn by hand.

What comes from outside is read by the engine's picture reader and kept in this session's memory only.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import dataclass

import numpy as np
import streamlit as st
from PIL import Image

from ftcore import backbones, content, pictures
from ftcore.datasets import ImageSet
from ftcore.settings import FtError, RunSettings
from ui import gallery, pad, state, traced
from ui.gallery import Cell
from ui.theme import percent, plain
from ui.traced import Which

SOURCES = {"set": "From the set", "upload": "Upload", "camera": "Camera", "draw": "Draw"}
KINDS = {"right": "Right", "wrong": "Wrong", "unsure": "Unsure"}
SHOWN = 8
SMALL = 640  # pixels of the longer side that an original is kept at, to be shown


@dataclass(frozen=True)
class Picture:
    """A picture as it came (uint8 RGB, made smaller if large) and as the network gets it; its class if known."""

    name: str
    original: np.ndarray
    image: np.ndarray
    truth: str = ""


def source() -> str:
    """Where the picture comes from, by the address."""
    found = st.query_params.get("pick", "")
    return found if found in SOURCES else "set"


def choose(chosen: RunSettings, images: ImageSet | None, which: Which, classes: tuple[str, ...]) -> Picture | None:
    """The controls, and the picture that is chosen now."""
    now = source()
    ties = state.widget("pick-source", now, lambda picked: st.query_params.update({"pick": picked or "set"}))
    st.segmented_control(
        "Picture", list(SOURCES), format_func=SOURCES.__getitem__, required=True,
        help="A validation image, a file of yours, a photo from your camera, or a drawing.", **ties,
    )  # fmt: skip
    if now == "set":
        return _from_set(chosen, images, which, classes)
    try:
        data, name = _outside(now)
        if data is None:
            return None
        return _prepared(data, name, chosen)
    except FtError as error:
        st.error(plain(str(error), 400))
        return None


def _outside(now: str) -> tuple[bytes | None, str]:
    """The bytes of an own picture and its name, once there are some."""
    if now == "draw":
        data = pad.draw("trace-pad")
        st.caption(content.section("trace", "pictures.own"))
        return data, "drawing"
    if now == "camera":
        file = st.camera_input("Photo", key="trace-camera", help="The photo goes to this server's memory, no further.")
    else:
        kinds = sorted(ending.removeprefix(".") for ending in pictures.ENDINGS)
        most = pictures.MAX_BYTES // 2**20
        words = f"{pictures.KINDS}, up to {most} MB."
        file = st.file_uploader("A picture", type=kinds, key="trace-upload", help=words, max_upload_size=most)
    st.caption(content.section("trace", "pictures.own"))
    return (file.getvalue(), file.name) if file is not None else (None, "")


def _prepared(data: bytes, name: str, chosen: RunSettings) -> Picture:
    """Read the bytes once; the same bytes again come from the session."""
    digest = hashlib.sha256(data + chosen.backbone.encode()).hexdigest()
    held: tuple[str, Picture] | None = st.session_state.get("trace-picture")
    if held is not None and held[0] == digest:
        return held[1]
    picture = pictures.read_picture(data, name)
    image = pictures.prepare(picture, backbones.preprocess(chosen.backbone), name)
    picture.thumbnail((SMALL, SMALL), Image.Resampling.LANCZOS)
    made = Picture(name, np.asarray(picture), image)
    st.session_state["trace-picture"] = digest, made
    return made


def _from_set(
    chosen: RunSettings, images: ImageSet | None, which: Which, classes: tuple[str, ...]
) -> Picture | None:  # fmt: skip
    """A row of validation images to choose from: right, wrong and unsure ones of a tuned network."""
    if images is None:
        st.markdown(content.section("trace", "pictures.none"))
        return None
    chances = traced.chances(which, chosen.to_json()) if which.run else None
    kinds = sorted_out(chances, images.val.labels) if chances is not None else {}
    if kinds:
        counts = {kind: len(found) for kind, found in kinds.items()}
        kind = st.segmented_control(
            "Which", list(KINDS), default="right", required=True, key="trace-kind", label_visibility="collapsed",
            format_func=lambda k: f"{KINDS[k]} ({counts[k]})",
            help="Unsure: the tenth with the lowest largest probability, right or wrong.",
        )  # fmt: skip
        shown = kinds[kind][:SHOWN]
    else:
        shown = [int(at) for at in np.linspace(0, len(images.val) - 1, SHOWN)]
    if not shown:
        st.caption("There is none of this kind among the validation images.")
        shown = kinds["right"][:SHOWN] or kinds["wrong"][:SHOWN]
    at = asked(len(images.val))
    at = shown[0] if at is None else at
    cells = [_cell(images, number, classes, chances) for number in shown]
    gallery.draw(
        cells, "Validation images", "trace-picks", chosen=f"val-{at}", on_pick=lambda i: st.query_params.update(pick=i)
    )
    st.caption(content.section("trace", "pictures.set"))
    picture = np.array(images.val.images[at])
    return Picture(f"validation image {at + 1}", picture, picture, images.classes[int(images.val.labels[at])])


def asked(count: int) -> int | None:
    """The validation image named in the address, if there is one of that number."""
    found = re.fullmatch(r"val-(\d{1,9})", st.query_params.get("pick", ""))
    return int(found[1]) if found and int(found[1]) < count else None


def sorted_out(chances: np.ndarray, labels: np.ndarray) -> dict[str, list[int]]:
    """Image numbers: right ones, spread over the classes; wrong ones, the most certain first; the least sure ones."""
    guess, sure = chances.argmax(1), chances.max(1)
    right = [int(i) for i in np.flatnonzero(guess == labels)]
    wrong = [int(i) for i in np.flatnonzero(guess != labels)]
    seen: Counter[int] = Counter()
    turn = {}
    for i in right:
        turn[i] = seen[int(labels[i])]
        seen[int(labels[i])] += 1
    return {
        "right": sorted(right, key=lambda i: (turn[i], labels[i])),
        "wrong": sorted(wrong, key=lambda i: -sure[i]),
        "unsure": [int(i) for i in np.argsort(sure, kind="stable")[: max(1, len(sure) // 10)]],
    }


def _cell(images: ImageSet, at: int, classes: tuple[str, ...], chances: np.ndarray | None) -> Cell:
    truth = images.classes[int(images.val.labels[at])]
    words = truth
    if chances is not None:
        guess = int(chances[at].argmax())
        sure = percent(float(chances[at, guess]))
        words = f"{'' if classes[guess] == truth else f'{truth} → '}{classes[guess]} {sure}"
    return Cell(f"val-{at}", np.array(images.val.images[at]), words, f"Validation image {at + 1}, class {truth}")
