"""A learner's folder or zip: classes and splits found, litter passed over, every mistake named."""

from __future__ import annotations

import io
import os
import shutil
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ftcore.data import sets
from ftcore.data.folders import open_plan
from ftcore.data.pictures import prepare, read_picture
from ftcore.errors import FtError
from ftcore.preprocess import Preprocess

TINY = Preprocess(8, 9, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THAW_HOME", str(tmp_path / "home"))


def png(shade: int = 0) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (10, 12), (shade % 256, 99, 7)).save(out, "PNG")
    return out.getvalue()


def tree(root: Path, names: Iterable[str]) -> Path:
    for number, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"<svg/>" if name.endswith(".SVG") else png(number))
    return root


def zipped(folder: Path, inside: str = "") -> Path:
    target = folder.parent / f"{folder.name}.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as out:
        for path in sorted(folder.rglob("*")):
            out.write(path, inside + str(path.relative_to(folder)))
    return target


def names(*groups: tuple[str, int]) -> list[str]:
    return [f"{group}/{i}.png" for group, count in groups for i in range(count)]


FLAT = names(("ants", 4), ("Bees", 3))
HALF = names(("train/ants", 10), ("train/Bees", 5), ("val/ants", 2), ("val/Bees", 1))


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


def test_litter_other_files_and_nested_zips_are_passed_over(tmp_path: Path) -> None:
    folder = tree(tmp_path / "set", [*FLAT, "ants/.DS_Store", "ants/._0.png", "Bees/Thumbs.db", "ants/desktop.ini"])
    tree(folder, ["__MACOSX/ants/._0.png", ".git/x.png", "ants/notes.txt", "labels.csv"])
    (folder / "Bees" / "more.zip").write_bytes(b"PK\3\4" + bytes(40))
    for source in (folder, zipped(folder)):
        found = sets.summary(str(source))
        assert sum(found.counts.values()) == 7
        assert found.passed_over == ("Bees/more.zip", "ants/notes.txt", "labels.csv")
        assert found.notes == (
            "Pictures packed in 'Bees/more.zip' were not looked at: unpack them first if they belong here.",
        )


def test_endings_in_any_case(tmp_path: Path) -> None:
    given = [
        f"{c}/{i}.{end}"
        for c in "ab"
        for i, end in enumerate(("PNG", "Jpg", "jPEG", "WEBP", "gif", "TIF", "tiff", "bmp"))
    ]
    assert sum(sets.summary(str(tree(tmp_path / "set", given))).counts.values()) == 16


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


@pytest.mark.skipif(os.name == "nt", reason="links and pipes are different there")
def test_links_in_circles_and_pipes_do_no_harm(tmp_path: Path) -> None:
    folder = tree(tmp_path / "set", FLAT)
    (folder / "ants" / "again").symlink_to(folder)
    (folder / "ants" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    (folder / "ants" / "me.png").symlink_to(folder / "ants" / "me.png")
    os.mkfifo(folder / "ants" / "pipe.png")
    linked = tree(tmp_path / "elsewhere", ["0.png", "1.png", "2.png"])
    (folder / "cows").symlink_to(linked)
    found = sets.summary(str(folder))
    assert found.classes == ("ants", "Bees", "cows")
    assert found.passed_over == ("ants/gone.png", "ants/me.png", "ants/pipe.png")


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


def sample(form: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (10, 12), (9, 99, 7)).save(out, form)
    return out.getvalue()


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "PPM", "AVIF", "MPO"])
def test_pictures_of_unknown_ending_are_found_by_content(tmp_path: Path, form: str) -> None:
    folder = tree(tmp_path / "set", FLAT)
    odd = ("w.jpg_large", "w.jpeg?itok=x1", "w.jpg.1", "w", "w.image", "w.avifs2", "W.XYZ")
    for name in odd:
        (folder / "ants" / name).write_bytes(sample(form))
    for source in (folder, zipped(folder)):
        found = sets.summary(str(source))
        assert (sum(found.counts.values()), found.passed_over) == (7 + len(odd), ())
    assert len(sets.load(str(folder), TINY).train) == found.counts["train"]


OTHERS = (b"", b"text", b"BMW is a car", b"%PDF-1.4", b"PK\3\4" + bytes(40), b"\0" * 400, b"P", b"<html></html>", b"{}")


@pytest.mark.parametrize("content", OTHERS)
def test_what_is_no_picture_is_counted_and_named(tmp_path: Path, content: bytes) -> None:
    folder = tree(tmp_path / "set", FLAT)
    for name in ("ants/w.jpg_large", "ants/w", "notes.docx"):
        (folder / name).write_bytes(content)
    for source in (folder, zipped(folder)):
        found = sets.summary(str(source))
        assert sum(found.counts.values()) == 7
        assert found.passed_over == ("ants/w", "ants/w.jpg_large", "notes.docx")
        assert "3 files passed over: ants/w, ants/w.jpg_large, notes.docx" in found.sentence


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 60


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.HEIC", HEIC), ("a.heif", b""), ("photo", HEIC), ("a.jpg_large", HEIC), ("a.jp2", b"?"), ("a.psd", b"8BPS"),
        ("a.dng", b"II*\0\x08\0\0\0"), ("a.cr2", b"II*\0\x10\0\0\0CR"), ("a.svg", b"<svg/>"), ("a", b"<svg >"),
    ],
)  # fmt: skip
def test_pictures_that_cannot_be_read_are_refused_by_name(tmp_path: Path, name: str, content: bytes) -> None:
    folder = tree(tmp_path / "set", FLAT)
    (folder / "ants" / name).write_bytes(content)
    for source in (folder, zipped(folder)):
        with pytest.raises(FtError, match=f"^One file is of a kind that cannot be read, 'ants/{name}': use JPEG"):
            sets.summary(str(source))


@pytest.mark.parametrize("end", ["heic", "ico", "svg", "psd"])
def test_a_readable_picture_is_read_whatever_it_is_called(tmp_path: Path, end: str) -> None:
    folder = tree(tmp_path / "set", FLAT)
    (folder / "ants" / f"sent.{end}").write_bytes(sample("JPEG"))
    assert sum(sets.summary(str(folder)).counts.values()) == 8


def test_known_endings_are_not_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tree(tmp_path / "set", [*FLAT, "labels/0.txt", "labels.csv", "labels/classes.json"])
    looked: list[str] = []
    monkeypatch.setattr("ftcore.data.listings._head", lambda path, size: looked.append(path) or b"")
    assert len(sets.summary(str(folder)).passed_over) == 3
    assert looked == []


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
