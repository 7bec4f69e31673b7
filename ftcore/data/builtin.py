"""The two sets that need no download: drawings made by code, and scikit-learn's handwritten digits.

Knows nothing about files or how prepared images are kept.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import hashlib
import inspect
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

import numpy as np
from PIL import Image

from ftcore.data.sketchbook import draw
from ftcore.data.splits import TEST_SHARE, VAL_SHARE, Item, Plan, hold_out, shuffled
from ftcore.files import ROOT
from ftcore.preprocess import Preprocess

SKETCHES = {"train": 500, "val": 100, "test": 100}  # of each class
DRAWINGS = 100  # different ones of each class to learn from, each photographed five times; all others once
_TAKE = 10_000_000  # added to a drawing's seed for each further photograph of it
_FIRST_SEED = {"train": 0, "val": 1_000_000, "test": 2_000_000}
_HELPERS = min(4, os.cpu_count() or 1)
_WORTH_HELPERS = 300 if _HELPERS > 1 else sys.maxsize  # drawings; fewer are drawn before a process has started


def sketchbook_plan() -> Plan:
    """The drawings. A picture is drawn at the network's side, not resized; changed drawing code gives a new set."""
    splits = {
        split: tuple(
            Item(
                label,
                f"{name}-{split}-{number:03d}",
                _FIRST_SEED[split] + number % DRAWINGS + number // DRAWINGS * _TAKE,
            )
            for label, name in enumerate(draw.CLASSES)
            for number in range(count)
        )
        for split, count in SKETCHES.items()
    }

    def row(item: Item, preprocess: Preprocess) -> np.ndarray:
        return _draw(item.label, int(item.where), preprocess.side)

    return Plan("Sketchbook", tuple(draw.CLASSES), splits, _drawing_code(), row, _drawn)


def _drawn(items: Sequence[Item], preprocess: Preprocess) -> Iterator[np.ndarray]:
    """The drawings of `items` in order, made by several processes at once: drawing holds Python's global lock."""
    side = preprocess.side
    helpers = [] if len(items) < _WORTH_HELPERS else [_Helper(items[k::_HELPERS], side) for k in range(_HELPERS)]
    try:
        for number, item in enumerate(items):
            row = helpers[number % _HELPERS].row(side) if helpers else None
            yield _draw(item.label, int(item.where), side) if row is None else row
    finally:
        for helper in helpers:
            helper.close()


def drawing_seconds(side: int) -> float:
    """Seconds for one drawing of a large set on this machine, measured now on two of each class."""
    start = time.perf_counter()
    for label in range(len(draw.CLASSES)):
        _draw(label, 1, side)
        _draw(label, 2, side)
    return (time.perf_counter() - start) / (2 * len(draw.CLASSES)) / _HELPERS


def _draw(label: int, seed: int, side: int) -> np.ndarray:
    return np.array(draw.draw(label, seed % _TAKE, side, seed // _TAKE).convert("RGB"))


class _Helper:
    """A process that draws: gets its orders at once, gives raw rows. One that fails gives None from then on."""

    def __init__(self, items: Sequence[Item], side: int) -> None:
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        command = [sys.executable, "-m", "ftcore.data.builtin", str(side)]
        self.process = subprocess.Popen(  # noqa: S603  nothing in it comes from outside
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path}
        )
        assert self.process.stdin is not None
        with contextlib.suppress(OSError):
            self.process.stdin.write("".join(f"{item.label} {item.where}\n" for item in items).encode())
            self.process.stdin.close()

    def row(self, side: int) -> np.ndarray | None:
        """The next drawing, uint8 [side, side, 3]."""
        assert self.process.stdout is not None
        data = self.process.stdout.read(side * side * 3)
        return np.frombuffer(data, np.uint8).reshape(side, side, 3) if len(data) == side * side * 3 else None

    def close(self) -> None:
        """End the process, whether it is done or not."""
        self.process.kill()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.process.wait()


def _draw_orders() -> None:
    """What a helper does: read all orders, then write one drawing after another until nobody reads them."""
    orders = [tuple(map(int, line.split())) for line in sys.stdin.read().splitlines()]
    with contextlib.suppress(BrokenPipeError):
        for label, seed in orders:
            sys.stdout.buffer.write(_draw(label, seed, int(sys.argv[1])).tobytes())
        sys.stdout.buffer.flush()


def _drawing_code() -> str:
    """A hash of the code of `draw` and of every module of this package that it draws with, imports left out.

    Where a module lies and in which order it imports changes no drawing.
    """
    todo, seen = [draw.__name__], set[str]()
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            values = vars(sys.modules[name]).values()
            used = {value.__name__ if inspect.ismodule(value) else getattr(value, "__module__", "") for value in values}
            todo.extend(other for other in used if str(other).startswith("ftcore."))
    sources = sorted(_without_imports(inspect.getsource(sys.modules[name])) for name in seen)
    return hashlib.sha256("\n".join(sources).encode()).hexdigest()


@functools.cache  # parsing takes longer than all else that a plan of this set needs
def _without_imports(source: str) -> str:
    imports = [node for node in ast.parse(source).body if isinstance(node, ast.Import | ast.ImportFrom)]
    left_out = {at for node in imports for at in range(node.lineno, (node.end_lineno or node.lineno) + 1)}
    return "\n".join(line for at, line in enumerate(source.split("\n"), 1) if line and at not in left_out)


def digits_plan(seed: int) -> Plan:
    """Scikit-learn's scans of 8 x 8 grey pixels, enlarged smoothly to the network's side without cutting."""
    from sklearn.datasets import load_digits  # imported here: it takes a second that other sets need not spend

    scans, labels = load_digits(return_X_y=True)
    grey = np.round(scans.reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)
    items = [Item(int(label), f"scan-{number:04d}", number) for number, label in enumerate(labels)]
    train, val, test = hold_out(shuffled(items, seed), [VAL_SHARE, TEST_SHARE])

    def row(item: Item, preprocess: Preprocess) -> np.ndarray:
        scan = Image.fromarray(grey[int(item.where)])
        return np.array(scan.resize((preprocess.side, preprocess.side), Image.Resampling.BICUBIC).convert("RGB"))

    classes = tuple(str(digit) for digit in range(10))
    splits = {"train": train, "val": val, "test": test}
    return Plan("Digits", classes, splits, hashlib.sha256(grey.tobytes()).hexdigest(), row)


if __name__ == "__main__":
    _draw_orders()
