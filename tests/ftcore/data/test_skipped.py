"""Pictures that cannot be used: all are named, or they are left out and nothing else is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ftcore.data import folders, prepared, reading, sets
from ftcore.errors import FtError
from tests.ftcore.data.laid_out import SMALL


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
        sets.load(str(folder), SMALL)
    with pytest.raises(reading.BadPictures) as caught:
        sets.load(str(folder), SMALL)
    assert sorted(caught.value.pictures) == [(name, "is empty (0 bytes)") for name in BAD]
    assert list((home / "data").iterdir()) == []


@pytest.mark.parametrize("per_class", [0, 2, 5])
def test_skipped_pictures_are_those_alone(tmp_path: Path, per_class: int) -> None:
    folder = str(pictures_in(tmp_path / "set", BAD))
    made = sets.load(folder, SMALL, train_per_class=per_class, skip_bad=True)
    whole = sets.load(str(pictures_in(tmp_path / "whole" / "set")), SMALL)
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
    first = sets.load(folder, SMALL, skip_bad=True)
    assert first.skipped == tuple((name, "is empty (0 bytes)") for name in BAD)
    with monkeypatch.context() as patch:
        patch.setattr(prepared, "keep", lambda *_: pytest.fail("prepared again"))
        again = sets.load(folder, SMALL, skip_bad=True)
    assert (again.skipped, again.train.digest) == (first.skipped, first.train.digest)
    with pytest.raises(reading.BadPictures):
        sets.load(folder, SMALL)


@pytest.mark.parametrize("damage", [b"", b"null", b"[1]", b'{"a": 1}', b"\xff", b"[" * 9999])
def test_a_damaged_list_of_bad_pictures_is_made_anew(tmp_path: Path, home: Path, damage: bytes) -> None:
    folder = str(pictures_in(tmp_path / "set", BAD))
    first = sets.load(folder, SMALL, skip_bad=True)
    (kept,) = (home / "data").glob("*.json")
    kept.write_bytes(damage)
    assert sets.load(folder, SMALL, skip_bad=True).skipped == first.skipped


def test_a_passing_trouble_is_not_remembered(tmp_path: Path, home: Path) -> None:
    empty = {"/b": ("b", "is empty (0 bytes)")}
    (home / "data").mkdir(parents=True)
    with folders.open_plan(pictures_in(tmp_path / "set"), 0) as plan:
        sets._remember_bad(plan, SMALL, {"/a": ("a", "cannot be opened (Input/output error)"), **empty})
        assert sets._known_bad(plan, SMALL) == empty


def test_skipping_nothing_is_the_same_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = str(pictures_in(tmp_path / "set"))
    plain = sets.load(folder, SMALL)
    monkeypatch.setattr(prepared, "keep", lambda *_: pytest.fail("prepared again"))
    made = sets.load(folder, SMALL, skip_bad=True)
    assert (made.skipped, made.train.digest) == ((), plain.train.digest)


def test_a_picture_that_turns_bad_later_is_skipped_then(tmp_path: Path) -> None:
    folder = pictures_in(tmp_path / "set", BAD)
    first = sets.load(str(folder), SMALL, skip_bad=True)
    victim = first.train.names[0]
    (folder / victim).write_bytes(b"x" * 99)
    made = sets.load(str(folder), SMALL, skip_bad=True)
    assert victim not in made.train.names
    assert len(made.train) == len(first.train) - 1
    assert (victim, "is not a picture that can be read") in made.skipped


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_a_class_that_loses_all_its_pictures_is_one_sentence(tmp_path: Path, split: str) -> None:
    for name in ("train", "val", "test"):
        bad = ("b/00.png", "b/01.png") if name == split else ()
        pictures_in(tmp_path / "set" / name, bad, per_class=2)
    with pytest.raises(FtError, match=r"^Without the 2 that cannot be used there are too few pictures\. .*'b'"):
        sets.load(str(tmp_path / "set"), SMALL, skip_bad=True)
