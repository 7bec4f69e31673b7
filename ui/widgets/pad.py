"""A drawing pad. What comes from it is checked like any other picture from outside."""

from __future__ import annotations

import base64
import binascii

import streamlit as st

from ftcore.errors import FtError
from ui.callbacks import guarded
from ui.widgets import component

_HEAD = "data:image/png;base64,"
MAX_LETTERS = 4_000_000
_pad = component.declare(
    "pad",
    '<div class="pad"></div>',
)


def draw(key: str, start: bytes = b"") -> bytes | None:
    """Draw the pad; gives the picture as PNG bytes after the first stroke. Raises `FtError` for anything else.

    A pad that is drawn anew begins with the PNG `start`.
    """
    fresh = not st.session_state.get(key, {}).get("drawing")
    data = {"start": _HEAD + base64.b64encode(start).decode() if start and fresh else ""}
    drawing = _pad(key=key, data=data, on_drawing_change=guarded(lambda: None)).get("drawing")
    return decoded(drawing) if drawing else None


def decoded(address: object) -> bytes:
    """The bytes in a PNG data address from the browser."""
    if not isinstance(address, str) or not address.startswith(_HEAD) or len(address) > MAX_LETTERS:
        raise FtError("The drawing did not arrive as a picture: clear the pad and draw again.")
    try:
        return base64.b64decode(address[len(_HEAD) :], validate=True)
    except binascii.Error as error:
        raise FtError("The drawing arrived damaged: clear the pad and draw again.") from error
