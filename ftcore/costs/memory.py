"""What was measured on this machine, kept on disk by name.

A measurement of another machine, or of other versions, counts as none. Knows nothing about what is measured.
"""

from __future__ import annotations

import contextlib
import json
import math
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import torch

from ftcore.files import derived, home, whole
from ftcore.training.start import pick_device

_LOCK = threading.Lock()
_T = TypeVar("_T")


def kept(name: str, measure: Callable[[], Any], build: Callable[[Any], _T]) -> _T:
    """A measurement by name: from disk if this machine and these versions made it and `build` takes it, else new."""
    with _LOCK:
        remembered = derived(lambda: build(_read()[name]))
        return build(_keep(name, measure())[name]) if remembered is None else remembered


def known(name: str) -> Any:
    """What is kept under this name, as JSON had it; None without it."""
    return _read().get(name)


def change(name: str, how: Callable[[Any], Any]) -> None:
    """Keep what `how` makes of what was kept so far, which may be None."""
    with _LOCK:
        _keep(name, how(_read().get(name)))


def positive(value: Any) -> float:
    """A kept number of seconds, or a ratio of them; anything else raises `ValueError`."""
    if type(value) not in (int, float) or not 0 <= value < math.inf:
        raise ValueError("no measurement")
    return float(value)


def _file() -> Path:
    return home() / "machine.json"


def _about() -> str:
    return f"{pick_device().type} {torch.__version__} {torch.get_num_threads()} threads"


def _keep(name: str, value: Any) -> dict[str, Any]:
    everything, path = {**_read(), name: value}, _file()
    with contextlib.suppress(OSError):  # not kept on a full disk: measured again next time
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole(path) as file:
            file.write(json.dumps({"machine": _about(), "known": everything}, indent=1).encode())
    return everything


def _read() -> dict[str, Any]:
    return derived(lambda: _ours(json.loads(_file().read_bytes()))) or {}


def _ours(record: Any) -> dict[str, Any]:
    return dict(record["known"]) if record["machine"] == _about() else {}
