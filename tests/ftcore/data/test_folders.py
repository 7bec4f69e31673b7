"""A learner's folder or zip: its classes and splits are found, and its pictures become rows."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ftcore.data import sets
from ftcore.data.folders import open_plan
from ftcore.data.pictures import prepare, read_picture
from tests.ftcore.data.laid_out import FLAT, HALF, TINY, names, png, tree, zipped


@pytest.mark.parametrize("top", ["", "top/", "a/b/c/"])
@pytest.mark.parametrize("pack", [lambda f: f, zipped])
def test_flat_and_split_layouts(tmp_path: Path, top: str, pack: Callable[[Path], Path]) -> None:
    flat = sets.summary(str(pack(tree(tmp_path / "flat", [top + name for name in FLAT]))))
    assert (flat.title, flat.classes) == ("flat", ("ants", "Bees"))
    assert flat.counts == {"train": 3, "val": 2, "test": 2}
    half = sets.summary(str(pack(tree(tmp_path / "half", [top + name for name in HALF]))))
    assert half.classes == ("ants", "Bees")
    assert half.counts == {"train": 13, "val": 3, "test": 2}


def test_folder_and_zip_of_it_are_the_same_set(tmp_path: Path) -> None:
    folder = tree(tmp_path / "set", FLAT)
    one = sets.load(str(folder), TINY)
    two = sets.load(str(zipped(folder, "wrapped/")), TINY)
    for a, b in zip((one.train, one.val, one.test), (two.train, two.val, two.test), strict=True):
        assert (a.digest, a.names, a.labels.tolist()) == (b.digest, b.names, b.labels.tolist())


def test_val_is_kept_and_a_tenth_of_train_held_back(tmp_path: Path) -> None:
    with open_plan(tree(tmp_path / "set", HALF), 3) as plan:
        assert sorted(item.name for item in plan.splits["val"]) == ["Bees/0.png", "ants/0.png", "ants/1.png"]
        assert [item.label for item in plan.splits["test"]] == [0, 1]
        assert not {i.where for i in plan.splits["train"]} & {i.where for i in plan.splits["test"]}


@pytest.mark.parametrize("val", ["VAL", "valid", "Validation"])
def test_all_three_splits_are_kept_under_other_names(tmp_path: Path, val: str) -> None:
    given = names(("Train/a", 4), ("Train/b", 4), (f"{val}/a", 1), (f"{val}/b", 1), ("test/a", 2), ("test/b", 3))
    assert sets.summary(str(tree(tmp_path / "set", given))).counts == {"train": 8, "val": 2, "test": 5}


def test_test_without_val_takes_val_from_train(tmp_path: Path) -> None:
    given = names(("train/a", 20), ("train/b", 20), ("test/a", 2), ("test/b", 3))
    assert sets.summary(str(tree(tmp_path / "set", given))).counts == {"train": 36, "val": 4, "test": 5}


def test_a_class_called_train_beside_other_classes(tmp_path: Path) -> None:
    folder = tree(tmp_path / "set", names(("train", 3), ("bus", 3), ("car", 3)))
    assert sets.summary(str(folder)).classes == ("bus", "car", "train")


def test_unicode_class_names_composed_and_in_natural_order(tmp_path: Path) -> None:
    folder = tree(tmp_path / "set", names(("c10", 3), ("C2", 3), ("猫", 3), ("cafe\u0301", 3), ("<b>&'\"", 3)))
    wanted = ("<b>&'\"", "C2", "c10", "caf\u00e9", "猫")
    assert sets.summary(str(folder)).classes == wanted
    assert sets.summary(str(zipped(folder))).classes == wanted


def test_utf8_names_that_do_not_say_so(tmp_path: Path) -> None:
    path = zipped(tree(tmp_path / "set", names(("é", 3), ("b", 3))))
    data = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        place = data.find(mark)
        while place >= 0:
            data[place + offset + 1] &= ~0x08
            place = data.find(mark, place + 4)
    path.write_bytes(data)
    assert sets.summary(str(path)).classes == ("b", "é")


def test_changed_files_are_noticed(tmp_path: Path) -> None:
    folder = tree(tmp_path / "set", names(("a", 9), ("b", 9)))
    zip_path = zipped(folder)
    before = sets.load(str(folder), TINY).train, sets.load(str(zip_path), TINY).train
    assert before[0].digest == before[1].digest
    changed = folder / before[0].names[0]
    stamp = changed.stat().st_mtime_ns
    changed.write_bytes(png(200))
    os.utime(changed, ns=(stamp, stamp))
    after = sets.load(str(folder), TINY).train, sets.load(str(zipped(folder)), TINY).train
    assert after[0].digest == after[1].digest != before[0].digest
    assert after[0].images[0, 0, 0].tolist() == [200, 99, 7]


def test_touched_files_keep_their_digest(tmp_path: Path) -> None:
    folder = tree(tmp_path / "set", names(("a", 9), ("b", 9)))
    before = sets.load(str(folder), TINY).train.digest
    for path in folder.rglob("*.png"):
        path.touch()
    assert sets.load(str(folder), TINY).train.digest == before


def test_rows_are_the_prepared_pictures(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    rng = np.random.default_rng(0)
    for name in FLAT:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (14, 19, 3), dtype=np.uint8)).save(folder / name)
    loaded = sets.load(str(folder), TINY)
    for part in (loaded.train, loaded.val, loaded.test):
        for image, name in zip(part.images, part.names, strict=True):
            np.testing.assert_array_equal(image, prepare(read_picture(folder / name), TINY))
