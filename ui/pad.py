"""A drawing pad. What comes from it is checked like any other picture from outside."""

from __future__ import annotations

import base64
import binascii

from ftcore.settings import FtError
from ui import component

_HEAD = "data:image/png;base64,"
MAX_LETTERS = 4_000_000
_pad = component.declare(
    "pad",
    '<div class="pad"></div>',
)


def draw(key: str) -> bytes | None:
    """Draw the pad; gives the picture as PNG bytes after the first stroke. Raises `FtError` for anything else."""
    found = _pad(key=key, on_drawing_change=lambda: None).get("drawing")
    return decoded(found) if found else None


def decoded(address: object) -> bytes:
    """The bytes in a PNG data address from the browser."""
    if not isinstance(address, str) or not address.startswith(_HEAD) or len(address) > MAX_LETTERS:
        raise FtError("The drawing did not arrive as a picture: clear the pad and draw again.")
    try:
        return base64.b64decode(address[len(_HEAD) :], validate=True)
    except binascii.Error as error:
        raise FtError("The drawing arrived damaged: clear the pad and draw again.") from error
