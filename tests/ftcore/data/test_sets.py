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

from ftcore import store
from ftcore.data import builtin, catalogue, folders, prepared, reading, sets
from ftcore.data.sketchbook import draw
from ftcore.errors import FtError
from ftcore.preprocess import Preprocess

TINY = Preprocess(16, 18, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("THAW_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def few_sketches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builtin, "SKETCHES", {"train": 6, "val": 2, "test": 3})


def test_catalogue_is_explained() -> None:
    assert list(catalogue.CATALOGUE)[:2] == ["sketchbook", "digits"]
    for name, entry in catalogue.CATALOGUE.items():
        assert entry.name == name == name.lower()
        assert entry.kind in ("generated", "bundled", "download")
        assert len(entry.note) > 60
        summary = sets.summary(name)
        assert len(summary.classes) == entry.classes
        assert list(summary.counts) == ["train", "val", "test"]
        assert entry.title == summary.title


def test_sketchbook_counts() -> None:
    summary = sets.summary("sketchbook")
    assert summary.classes == draw.CLASSES
    assert summary.counts == {"train": 5000, "val": 1000, "test": 1000}
    assert sets.summary("sketchbook", train_per_class=100).counts == {"train": 1000, "val": 1000, "test": 1000}


@pytest.mark.usefixtures("few_sketches")
def test_sketchbook_is_drawn_at_the_networks_side() -> None:
    made = sets.load("sketchbook", TINY)
    assert made.val.images.shape == (20, 16, 16, 3)
    assert made.val.labels.tolist() == [label for label in range(10) for _ in range(2)]
    first = np.asarray(draw.draw(3, 1_000_001, 16).convert("RGB"))
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
    sets.load("sketchbook", TINY)
    assert len(list((home / "data").iterdir())) == 3
    source = inspect.getsource
    monkeypatch.setattr(inspect, "getsource", lambda module: source(module) + "# changed")
    sets.load("sketchbook", TINY)
    assert len(list((home / "data").iterdir())) == 6


@pytest.mark.usefixtures("few_sketches")
def test_what_is_still_to_be_drawn_is_known() -> None:
    missing = sum(sets.summary("sketchbook").counts.values())
    assert sets.to_draw("sketchbook", TINY) == missing
    sets.load("sketchbook", TINY)
    assert sets.to_draw("sketchbook", TINY) == 0
    assert sets.to_draw("digits", TINY) == 0
    assert sets.to_draw("/no/such/folder", TINY) == 0


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


def test_digits_are_the_scans_enlarged() -> None:
    from sklearn.datasets import load_digits

    scans, labels = load_digits(return_X_y=True)
    made = sets.load("digits", TINY)
    assert (len(made.train), len(made.val), len(made.test)) == (1259, 269, 269)
    together = [int(name[5:]) for part in (made.train, made.val, made.test) for name in part.names]
    assert sorted(together) == list(range(1797))
    number = int(made.test.names[0][5:])
    scan = Image.fromarray(np.round(scans[number].reshape(8, 8) * 255 / 16).astype(np.uint8))
    wanted = np.asarray(scan.resize((16, 16), Image.Resampling.BICUBIC).convert("RGB"))
    np.testing.assert_array_equal(made.test.images[0], wanted)
    assert made.classes[made.test.labels[0]] == str(labels[number])


def test_splits_are_stratified_and_follow_the_seed() -> None:
    a, b, again = (sets.load("digits", TINY, seed=seed) for seed in (0, 1, 0))
    assert a.val.names == again.val.names
    assert a.val.names != b.val.names
    shares = np.bincount(a.val.labels) / np.bincount(np.concatenate([a.train.labels, a.val.labels, a.test.labels]))
    assert np.abs(shares - 0.15).max() < 0.005


@pytest.mark.parametrize("full_first", [True, False])
def test_train_per_class_takes_the_first_of_each(full_first: bool) -> None:
    full = sets.load("digits", TINY) if full_first else None
    few = sets.load("digits", TINY, train_per_class=7)
    full = full or sets.load("digits", TINY)
    assert np.bincount(few.train.labels).tolist() == [7] * 10
    rows = [row for label in range(10) for row in np.flatnonzero(full.train.labels == label)[:7]]
    np.testing.assert_array_equal(few.train.images, full.train.images[rows])
    assert few.train.names == tuple(full.train.names[row] for row in rows)
    assert (few.val.digest, few.test.digest) == (full.val.digest, full.test.digest)
    assert sets.summary("digits", train_per_class=7).counts["train"] == 70


def test_prepared_once_then_found(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, int, int]] = []
    sets.load("digits", TINY, progress=lambda *report: seen.append(report))
    assert seen[-1] == ("Preparing images", 1797, 1797)
    assert [done for _, done, _ in seen] == sorted({done for _, done, _ in seen})
    monkeypatch.setattr(prepared, "keep", lambda *_: pytest.fail("prepared again"))
    sets.load("digits", TINY, progress=lambda *_: pytest.fail("nothing to report"))


def test_other_sizes_are_other_sets() -> None:
    small = sets.load("digits", TINY)
    other = sets.load("digits", Preprocess(8, 8, TINY.mean, TINY.std))
    assert (small.test.images.shape[1], other.test.images.shape[1]) == (16, 8)


def test_damage_is_mended_on_load(home: Path) -> None:
    before = sets.load("digits", TINY)
    for path in (home / "data").rglob("images.npy"):
        path.write_bytes(path.read_bytes()[:-1])
    after = sets.load("digits", TINY)
    assert after.train.digest == before.train.digest


@pytest.mark.parametrize("data", ["", "nowhere", "x" * 5000, "a\0b", "no/such/set.zip"])
def test_what_does_not_exist(data: str) -> None:
    with pytest.raises(FtError, match=r"There is no dataset and no file .*: choose sketchbook, digits, .*\.$"):
        sets.load(data, TINY)


def test_a_set_that_fails_leaves_no_split_behind(home: Path, tmp_path: Path) -> None:
    for number in range(24):
        path = tmp_path / "set" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (9, 9), number).save(path)
    good = sets.load(str(tmp_path / "set"), TINY)
    victim = good.test.names[0]
    store.prune(0)
    (tmp_path / "set" / victim).write_bytes(b"")
    with pytest.raises(FtError, match=f"'{victim}' is empty"):
        sets.load(str(tmp_path / "set"), TINY)
    assert list((home / "data").iterdir()) == []


