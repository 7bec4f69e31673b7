"""Hostile and broken zips: one sentence each, nothing written outside, nothing left behind."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from ftcore.data import sets, zips
from ftcore.errors import FtError
from ftcore.preprocess import Preprocess

TINY = Preprocess(8, 9, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
Entry = str | zipfile.ZipInfo


@pytest.fixture(autouse=True)
def _nothing_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("THAW_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    yield
    assert {path.name for path in tmp_path.iterdir()} <= {"set.zip", "home"}
    assert {path.name for path in (tmp_path / "home").rglob("*")} <= {"data"}


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (10, 12), (1, 2, 3)).save(out, "PNG")
    return out.getvalue()


def good() -> list[tuple[Entry, bytes]]:
    return [(f"{c}/{i}.png", png()) for c in "ab" for i in range(4)]


def pack(tmp_path: Path, entries: list[tuple[Entry, bytes]], method: int = zipfile.ZIP_DEFLATED) -> str:
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w", method) as out:
        for entry, data in entries:
            out.writestr(entry, data)
    return str(path)


def refused(path: str, sentence: str) -> None:
    with pytest.raises(FtError, match=sentence) as error:
        sets.load(path, TINY)
    assert str(error.value).endswith(".")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("../evil.png", "names a place outside itself, '../evil.png'"),
        ("a/../../evil.png", "names a place outside itself"),
        ("/tmp/evil.png", "names a place outside itself"),
        ("C:/evil.png", "names a place outside itself"),
        ("c:evil.png", "names a place outside itself"),
        ("a\\..\\evil.png", "names a place outside itself, 'a/../evil.png'"),
        ("C:\\evil.png", "names a place outside itself"),
        ("\\\\server\\evil.png", "names a place outside itself"),
        ("a\\0.png", "two files of the name 'a/0.png'"),
        ("d\\" * 16 + "b.png", "17 folders deep, and the limit is 16"),
        ("a//b.png", "broken name"),
        ("x" * 1001 + ".png", "a name of 1,005 characters and the limit is 1,000"),
        ("d/" * 16 + "b.png", "17 folders deep, and the limit is 16"),
        ("a/0.png", "two files of the name 'a/0.png'"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_bad_names(tmp_path: Path, name: str, sentence: str) -> None:
    refused(pack(tmp_path, [*good(), (name, png())]), sentence)


def test_a_nul_in_a_name(tmp_path: Path) -> None:
    path = Path(pack(tmp_path, [*good(), ("a/evil0.png", png())]))
    path.write_bytes(path.read_bytes().replace(b"a/evil0.png", b"a/evil\0.png"))
    refused(str(path), "broken name")


@pytest.mark.parametrize(
    ("kind", "word"), [(stat.S_IFLNK, "a link"), (stat.S_IFIFO, "something that is no plain file")]
)
def test_links_and_devices(tmp_path: Path, kind: int, word: str) -> None:
    link = zipfile.ZipInfo("a/link.png")
    link.create_system, link.external_attr = 3, (kind | 0o777) << 16
    refused(pack(tmp_path, [*good(), (link, b"/etc/passwd")]), f"The zip holds {word}, 'a/link.png'")


def flagged(path: str, flag: int) -> str:
    data = bytearray(Path(path).read_bytes())
    for mark, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.find(mark) + offset] |= flag
    Path(path).write_bytes(data)
    return path


def test_encrypted(tmp_path: Path) -> None:
    refused(flagged(pack(tmp_path, good()), 1), r"The zip is encrypted \('a/0.png'\)")


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_methods_that_unpack_without_limit(tmp_path: Path, method: int) -> None:
    refused(pack(tmp_path, good(), method), "packed in an unusual way")


def test_too_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zips, "MAX_FILES", 7)
    refused(pack(tmp_path, good()), "holds 8 files and the limit is 7: use fewer images")


def test_too_many_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zips, "MAX_UNPACKED", 100)
    refused(pack(tmp_path, good()), "would unpack to .* GB and the limit is")


def test_a_list_of_contents_too_large_to_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zips, "_MAX_READ", 300)
    refused(pack(tmp_path, good()), "list of contents is larger than")


def test_a_bomb_by_its_ratio(tmp_path: Path) -> None:
    refused(
        pack(tmp_path, [*good(), ("a/bomb.png", bytes(40_000_000))]), "'a/bomb.png' would unpack to more than 200 times"
    )


def test_white_pages_are_no_bomb(tmp_path: Path) -> None:
    white = io.BytesIO()
    Image.new("RGB", (1500, 1200), "white").save(white, "BMP")
    path = pack(tmp_path, [(f"{c}/{i}.bmp", white.getvalue()) for c in "ab" for i in range(4)])
    assert Path(path).stat().st_size * zips.MAX_RATIO < 8 * len(white.getvalue())
    held = zips.SafeZip(Path(path))
    assert held.read("b/3.bmp") == white.getvalue()
    held.close()


def test_one_huge_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zips, "MAX_BYTES", 60)
    refused(pack(tmp_path, good()), r"8 files cannot be used as pictures \('a/[0-3].png' is larger than")


@pytest.mark.parametrize("claimed", [10, 100_000])
def test_sizes_that_lie(tmp_path: Path, claimed: int) -> None:
    path = Path(pack(tmp_path, good()))
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.find(b"PK\1\2") + 24, claimed)
    path.write_bytes(data)
    refused(str(path), "'a/0.png' is (damaged inside the zip|not as long as the zip says)")


def test_pixels_are_limited_inside_a_zip(tmp_path: Path) -> None:
    out = io.BytesIO()
    Image.new("1", (10_000, 8_000)).save(out, "PNG")
    path = pack(tmp_path, [*good(), ("a/wide.png", out.getvalue())], zipfile.ZIP_STORED)
    refused(path, r"'a/wide.png' has more than 36 megapixels \(10000 x 8000\)")


def test_damaged_and_cut_zips(tmp_path: Path) -> None:
    path = Path(pack(tmp_path, good()))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    refused(str(path), "'set.zip' is a damaged or incomplete zip")
    hurt = bytearray(whole)
    hurt[60] ^= 0xFF
    path.write_bytes(hurt)
    refused(str(path), "'a/0.png' is damaged inside the zip")


@pytest.mark.parametrize("data", [b"", b"not a zip at all", b"MZ" + bytes(100)])
def test_what_is_no_zip(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "set.zip").write_bytes(data)
    refused(str(tmp_path / "set.zip"), "'set.zip' is not a zip: pack a folder of class folders as .zip")


def test_an_empty_zip_and_a_zip_of_zips(tmp_path: Path) -> None:
    refused(pack(tmp_path, []), "There are no images here")
    refused(pack(tmp_path, [("a/inner.zip", b"PK\5\6" + bytes(18))]), "There are no images here")
    refused(pack(tmp_path, [*good(), ("a/fake.png", b"PK\3\4" + bytes(26))]), "'a/fake.png' is a ZIP archive under")


def test_a_picture_with_a_hostile_name_is_shown_tamely(tmp_path: Path) -> None:
    refused(pack(tmp_path, [*good(), ("a/\u202egnp.\x1b[31m.png", b"no")]), r"'a/\?gnp\.\?\[31m\.png' is not a picture")


def test_the_first_bytes_of_a_file(tmp_path: Path) -> None:
    path = Path(
        pack(tmp_path, [("a/long", b"0123456789" * 50), ("a/short", b"01"), ("a/none", b""), ("a/hurt", b"x" * 90)])
    )
    whole = bytearray(path.read_bytes())
    whole[whole.index(b"a/hurt") - 30] ^= 0xFF  # the first byte of its own record
    path.write_bytes(whole)
    source = zips.SafeZip(path)
    assert [source.head(f"a/{name}", 10) for name in ("long", "short", "none", "hurt")] == [
        b"0123456789",
        b"01",
        b"",
        b"",
    ]
    source.close()


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


def test_long_names_are_cut_in_sentences(tmp_path: Path) -> None:
    for name, data in (("a/" + "x" * 900 + ".png", b"no"), ("a/../" + "x" * 900, b""), ("\u4e00" * 990 + "/a/..", b"")):
        with pytest.raises(FtError) as error:
            sets.load(pack(tmp_path, [*good(), (name, data)]), TINY)
        assert len(str(error.value)) < 250
