"""The catalogue, `load` and `summary` through all kinds of sets."""

from __future__ import annotations

import inspect
import shutil
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from ftcore import builtin, caches, datasets, prepared, sketchbook
from ftcore.settings import FtError, Preprocess

TINY = Preprocess(16, 18, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("THAW_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def few_sketches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builtin, "SKETCHES", {"train": 6, "val": 2, "test": 3})


def test_catalogue_is_explained() -> None:
    assert list(datasets.CATALOGUE)[:2] == ["sketchbook", "digits"]
    for name, entry in datasets.CATALOGUE.items():
        assert entry.name == name == name.lower()
        assert entry.kind in ("generated", "bundled", "download")
        assert len(entry.note) > 60
        summary = datasets.summary(name)
        assert len(summary.classes) == entry.classes
        assert list(summary.counts) == ["train", "val", "test"]
        assert entry.title == summary.title


def test_sketchbook_counts() -> None:
    summary = datasets.summary("sketchbook")
    assert summary.classes == sketchbook.CLASSES
    assert summary.counts == {"train": 5000, "val": 1000, "test": 1000}
    assert datasets.summary("sketchbook", train_per_class=100).counts == {"train": 1000, "val": 1000, "test": 1000}


@pytest.mark.usefixtures("few_sketches")
def test_sketchbook_is_drawn_at_the_networks_side() -> None:
    made = datasets.load("sketchbook", TINY)
    assert made.val.images.shape == (20, 16, 16, 3)
    assert made.val.labels.tolist() == [label for label in range(10) for _ in range(2)]
    first = np.asarray(sketchbook.draw(3, 1_000_001, 16).convert("RGB"))
    np.testing.assert_array_equal(made.val.images[7], first)
    assert made.val.names[7] == "cup-val-001"


@pytest.mark.parametrize("helpers", [2, 3])
def test_helpers_draw_the_same_in_the_same_order(monkeypatch: pytest.MonkeyPatch, helpers: int) -> None:
    plan = builtin.sketchbook_plan()
    items = plan.splits["test"][::91]
    alone = list(builtin._drawn(items, TINY))
    monkeypatch.setattr(builtin, "_HELPERS", helpers)
    monkeypatch.setattr(builtin, "_WORTH_HELPERS", 1)
    assert len(items) == 11
    np.testing.assert_array_equal(list(builtin._drawn(items, TINY)), alone)


def test_helpers_that_die_are_stood_in_for(monkeypatch: pytest.MonkeyPatch) -> None:
    items = builtin.sketchbook_plan().splits["test"][:4]
    alone = list(builtin._drawn(items, TINY))
    monkeypatch.setattr(builtin, "_WORTH_HELPERS", 1)
    monkeypatch.setattr(sys, "executable", shutil.which("false") or sys.executable)
    np.testing.assert_array_equal(list(builtin._drawn(items, TINY)), alone)


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
    datasets.load("sketchbook", TINY)
    assert len(list((home / "data").iterdir())) == 3
    source = inspect.getsource
    monkeypatch.setattr(inspect, "getsource", lambda module: source(module) + "# changed")
    datasets.load("sketchbook", TINY)
    assert len(list((home / "data").iterdir())) == 6


@pytest.mark.usefixtures("few_sketches")
def test_what_is_still_to_be_drawn_is_known() -> None:
    missing = sum(datasets.summary("sketchbook").counts.values())
    assert datasets.to_draw("sketchbook", TINY) == missing
    datasets.load("sketchbook", TINY)
    assert datasets.to_draw("sketchbook", TINY) == 0
    assert datasets.to_draw("digits", TINY) == 0
    assert datasets.to_draw("/no/such/folder", TINY) == 0


def test_every_drawing_module_counts() -> None:
    parts = {name.__module__ for name in vars(sketchbook).values() if hasattr(name, "__module__")}
    read: list[str] = []
    with pytest.MonkeyPatch.context() as patch:

        def source(module: ModuleType) -> str:
            read.append(module.__name__)
            return ""

        patch.setattr(inspect, "getsource", source)
        builtin.sketchbook_plan()
    assert {part for part in parts if part and part.startswith("ftcore.")} <= set(read)


def test_digits_are_the_scans_enlarged() -> None:
    from sklearn.datasets import load_digits

    scans, labels = load_digits(return_X_y=True)
    made = datasets.load("digits", TINY)
    assert (len(made.train), len(made.val), len(made.test)) == (1259, 269, 269)
    together = [int(name[5:]) for part in (made.train, made.val, made.test) for name in part.names]
    assert sorted(together) == list(range(1797))
    number = int(made.test.names[0][5:])
    scan = Image.fromarray(np.round(scans[number].reshape(8, 8) * 255 / 16).astype(np.uint8))
    wanted = np.asarray(scan.resize((16, 16), Image.Resampling.BICUBIC).convert("RGB"))
    np.testing.assert_array_equal(made.test.images[0], wanted)
    assert made.classes[made.test.labels[0]] == str(labels[number])


def test_splits_are_stratified_and_follow_the_seed() -> None:
    a, b, again = (datasets.load("digits", TINY, seed=seed) for seed in (0, 1, 0))
    assert a.val.names == again.val.names
    assert a.val.names != b.val.names
    shares = np.bincount(a.val.labels) / np.bincount(np.concatenate([a.train.labels, a.val.labels, a.test.labels]))
    assert np.abs(shares - 0.15).max() < 0.005


@pytest.mark.parametrize("full_first", [True, False])
def test_train_per_class_takes_the_first_of_each(full_first: bool) -> None:
    full = datasets.load("digits", TINY) if full_first else None
    few = datasets.load("digits", TINY, train_per_class=7)
    full = full or datasets.load("digits", TINY)
    assert np.bincount(few.train.labels).tolist() == [7] * 10
    rows = [row for label in range(10) for row in np.flatnonzero(full.train.labels == label)[:7]]
    np.testing.assert_array_equal(few.train.images, full.train.images[rows])
    assert few.train.names == tuple(full.train.names[row] for row in rows)
    assert (few.val.digest, few.test.digest) == (full.val.digest, full.test.digest)
    assert datasets.summary("digits", train_per_class=7).counts["train"] == 70


def test_prepared_once_then_found(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, int, int]] = []
    datasets.load("digits", TINY, progress=lambda *report: seen.append(report))
    assert seen[-1] == ("Preparing images", 1797, 1797)
    assert [done for _, done, _ in seen] == sorted({done for _, done, _ in seen})
    monkeypatch.setattr(prepared, "keep", lambda *_: pytest.fail("prepared again"))
    datasets.load("digits", TINY, progress=lambda *_: pytest.fail("nothing to report"))


def test_other_sizes_are_other_sets() -> None:
    small = datasets.load("digits", TINY)
    other = datasets.load("digits", Preprocess(8, 8, TINY.mean, TINY.std))
    assert (small.test.images.shape[1], other.test.images.shape[1]) == (16, 8)


def test_damage_is_mended_on_load(home: Path) -> None:
    before = datasets.load("digits", TINY)
    for path in (home / "data").rglob("images.npy"):
        path.write_bytes(path.read_bytes()[:-1])
    after = datasets.load("digits", TINY)
    assert after.train.digest == before.train.digest


@pytest.mark.parametrize("data", ["", "nowhere", "x" * 5000, "a\0b", "no/such/set.zip"])
def test_what_does_not_exist(data: str) -> None:
    with pytest.raises(FtError, match=r"There is no dataset and no file .*: choose sketchbook, digits, .*\.$"):
        datasets.load(data, TINY)


def test_a_set_that_fails_leaves_no_split_behind(home: Path, tmp_path: Path) -> None:
    for number in range(24):
        path = tmp_path / "set" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (9, 9), number).save(path)
    good = datasets.load(str(tmp_path / "set"), TINY)
    victim = good.test.names[0]
    caches.prune(0)
    (tmp_path / "set" / victim).write_bytes(b"")
    with pytest.raises(FtError, match=f"'{victim}' is empty"):
        datasets.load(str(tmp_path / "set"), TINY)
    assert list((home / "data").iterdir()) == []