def pictures_in(folder: Path, bad: tuple[str, ...] = (), per_class: int = 12) -> Path:
    """Two classes of grey pictures, those named in `bad` empty."""
    for name in "ab":
        for number in range(per_class):
            path = folder / name / f"{number:02}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("L", (9, 9), 20 * number).save(path)
            if f"{name}/{path.name}" in bad:
                path.write_bytes(b"")
    return folder


BAD = ("a/00.png", "a/07.png", "b/03.png", "b/04.png")


def test_bad_pictures_are_all_named(tmp_path: Path, home: Path) -> None:
    folder = pictures_in(tmp_path / "set", BAD)
    with pytest.raises(reading.BadPictures, match=r"^4 files cannot be used as pictures \('a/00.png' .* and 1 more\)"):
        sets.load(str(folder), TINY)
    with pytest.raises(reading.BadPictures) as caught:
        sets.load(str(folder), TINY)
    assert sorted(caught.value.pictures) == [(name, "is empty (0 bytes)") for name in BAD]
    assert list((home / "data").iterdir()) == []


@pytest.mark.parametrize("per_class", [0, 2, 5])
def test_skipped_pictures_are_those_alone(tmp_path: Path, per_class: int) -> None:
    folder = str(pictures_in(tmp_path / "set", BAD))
    made = sets.load(folder, TINY, train_per_class=per_class, skip_bad=True)
    whole = sets.load(str(pictures_in(tmp_path / "whole" / "set")), TINY)
    for split, all_of_it in ((made.val, whole.val), (made.test, whole.test), (made.train, whole.train)):
        names = [name for name in all_of_it.names if name not in BAD]
        if split is made.train and per_class:
            names = [name for c in "ab" for name in [n for n in names if n[0] == c][:per_class]]
        assert list(split.names) == names
        rows = [all_of_it.names.index(name) for name in names]
        np.testing.assert_array_equal(split.images, all_of_it.images[rows])
        np.testing.assert_array_equal(split.labels, all_of_it.labels[rows])
    assert {name for name, _ in made.skipped} <= set(BAD)


