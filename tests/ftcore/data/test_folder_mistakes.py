"""What is wrong with a learner's folder or zip is named, each mistake in one sentence."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from ftcore.data import sets
from ftcore.errors import FtError
from tests.ftcore.data.laid_out import FLAT, TINY, names, png, tree, zipped


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (["a/notes.txt"], "There are no images here"),
        (
            ["0.png", "1.png"],
            r"2 images lie directly at the top, in no class folder \('0.png', '1.png'\): put them in one",
        ),
        (
            [*FLAT, "cover.png"],
            r"One image lies directly at the top, .* \('cover.png'\): put it into a class folder or",
        ),
        (names(("top/cats", 5)), "only one \\('cats'\\)"),
        (names(("ants", 5), ("bees", 2), ("cows", 1)), "too few are in 'bees' \\(2\\), 'cows' \\(1\\): add some"),
        (names(("train/a", 5), ("train/b", 5), ("val/a", 1)), "The class 'b' has no image in val/: add some there"),
        (names(("train/a", 5), ("train/b", 5), ("val/a", 1), ("val/b", 1), ("val/c", 1)), "'c' has no image in train/"),
        (names(("val/a", 5), ("test/a", 5)), "There is test/ and val/ but no train/"),
        (names(("train/a", 5), ("val/a", 5), ("spare", 1)), "beside train/ and val/, in 'spare'"),
        (names(("train/a", 5), ("val/a", 5), ("valid/a", 1)), "2 folders stand for one split \\(val/ and valid/\\)"),
        ([*FLAT, "ants/drawing.SVG"], "One file is of a kind that cannot be read, 'ants/drawing.SVG': use JPEG"),
    ],
)
def test_mistakes_are_named_in_one_sentence(tmp_path: Path, given: list[str], sentence: str) -> None:
    folder = tree(tmp_path / "set", given)
    for source in (folder, zipped(folder)):
        with pytest.raises(FtError, match=sentence):
            sets.summary(str(source))


def test_an_empty_class_folder_is_named(tmp_path: Path) -> None:
    folder = tree(tmp_path / "set", FLAT)
    (folder / "cows").mkdir()
    for source in (folder, zipped(folder)):
        with pytest.raises(FtError, match="The folder cows/ is empty: take it out or fill it"):
            sets.summary(str(source))


def test_unreadable_files_are_named_and_nothing_stays(tmp_path: Path) -> None:
    folder = tree(tmp_path / "set", names(("a", 9), ("b", 9)))
    for number, bad in enumerate((b"", b"text", png()[:45], b"<svg xmlns=''></svg>")):
        (folder / "a" / f"{number}.png").write_bytes(bad)
    with pytest.raises(FtError, match=r"^4 files cannot be used as pictures \(.* and 1 more\): mend or remove them\.$"):
        sets.load(str(folder), TINY)
    for number in range(3):
        (folder / "a" / f"{number}.png").write_bytes(png())
    with pytest.raises(FtError, match=r"^'a/3\.png' is an SVG drawing, which has no pixels: export it as PNG.$"):
        sets.load(str(folder), TINY)
    assert not list((tmp_path / "home").rglob(".part*"))


def test_a_folder_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tree(tmp_path / "set", FLAT)

    def refuse(path: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(FtError, match="The folder cannot be read \\(Permission denied\\)"):
        sets.summary(str(folder))
    monkeypatch.undo()
    shutil.rmtree(folder)
    with pytest.raises(FtError, match="There is no dataset and no file"):
        sets.summary(str(folder))


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("a.rar", b"Rar!\x1a\x07\x01\0", "is a RAR archive: unpack it and give the folder"),
        ("a.zip", b"Rar!\x1a\x07\x01\0", "is a RAR archive under another name: unpack it and give the folder"),
        ("a.7z", b"7z\xbc\xaf\x27\x1c\0\4", "is a 7z archive: unpack it and give the folder"),
        ("a.tar.gz", b"\x1f\x8b\x08" + bytes(60), "is a gzip archive: unpack it and give the folder"),
        ("a.tar", bytes(257) + b"ustar" + bytes(300), "is a tar archive: unpack it and give the folder"),
        ("a.jpg", b"\xff\xd8\xff\xe0" + bytes(40), r"is a picture \(JPEG\): give a folder or a zip of class folders"),
        (
            "a.zip",
            b"<html><body>404</body></html>",
            r"is a web page \(HTML\) under another name: give a folder or a zip",
        ),
        ("a.csv", b"file,label\n", "is not a zip: pack a folder of class folders as .zip"),
    ],
)
def test_data_that_is_neither_folder_nor_zip(tmp_path: Path, name: str, content: bytes, what: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FtError, match=f"^'{name}' {what}"):
        sets.summary(str(tmp_path / name))


def test_packed_pictures_alone_are_to_be_unpacked(tmp_path: Path) -> None:
    inner = zipped(tree(tmp_path / "set", FLAT)).read_bytes()
    folder = tmp_path / "outer"
    folder.mkdir()
    for name, content in (("train.zip", inner), ("test.tar.gz", b"\x1f\x8b\x08" + bytes(60)), ("s.csv", b"id,label")):
        (folder / name).write_bytes(content)
    for source in (folder, zipped(folder)):
        with pytest.raises(FtError, match=r"only packed ones in 'test\.tar\.gz', 'train\.zip': unpack them first"):
            sets.summary(str(source))
