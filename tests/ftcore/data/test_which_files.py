"""Which files of a learner's folder or zip are taken for pictures, which are passed over, and which are refused."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from PIL import Image

from ftcore.data import sets
from ftcore.errors import FtError
from tests.ftcore.data.laid_out import FLAT, TINY, tree, zipped
from tests.ftcore.data.phones import heic


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
        for i, end in enumerate(("PNG", "Jpg", "jPEG", "WEBP", "gif", "TIF", "HEIC", "Heif", "hif"))
    ]
    assert sum(sets.summary(str(tree(tmp_path / "set", given))).counts.values()) == 18


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


def sample(form: str) -> bytes:
    out, picture = io.BytesIO(), Image.new("RGB", (10, 12), (9, 99, 7))
    if form == "HEIC":
        return heic(picture)
    picture.save(out, form)
    return out.getvalue()


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "PPM", "AVIF", "MPO", "HEIC"])
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


PSD = b"8BPS\0\1" + b"\0" * 60


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.PSD", PSD), ("a.psd", b""), ("drawing", PSD), ("a.jpg_large", PSD), ("a.jp2", b"?"), ("a.CR3", b"?"),
        ("a.dng", b"II*\0\x08\0\0\0"), ("a.cr2", b"II*\0\x10\0\0\0CR"), ("a.svg", b"<svg/>"), ("a", b"<svg >"),
    ],
)  # fmt: skip
def test_pictures_that_cannot_be_read_are_refused_by_name(tmp_path: Path, name: str, content: bytes) -> None:
    folder = tree(tmp_path / "set", FLAT)
    (folder / "ants" / name).write_bytes(content)
    for source in (folder, zipped(folder)):
        with pytest.raises(FtError, match=f"^One file is of a kind that cannot be read, 'ants/{name}': use JPEG"):
            sets.summary(str(source))


@pytest.mark.parametrize("end", ["jp2", "ico", "svg", "psd"])
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
