"""Hostile and broken zips: one sentence each, nothing written outside, nothing left behind."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from ftcore.data import sets, zips
from ftcore.errors import FtError
from tests.ftcore.data.laid_out import TINY, good, pack, png

pytestmark = pytest.mark.usefixtures("nothing_left")


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


def test_long_names_are_cut_in_sentences(tmp_path: Path) -> None:
    for name, data in (("a/" + "x" * 900 + ".png", b"no"), ("a/../" + "x" * 900, b""), ("\u4e00" * 990 + "/a/..", b"")):
        with pytest.raises(FtError) as error:
            sets.load(pack(tmp_path, [*good(), (name, data)]), TINY)
        assert len(str(error.value)) < 250
