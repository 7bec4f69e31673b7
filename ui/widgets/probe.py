"""The network's input under the pointer: each pixel's three numbers before and after normalisation."""

from __future__ import annotations

import numpy as np

from course import content
from ftcore.preprocess import Preprocess
from ui.widgets import component, pixels

_HEADS = ("channel", "byte", "÷ 255", "mean", "spread", "input")
_ROW = "<tr><td>{}</td><td></td><td></td><td></td><td></td><td></td></tr>"
_probe = component.declare(
    "probe",
    (
        '<div class="probe"><div class="sheet" role="img" tabindex="0"><canvas></canvas><div class="mark"></div></div>'
        f'<table><caption aria-live="polite"></caption><thead><tr>{"".join(f"<th>{h}</th>" for h in _HEADS)}</tr></thead>'
        f"<tbody>{''.join(_ROW.format(c) for c in ('red', 'green', 'blue'))}</tbody></table></div>"
    ),
)


def draw(image: np.ndarray, preprocess: Preprocess, key: str) -> None:
    """Show an image uint8 [side, side, 3] large; point at a pixel, or move with the arrow keys."""
    data = {
        "src": pixels.address(image),
        "side": len(image),
        "mean": preprocess.mean,
        "std": preprocess.std,
        "alt": content.section("trace", "input.alt", {"side": len(image)}),
    }
    _probe(key=key, data=data)