def test_skipping_finds_what_it_prepared_and_what_it_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = str(pictures_in(tmp_path / "set", BAD))
    first = sets.load(folder, TINY, skip_bad=True)
    assert first.skipped == tuple((name, "is empty (0 bytes)") for name in BAD)
    with monkeypatch.context() as patch:
        patch.setattr(prepared, "keep", lambda *_: pytest.fail("prepared again"))
        again = sets.load(folder, TINY, skip_bad=True)
    assert (again.skipped, again.train.digest) == (first.skipped, first.train.digest)
    with pytest.raises(reading.BadPictures):
        sets.load(folder, TINY)


@pytest.mark.parametrize("damage", [b"", b"null", b"[1]", b'{"a": 1}', b"\xff", b"[" * 9999])
def test_a_damaged_list_of_bad_pictures_is_made_anew(tmp_path: Path, home: Path, damage: bytes) -> None:
    folder = str(pictures_in(tmp_path / "set", BAD))
    first = sets.load(folder, TINY, skip_bad=True)
    (kept,) = (home / "data").glob("*.json")
    kept.write_bytes(damage)
    assert sets.load(folder, TINY, skip_bad=True).skipped == first.skipped


def test_a_passing_trouble_is_not_remembered(tmp_path: Path, home: Path) -> None:
    empty = {"/b": ("b", "is empty (0 bytes)")}
    (home / "data").mkdir(parents=True)
    with folders.open_plan(pictures_in(tmp_path / "set"), 0) as plan:
        sets._remember_bad(plan, TINY, {"/a": ("a", "cannot be opened (Input/output error)"), **empty})
        assert sets._known_bad(plan, TINY) == empty


def test_skipping_nothing_is_the_same_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = str(pictures_in(tmp_path / "set"))
    plain = sets.load(folder, TINY)
    monkeypatch.setattr(prepared, "keep", lambda *_: pytest.fail("prepared again"))
    made = sets.load(folder, TINY, skip_bad=True)
    assert (made.skipped, made.train.digest) == ((), plain.train.digest)


def test_a_picture_that_turns_bad_later_is_skipped_then(tmp_path: Path) -> None:
    folder = pictures_in(tmp_path / "set", BAD)
    first = sets.load(str(folder), TINY, skip_bad=True)
    victim = first.train.names[0]
    (folder / victim).write_bytes(b"x" * 99)
    made = sets.load(str(folder), TINY, skip_bad=True)
    assert victim not in made.train.names
    assert len(made.train) == len(first.train) - 1
    assert (victim, "is not a picture that can be read") in made.skipped


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_a_class_that_loses_all_its_pictures_is_one_sentence(tmp_path: Path, split: str) -> None:
    for name in ("train", "val", "test"):
        bad = ("b/00.png", "b/01.png") if name == split else ()
        pictures_in(tmp_path / "set" / name, bad, per_class=2)
    with pytest.raises(FtError, match=r"^Without the 2 that cannot be used there are too few pictures\. .*'b'"):
        sets.load(str(tmp_path / "set"), TINY, skip_bad=True)


def test_what_a_word_means(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert catalogue.meant("digits") == "digits"
    for folder in ("digits", "sketchbook", "builtin:digits"):
        (tmp_path / folder).mkdir()
    (tmp_path / "eurosat").touch()
    for said in ("digits", "./digits", "digits/", f"{tmp_path}/digits", "nowhere", ".\\digits", "Digits", "a.zip"):
        assert catalogue.meant(said) == str((tmp_path / said).absolute())
    for said in ("builtin:digits", "builtin:sketchbook", "eurosat", "builtin:eurosat", "flowers102", ""):
        assert catalogue.meant(said) == said.removeprefix("builtin:")
    assert catalogue.meant("./builtin:digits") == str(tmp_path / "builtin:digits")
    with pytest.raises(FtError, match=r"^There is no built-in set 'dogs': choose sketchbook, "):
        catalogue.meant("builtin:dogs")


def test_the_line_of_a_large_set_is_short() -> None:
    names = tuple(f"{'x' * 200} {number}" for number in range(300))
    counts = {"train": 12000, "val": 300, "test": 300}
    said = sets.Summary("t", names, counts, tuple(f"{n}.txt" for n in names)).sentence
    assert said.startswith("300 classes: xxx")
    assert "and 290 more; 12,000 to learn, 300 to validate, 300 to test; 300 files passed over: xxx" in said
    assert said.endswith(" and 295 more.")
    assert len(said) < 900
