"""The two sets that need no download: drawings made by code, and scikit-learn's handwritten digits.

Knows nothing about files or how prepared images are kept.
"""

from __future__ import annotations

import hashlib
import inspect
import sys

import numpy as np
from PIL import Image

from ftcore import sketchbook
from ftcore.plans import TEST_SHARE, VAL_SHARE, Item, Plan, hold_out, shuffled
from ftcore.settings import Preprocess

SKETCHES = {"train": 500, "val": 100, "test": 100}  # of each class
_FIRST_SEED = {"train": 0, "val": 1_000_000, "test": 2_000_000}


def sketchbook_plan() -> Plan:
    """The drawings. A picture is drawn at the network's side, not resized; changed drawing code gives a new set."""
    splits = {
        split: tuple(
            Item(label, f"{name}-{split}-{number:03d}", _FIRST_SEED[split] + number)
            for label, name in enumerate(sketchbook.CLASSES)
            for number in range(count)
        )
        for split, count in SKETCHES.items()
    }

    def row(item: Item, preprocess: Preprocess) -> np.ndarray:
        return np.array(sketchbook.draw(item.label, int(item.where), preprocess.side).convert("RGB"))

    return Plan("Sketchbook", tuple(sketchbook.CLASSES), splits, _drawing_code(), row, threads=False)


def _drawing_code() -> str:
    """A hash of the source of `sketchbook` and of every module of this package that it draws with."""
    todo, seen = [sketchbook.__name__], set[str]()
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            values = vars(sys.modules[name]).values()
            used = {value.__name__ if inspect.ismodule(value) else getattr(value, "__module__", "") for value in values}
            todo.extend(other for other in used if str(other).startswith("ftcore."))
    source = "\n".join(inspect.getsource(sys.modules[name]) for name in sorted(seen))
    return hashlib.sha256(source.encode()).hexdigest()


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
    return Plan("Digits", classes, splits, hashlib.sha256(grey.tobytes()).hexdigest(), row, threads=False)
