"""The catalogue, `load` and `summary` through all kinds of sets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ftcore import store
from ftcore.data import catalogue, prepared, sets
from ftcore.errors import FtError
from ftcore.preprocess import Preprocess
from tests.ftcore.data.laid_out import SMALL


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


def test_digits_are_the_scans_enlarged() -> None:
    from sklearn.datasets import load_digits

    scans, labels = load_digits(return_X_y=True)
    made = sets.load("digits", SMALL)
    assert (len(made.train), len(made.val), len(made.test)) == (1259, 269, 269)
    together = [int(name[5:]) for part in (made.train, made.val, made.test) for name in part.names]
    assert sorted(together) == list(range(1797))
    number = int(made.test.names[0][5:])
    scan = Image.fromarray(np.round(scans[number].reshape(8, 8) * 255 / 16).astype(np.uint8))
    wanted = np.asarray(scan.resize((16, 16), Image.Resampling.BICUBIC).convert("RGB"))
    np.testing.assert_array_equal(made.test.images[0], wanted)
    assert made.classes[made.test.labels[0]] == str(labels[number])


def test_splits_are_stratified_and_follow_the_seed() -> None:
    a, b, again = (sets.load("digits", SMALL, seed=seed) for seed in (0, 1, 0))
    assert a.val.names == again.val.names
    assert a.val.names != b.val.names
    shares = np.bincount(a.val.labels) / np.bincount(np.concatenate([a.train.labels, a.val.labels, a.test.labels]))
    assert np.abs(shares - 0.15).max() < 0.005


@pytest.mark.parametrize("full_first", [True, False])
def test_train_per_class_takes_the_first_of_each(full_first: bool) -> None:
    full = sets.load("digits", SMALL) if full_first else None
    few = sets.load("digits", SMALL, train_per_class=7)
    full = full or sets.load("digits", SMALL)
    assert np.bincount(few.train.labels).tolist() == [7] * 10
    rows = [row for label in range(10) for row in np.flatnonzero(full.train.labels == label)[:7]]
    np.testing.assert_array_equal(few.train.images, full.train.images[rows])
    assert few.train.names == tuple(full.train.names[row] for row in rows)
    assert (few.val.digest, few.test.digest) == (full.val.digest, full.test.digest)
    assert sets.summary("digits", train_per_class=7).counts["train"] == 70


def test_prepared_once_then_found(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, int, int]] = []
    sets.load("digits", SMALL, progress=lambda *report: seen.append(report))
    assert seen[-1] == ("Preparing images", 1797, 1797)
    assert [done for _, done, _ in seen] == sorted({done for _, done, _ in seen})
    monkeypatch.setattr(prepared, "keep", lambda *_: pytest.fail("prepared again"))
    sets.load("digits", SMALL, progress=lambda *_: pytest.fail("nothing to report"))


def test_other_sizes_are_other_sets() -> None:
    small = sets.load("digits", SMALL)
    other = sets.load("digits", Preprocess(8, 8, SMALL.mean, SMALL.std))
    assert (small.test.images.shape[1], other.test.images.shape[1]) == (16, 8)


def test_damage_is_mended_on_load(home: Path) -> None:
    before = sets.load("digits", SMALL)
    for path in (home / "data").rglob("images.npy"):
        path.write_bytes(path.read_bytes()[:-1])
    after = sets.load("digits", SMALL)
    assert after.train.digest == before.train.digest


@pytest.mark.parametrize("data", ["", "nowhere", "x" * 5000, "a\0b", "no/such/set.zip"])
def test_what_does_not_exist(data: str) -> None:
    with pytest.raises(FtError, match=r"There is no dataset and no file .*: choose sketchbook, digits, .*\.$"):
        sets.load(data, SMALL)


def test_a_set_that_fails_leaves_no_split_behind(home: Path, tmp_path: Path) -> None:
    for number in range(24):
        path = tmp_path / "set" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (9, 9), number).save(path)
    good = sets.load(str(tmp_path / "set"), SMALL)
    victim = good.test.names[0]
    store.prune(0)
    (tmp_path / "set" / victim).write_bytes(b"")
    with pytest.raises(FtError, match=f"'{victim}' is empty"):
        sets.load(str(tmp_path / "set"), SMALL)
    assert list((home / "data").iterdir()) == []


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
