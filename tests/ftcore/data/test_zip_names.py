"""Names inside zips: read as they were written where that can be told, said where it was guessed, never a way out."""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path

import pytest

from ftcore.data import sets, zips
from ftcore.errors import FtError
from tests.ftcore.data.laid_out import pack, png

pytestmark = pytest.mark.usefixtures("nothing_left")


class Old(zipfile.ZipInfo):
    """An entry whose name is written as bytes of an old code page, as packers without Unicode do."""

    def __init__(self, raw: bytes, extra: bytes = b"") -> None:
        super().__init__(raw.hex())
        self.raw, self.extra = raw, extra

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:
        return self.raw, self.flag_bits & ~0x800


def unicode_path(raw: bytes, name: str, crc: int | None = None, version: int = 1) -> bytes:
    body = struct.pack("<BL", version, zlib.crc32(raw) if crc is None else crc) + name.encode()
    return struct.pack("<HH", 0x9999, 2) + b"hm" + struct.pack("<HH", 0x7075, len(body)) + body


def listing(tmp_path: Path, raws: list[bytes], extras: list[bytes] | None = None) -> tuple[list[str], str]:
    extras = extras or [b""] * len(raws)
    path = pack(tmp_path, [(Old(raw, extra), b"") for raw, extra in zip(raws, extras, strict=True)])
    held = zips.SafeZip(Path(path))
    held.close()
    return [*held.files, *sorted(held.folders)], " ".join(held.notes)


@pytest.mark.parametrize(
    ("page", "title", "names"),
    [
        ("gbk", "GBK", ("猫", "狗")),
        ("gbk", "GBK", ("汽车", "飞机", "photos of 鸟")),
        ("cp932", "Shift-JIS", ("猫", "表")),
        ("cp932", "Shift-JIS", ("ソース", "十能")),
        ("cp866", "Cyrillic (cp866)", ("кошка", "собака")),
        ("cp1251", "Cyrillic (cp1251)", ("Кошка", "собака 2")),
        ("cp850", "Western (cp850)", ("Café", "Größe")),
        ("cp1252", "Western (cp1252)", ("Café", "Größe")),
        ("cp852", "Central European (cp852)", ("Kočka", "Žába")),
    ],
)
def test_names_of_one_code_page_are_read_and_said(
    tmp_path: Path, page: str, title: str, names: tuple[str, ...]
) -> None:
    files, note = listing(tmp_path, [f"{name}/0.jpg".encode(page) for name in names])
    assert files == [f"{name}/0.jpg" for name in names]
    assert note == (
        f"The names in this zip do not say how they are written: they were read as {title} ({', '.join(names)}). "
        "If that is wrong, pack the folder anew with UTF-8 names (7-Zip or `zip`)."
    )


@pytest.mark.parametrize(
    ("page", "names", "could"),
    [
        ("cp949", ("고양이", "개"), "GBK (绊剧捞, 俺) or Big5 (堅曄檜, 偃) or Korean (cp949) (고양이, 개)"),
        ("cp850", ("Straße", "Äpfel"), "Western (cp850) (Straße, Äpfel) or Western (cp1252) (Straáe, Žpfel)"),
        ("cp1250", ("Kočka", "Žába"), "Western (cp1252) (Koèka, Žába) or Central European (cp1250) (Kočka, Žába)"),
        ("cp437", ("²", "½"), None),
    ],
)
def test_names_that_fit_several_pages_are_left_and_said(
    tmp_path: Path, page: str, names: tuple[str, ...], could: str | None
) -> None:
    raws = [f"{name}/0.jpg".encode(page) for name in names]
    files, note = listing(tmp_path, raws)
    assert files == [raw.decode("cp437") for raw in raws]
    assert note.startswith(
        f"The names in this zip do not say how they are written{f' and could be {could}' if could else ''}: "
        "they were left unread ("
    )
    assert note.endswith("). Pack the folder anew with UTF-8 names (7-Zip or `zip`).")


def test_utf8_without_its_mark_is_read_in_silence(tmp_path: Path) -> None:
    assert listing(tmp_path, ["猫/0.jpg".encode(), b"a/0.jpg"]) == (["猫/0.jpg", "a/0.jpg"], "")


def test_the_unicode_path_field_rules_before_anything_is_judged(tmp_path: Path) -> None:
    raws = [f"{name}/0.jpg".encode("cp932") for name in ("表", "ソ")]
    assert all(b"\\" in raw for raw in raws)
    extras = [unicode_path(raw, f"{name}/0.jpg") for raw, name in zip(raws, ("表", "ソ"), strict=True)]
    assert listing(tmp_path, raws, extras) == (["表/0.jpg", "ソ/0.jpg"], "")


@pytest.mark.parametrize("broken", [{"crc": 1}, {"version": 2}])
def test_a_unicode_path_field_for_another_name_is_passed_over(tmp_path: Path, broken: dict[str, int]) -> None:
    assert listing(tmp_path, [b"a/0.jpg"], [unicode_path(b"a/0.jpg", "猫/0.jpg", **broken)]) == (["a/0.jpg"], "")


def test_a_unicode_path_leads_nowhere_outside(tmp_path: Path) -> None:
    with pytest.raises(FtError, match="names a place outside itself"):
        listing(tmp_path, [b"a/0.jpg"], [unicode_path(b"a/0.jpg", "../0.jpg")])


def test_backslashes_stand_between_folders(tmp_path: Path) -> None:
    assert listing(tmp_path, [b"a\\0.png", b".\\b\\c\\1.png", b"d\\"]) == (["a/0.png", "b/c/1.png", "d"], "")


def test_what_was_guessed_of_names_reaches_the_summary(tmp_path: Path) -> None:
    raws = [f"{name}/{i}.png".encode("gbk") for name in ("猫", "狗") for i in range(4)]
    found = sets.summary(pack(tmp_path, [(Old(raw), png()) for raw in raws]))
    assert found.classes == ("狗", "猫")
    assert "read as GBK (猫, 狗). If that is wrong" in found.sentence
