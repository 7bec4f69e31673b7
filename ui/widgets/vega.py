"""Chart templates in `assets/`: Vega-Lite with `$name` where a value of the run belongs.

Everything about a chart's looks stands in its template; the data goes beside it, so that the standing chart takes it in.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "assets"


def spec(template: str, **values: Any) -> dict[str, Any]:
    """The template `assets/<template>.json` with every `$name` replaced by its value; a name without one is a fault."""
    filled = _filled(json.loads(_text(template)), values)
    assert isinstance(filled, dict)
    return filled


@functools.cache
def _text(template: str) -> str:
    return (FOLDER / f"{template}.json").read_text("utf-8")


def _filled(part: Any, values: dict[str, Any]) -> Any:
    if isinstance(part, dict):
        return {key: _filled(item, values) for key, item in part.items()}
    if isinstance(part, list):
        return [_filled(item, values) for item in part]
    return values[part[1:]] if isinstance(part, str) and part.startswith("$") else part
