"""Files of recorded numbers that lie beside the texts: an entry a line, so that a change of one shows as one.

This module knows nothing about what the numbers are of.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ftcore.files import whole

DIGITS = 5


def rounded(value: Any) -> Any:
    """The same with every number cut to five decimals; smaller ones, and what is no number, stay as they are."""
    if isinstance(value, Mapping):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(item) for item in value]
    return round(value, DIGITS) if isinstance(value, float) and abs(value) >= 10**-DIGITS else value


def write(path: Path, entries: Mapping[str, Any]) -> None:
    """Write the file, whole or not at all."""
    lines = ",\n".join(f' "{name}": {json.dumps(rounded(entry))}' for name, entry in entries.items())
    with whole(path) as file:
        file.write(f"{{\n{lines}\n}}\n".encode())
