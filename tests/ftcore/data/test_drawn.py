"""The generated set: drawn at the network's side, by helpers if there is much of it, and anew when its code changes."""

from __future__ import annotations

import inspect
import shutil
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from ftcore.data import builtin, sets
from ftcore.data.sketchbook import draw
from tests.ftcore.data.laid_out import SMALL


@pytest.fixture
def few_sketches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builtin, "SKETCHES", {"train": 6, "val": 2, "test": 3})


def test_sketchbook_counts() -> None:
    summary = sets.summary("sketchbook")
    assert summary.classes == draw.CLASSES
    assert summary.counts == {"train": 5000, "val": 1000, "test": 1000}
    assert sets.summary("sketchbook", train_per_class=100).counts == {"train": 1000, "val": 1000, "test": 1000}


@pytest.mark.usefixtures("few_sketches")
def test_sketchbook_is_drawn_at_the_networks_side() -> None:
    made = sets.load("sketchbook", SMALL)
    assert made.val.images.shape == (20, 16, 16, 3)
    assert made.val.labels.tolist() == [label for label in range(10) for _ in range(2)]
    first = np.asarray(draw.draw(3, 1_000_001, 16).convert("RGB"))
    np.testing.assert_array_equal(made.val.images[7], first)
    assert made.val.names[7] == "cup-val-001"


@pytest.mark.parametrize("helpers", [2, 3])
def test_helpers_draw_the_same_in_the_same_order(monkeypatch: pytest.MonkeyPatch, helpers: int) -> None:
    plan = builtin.sketchbook_plan()
    items = plan.splits["test"][::91]
    alone = list(builtin._drawn(items, SMALL))
    monkeypatch.setattr(builtin, "_HELPERS", helpers)
    monkeypatch.setattr(builtin, "_WORTH_HELPERS", 1)
    assert len(items) == 11
    np.testing.assert_array_equal(list(builtin._drawn(items, SMALL)), alone)


def test_helpers_that_die_are_stood_in_for(monkeypatch: pytest.MonkeyPatch) -> None:
    items = builtin.sketchbook_plan().splits["test"][:4]
    alone = list(builtin._drawn(items, SMALL))
    monkeypatch.setattr(builtin, "_WORTH_HELPERS", 1)
    monkeypatch.setattr(sys, "executable", shutil.which("false") or sys.executable)
    np.testing.assert_array_equal(list(builtin._drawn(items, SMALL)), alone)


def test_sketchbook_splits_share_no_seed() -> None:
    splits = builtin.sketchbook_plan().splits
    seeds = [{item.where for item in items} for items in splits.values()]
    assert [len(group) for group in seeds] == [500, 100, 100]
    assert len(set.union(*seeds)) == 700
    drawings = [{int(item.where) % builtin._TAKE for item in items} for items in splits.values()]
    assert [len(group) for group in drawings] == [builtin.DRAWINGS, 100, 100]
    assert len(set.union(*drawings)) == builtin.DRAWINGS + 200


def test_the_first_hundred_of_a_class_are_different_drawings() -> None:
    first = builtin.sketchbook_plan().splits["train"][: builtin.DRAWINGS]
    assert len({int(item.where) % builtin._TAKE for item in first}) == builtin.DRAWINGS


@pytest.mark.usefixtures("few_sketches")
def test_changed_drawing_code_redraws(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    sets.load("sketchbook", SMALL)
    assert len(list((home / "data").iterdir())) == 3
    source = inspect.getsource
    monkeypatch.setattr(inspect, "getsource", lambda module: source(module) + "# changed")
    sets.load("sketchbook", SMALL)
    assert len(list((home / "data").iterdir())) == 6


@pytest.mark.usefixtures("few_sketches")
def test_what_is_still_to_be_drawn_is_known() -> None:
    missing = sum(sets.summary("sketchbook").counts.values())
    assert sets.to_draw("sketchbook", SMALL) == missing
    sets.load("sketchbook", SMALL)
    assert sets.to_draw("sketchbook", SMALL) == 0
    assert sets.to_draw("digits", SMALL) == 0
    assert sets.to_draw("/no/such/folder", SMALL) == 0


def test_drawing_modules_may_move_without_redrawing(monkeypatch: pytest.MonkeyPatch) -> None:
    before = builtin.sketchbook_plan().fingerprint
    source = inspect.getsource
    monkeypatch.setattr(
        inspect, "getsource", lambda module: "import math\nfrom a import (\n    b,\n)\n" + source(module)
    )
    assert builtin.sketchbook_plan().fingerprint == before


def test_every_drawing_module_counts() -> None:
    parts = {name.__module__ for name in vars(draw).values() if hasattr(name, "__module__")}
    read: list[str] = []
    with pytest.MonkeyPatch.context() as patch:

        def source(module: ModuleType) -> str:
            read.append(module.__name__)
            return ""

        patch.setattr(inspect, "getsource", source)
        builtin.sketchbook_plan()
    assert {part for part in parts if part and part.startswith("ftcore.")} <= set(read)
