"""Choosing the picture to trace: from the validation images, from a file, from the camera, or drawn by hand.

What comes from outside is read by the engine's picture reader and kept in this session's memory only.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from course import content
from ftcore.analysis import trace
from ftcore.data import pictures
from ftcore.errors import FtError
from ftcore.network import backbones
from ftcore.settings import RunSettings
from ui import address, callbacks
from ui.callbacks import guarded
from ui.engine import networks
from ui.engine.networks import Which
from ui.picture import browse
from ui.widgets import choice, component, pad
from ui.words import as_markdown, percent, plain

SOURCES = {"set": "From the set", "upload": "Upload", "camera": "Camera", "draw": "Draw"}
FIRST = 3  # classes of the answer beside an own picture
SMALL = 640  # pixels of the longer side that an original is kept at, to be shown
MOST = pictures.MAX_BYTES // 2**20
_PLACE, _TURN = "picture", "thaw_picture_turn"
_secure = component.declare("secure")


@dataclass(frozen=True)
class Picture:
    """A picture as it came (uint8 RGB, made smaller if large) and as the network gets it; its class if known."""

    name: str
    original: np.ndarray
    image: np.ndarray
    truth: str = ""


@dataclass(frozen=True)
class Kept:
    """An own picture as this session keeps it: small, and prepared for each kind of network; a drawing's own bytes."""

    name: str
    original: np.ndarray
    images: dict[tuple[int, int, str], np.ndarray]
    data: bytes = b""


def source() -> str:
    """Where the picture comes from, by the address."""
    wanted = st.query_params.get("pick", "")
    return wanted if wanted in SOURCES else "set"


def choose(settings: RunSettings, which: Which, classes: tuple[str, ...]) -> Picture | None:
    """The controls, and the picture that is chosen now."""
    now = source()
    ties = address.widget("pick-source", now, lambda picked: st.query_params.update({"pick": picked or "set"}))
    choice.row(
        "Picture", list(SOURCES), format_func=SOURCES.__getitem__,
        help=content.section("trace", "source.help"), **ties,
    )  # fmt: skip
    if now == "set":
        return _from_set(settings, which, classes)
    callbacks.tell(_PLACE)
    with callbacks.told():
        left, right = st.columns(2, gap="medium")
        with left:
            kept = _drawn() if now == "draw" else _taken(now)
            st.caption(content.section("trace", "pictures.own"))
        if kept is None:
            return None
        picture = Picture(kept.name, kept.original, _suited(kept, which))
        if classes:
            with right:
                _answer(picture, which, classes)
        return picture
    return None


def _suited(kept: Kept, which: Which) -> np.ndarray:
    """An own picture as this network gets it; for one that no catalogue names, made of what is kept to be shown."""
    wanted = backbones.preprocess(which.backbone)
    known = kept.images.get(wanted.kind)
    return known if known is not None else pictures.prepare(Image.fromarray(kept.original), wanted)


def _pictures() -> dict[str, Kept]:
    """The own pictures of this session, one of each source."""
    pictures: dict[str, Kept] = st.session_state.setdefault("thaw_pictures", {})
    return pictures


def _taken(now: str) -> Kept | None:
    """The uploaded file or the photo: kept until another is wanted, so a change of page does not lose it."""
    if picture := _pictures().get(now):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{plain(picture.name)}**", width="content")
            again = "Choose another" if now == "upload" else "Take another"
            st.button(again, key=f"trace-again-{now}", on_click=guarded(_pictures().pop), args=(now,))
        return picture
    key = f"trace-{now}-{st.session_state.get(_TURN, 0)}"
    ties: dict[str, Any] = {"key": key, "on_change": guarded(_take, _PLACE), "args": (now, key)}
    if now == "upload":
        words = content.section("trace", "upload.help", {"kinds": pictures.KINDS, "most": MOST})
        st.file_uploader("A picture", help=words, max_upload_size=MOST, **ties)  # any kind: the reader says what it is
    elif _came_safely() is False:
        st.info(content.section("trace", "camera.insecure"))
    else:
        st.camera_input("Photo", help=content.section("trace", "camera.help"), **ties)
    return None


def _came_safely() -> bool | None:
    """Does the browser trust this page enough to lend it the camera? None until it has answered."""
    told = st.session_state.get("thaw_secure")
    mounted = _secure(key="trace-secure", data={"told": told}, on_secure_change=guarded(lambda: None))
    answer: bool | None = mounted.get("secure", told)
    st.session_state["thaw_secure"] = answer
    return answer


def _take(now: str, key: str) -> None:
    """Read what has arrived once and let go of its bytes: the server would hold them as long as the session.

    A click that comes before the browser has heard of that sends the file again, which is gone by then.
    """
    file = st.session_state[key]
    if not isinstance(file, UploadedFile):
        return
    st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1  # the next one gets a fresh widget
    try:
        _pictures()[now] = read(file.getvalue(), file.name if now == "upload" else "photo")
    finally:
        context = get_script_run_ctx()
        if context is not None and isinstance(context.uploaded_file_mgr, MemoryUploadedFileManager):
            context.uploaded_file_mgr.remove_file(context.session_id, file.file_id)


def _drawn() -> Kept | None:
    """What is on the pad; the last drawing is there again after a change of page."""
    before = _pictures().get("draw")
    data = pad.draw("trace-pad", before.data if before is not None else b"")
    if data is not None and (before is None or before.data != data):
        _pictures()["draw"] = dataclasses.replace(read(data, "drawing"), data=data)
    return _pictures().get("draw")


def read(data: bytes, name: str) -> Kept:
    """A picture made small to be shown, and as each network of the catalogue gets it."""
    picture = pictures.read_picture(data, name)
    kinds = {p.kind: p for p in map(backbones.preprocess, backbones.CATALOGUE)}
    images = {kind: pictures.prepare(picture, p, name) for kind, p in kinds.items()}
    picture.thumbnail((SMALL, SMALL), Image.Resampling.LANCZOS)
    return Kept(name, np.asarray(picture), images)


def _from_set(settings: RunSettings, which: Which, classes: tuple[str, ...]) -> Picture | None:
    """One of the validation images, or why there are none."""
    try:
        images = networks.images(settings)
    except FtError as error:
        st.markdown(content.section("trace", "pictures.gone", {"said": as_markdown(error)}))
        return None
    if images is None:
        st.markdown(content.section("trace", "pictures.none"))
        return None
    at = browse.number(images, classes, networks.chances(which, settings) if which.run else None)
    st.caption(content.section("trace", "pictures.set"))
    picture = np.array(images.val.images[at])
    (image,) = networks.suited(which, settings, picture[None])
    return Picture(f"validation image {at + 1}", picture, image, images.classes[int(images.val.labels[at])])


def _answer(picture: Picture, which: Which, classes: tuple[str, ...]) -> None:
    """What the network says, beside what was drawn, taken or uploaded."""
    p = trace.columns(networks.trace_of(which, picture.image).logits).probabilities
    best = [int(label) for label in np.argsort(-p)[:FIRST]]
    st.markdown(content.section("trace", "answer", {"label": plain(classes[best[0]])}))
    for label in best:
        st.progress(float(p[label]), text=f"{plain(classes[label])} {percent(float(p[label]))}")
