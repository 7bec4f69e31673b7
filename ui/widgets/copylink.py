"""A button that copies the page's address. Where the browser keeps its clipboard shut, it shows the address instead."""

from __future__ import annotations

from ui.widgets import component

_copylink = component.declare(
    "copylink",
    '<button type="button"></button><input type="text" readonly hidden aria-label="The address of this page">'
    '<div role="status"></div>',
)


def draw(label: str, copied: str) -> None:
    """Draw it; `copied` is said and read aloud once the address is in the clipboard."""
    _copylink(key="copylink", data={"label": label, "copied": copied})
