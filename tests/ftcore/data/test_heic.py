"""Photos in HEIC: the same pixels as from libheif, upright once, and nothing decoded of a file that lies."""

from __future__ import annotations

import contextlib
import io
import random
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from ftcore.data import pictures
from ftcore.data.decoding import heic as decoding
from ftcore.data.decoding import hevc
from ftcore.data.decoding.bits import Parts
from ftcore.data.pictures import PictureError, read_picture, to_rgb
from tests.ftcore.data.phones import claiming, coded, grid, heic, sequence

SENTENCE = r"^'picture' is (damaged or cut short|not a picture that can be read|a video|a HEIF file of .*): .*\.$"


def smooth(width: int, height: int, mode: str = "RGB") -> Image.Image:
    few = np.random.default_rng(width * height).integers(40, 216, (5, 6, 3), dtype=np.uint8)
    picture = Image.fromarray(few).resize((width, height), Image.Resampling.BICUBIC).convert(mode)
    if mode.endswith("A"):
        picture.putalpha(Image.linear_gradient("L").resize((width, height)))
    return picture


def far(one: Image.Image, other: Image.Image) -> int:
    assert one.size == other.size
    return int(np.abs(np.asarray(one).astype(int) - np.asarray(other)).max())


def by_libheif(data: bytes) -> Image.Image:
    return to_rgb(pillow_heif.open_heif(data).to_pillow())


@pytest.mark.parametrize("more", [{}, {"chroma": 444}, {"chroma": 422}, {"tile_size": 64}, {"tile_size": 50}], ids=str)
@pytest.mark.parametrize("size", [(64, 64), (101, 77), (300, 200), (3, 5), (1, 1)])
def test_pixels_are_those_of_libheif_and_near_the_original(size: tuple[int, int], more: dict[str, int]) -> None:
    picture = smooth(*size)
    data = heic(picture, **more)
    read = read_picture(data)
    assert read.mode == "RGB"
    assert far(read, by_libheif(data)) == 0
    assert min(size) < 9 or far(read, picture) <= 24


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA"])
@pytest.mark.parametrize("size", [(64, 64), (101, 77)])
def test_grey_and_transparent(size: tuple[int, int], mode: str) -> None:
    picture = smooth(*size, mode)
    data = heic(picture)
    assert far(read_picture(data), by_libheif(data)) == 0
    assert far(read_picture(data), to_rgb(picture)) <= 16


@pytest.mark.parametrize("mode", ["RGB;16", "RGBA;16", "I;16"])
def test_ten_bits(mode: str) -> None:
    eight = np.asarray(smooth(64, 48, {"I;16": "L"}.get(mode, mode[:-3])))
    out = io.BytesIO()
    deep = (eight.astype(np.uint16) * 257).tobytes()
    pillow_heif.from_bytes(mode, (64, 48), deep).save(out, quality=90, chroma=444)
    assert far(read_picture(out.getvalue()), to_rgb(Image.fromarray(eight))) <= 8


@pytest.mark.parametrize("tiles", [0, 64])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_turned_once_as_the_container_says(orientation: int, tiles: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = smooth(150, 90)
    data = heic(picture, exif=exif.tobytes(), tile_size=tiles)
    assert b"Exif" in data
    plain = io.BytesIO()
    picture.save(plain, "PNG", exif=exif)
    assert far(read_picture(data), by_libheif(data)) == 0
    assert far(read_picture(data), read_picture(plain.getvalue())) <= 12


def test_what_exif_says_alone_does_not_count() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = heic(smooth(128, 64), exif=exif.tobytes())
    assert read_picture(data.replace(b"irot", b"free")).size == (128, 64)
    assert read_picture(data).size == (64, 128)


@pytest.mark.parametrize("more", [{}, {"tile_size": 500}], ids=str)
@pytest.mark.parametrize("size", [(3000, 2000), (2501, 2333)])
def test_a_large_one_is_reduced_as_a_whole_would_be(size: tuple[int, int], more: dict[str, int]) -> None:
    data = heic(smooth(*size), **more)
    whole = pillow_heif.open_heif(data).to_pillow()
    read = read_picture(data)
    assert far(read, to_rgb(whole, pictures.WHOLE)) <= 1
    assert pictures.size_of(read) == size


def test_the_first_of_several_that_is_the_primary_is_read() -> None:
    file = pillow_heif.from_pillow(Image.new("RGB", (64, 64), "red"))
    file.add_from_pillow(Image.new("RGB", (32, 32), "blue"))
    for primary, size in enumerate(((64, 64), (32, 32))):
        out = io.BytesIO()
        file.save(out, primary_index=primary)
        assert read_picture(out.getvalue()).size == size


def test_threads_read_the_same() -> None:
    data = [heic(smooth(200 + 10 * i, 100), tile_size=64) for i in range(8)]
    alone = [read_picture(one) for one in data]
    with ThreadPoolExecutor(8) as threads:
        assert all(far(*both) == 0 for both in zip(alone, threads.map(read_picture, data), strict=True))


def test_the_size_that_the_container_claims_has_no_say() -> None:
    honest = heic(smooth(128, 64))
    for claim in ((10, 10), (2**31, 2**31), (0, 0)):
        lying = honest.replace(struct.pack(">4sIII", b"ispe", 0, 128, 64), struct.pack(">4sIII", b"ispe", 0, *claim))
        assert lying != honest
        assert far(read_picture(lying), read_picture(honest)) == 0


def test_a_sequence_s_header() -> None:
    hvcc, _ = coded(heic(smooth(64, 64)))
    for layers in (0, 2):
        for chroma, samples in ((0, 1.0), (1, 1.5), (2, 2.0), (3, 3.0)):
            found = hevc.configuration(claiming(hvcc, sequence(300, 200, chroma, 10, layers)), Parts())
            assert found.sequence == hevc.Sequence(300, 200, 320 * 256, chroma, 10)
            assert found.sequence.frame == 320 * 256 * samples * 2
            assert (found.box[16:19], found.wide) == (bytes((0xFC | chroma, 0xFA, 0xFA)), 4)


@pytest.mark.parametrize(
    ("size", "said"),
    [((6000, 6000), "takes too much memory"), ((60_000, 60_000), "megapixels"), ((64_000, 8), "is too long and thin")],
)
def test_a_small_file_with_a_huge_frame_is_refused_undecoded(
    size: tuple[int, int], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "_library", lambda: pytest.fail("decoded"))
    hvcc, data = coded(heic(smooth(64, 64)))
    with pytest.raises(PictureError, match=said):
        read_picture(grid(claiming(hvcc, sequence(*size)), data, 1, 1, size))


@pytest.mark.parametrize(
    ("columns", "rows", "size", "said"),
    [
        (3, 2, (150, 100), None),
        (1, 1, (50, 60), None),
        (3, 2, (1500, 1000), "damaged"),
        (3, 2, (128, 100), "damaged"),
        (40, 40, (40 * 64, 40 * 64), "of a form that cannot be read"),
        (3, 2, (0, 0), "has no pixels"),
    ],
)
def test_tiles_must_cover_the_picture_and_be_few(
    columns: int, rows: int, size: tuple[int, int], said: str | None
) -> None:
    data = grid(*coded(heic(smooth(64, 64))), columns, rows, size)
    if said is None:
        assert read_picture(data).size == size
    else:
        with pytest.raises(PictureError, match=said):
            read_picture(data)


def test_tiles_that_share_many_bytes_are_refused() -> None:
    hvcc, data = coded(heic(smooth(64, 64)))
    note = b"\x4e\x01" + bytes(200_000)
    shared = data + len(note).to_bytes(4, "big") + note
    assert read_picture(grid(hvcc, shared, 1, 1, (64, 64))).size == (64, 64)
    with pytest.raises(PictureError, match="damaged"):
        read_picture(grid(hvcc, shared, 20, 20, (1280, 1280)))


@pytest.mark.parametrize("many", [b"\0\0\0\0" * 100_000, b"\0\0\0\x03\x26\x01\x00" * 700])
def test_units_without_end_are_refused(many: bytes) -> None:
    hvcc, data = coded(heic(smooth(64, 64)))
    with pytest.raises(PictureError, match="damaged"):
        read_picture(grid(hvcc, data + many, 1, 1, (64, 64)))


def test_a_frame_that_may_name_others_counts_with_all_of_them() -> None:
    hvcc, data = coded(heic(smooth(64, 64)))
    assert data[4] >> 1 in (19, 20)
    other = data[:4] + bytes((21 << 1,)) + data[5:]
    costs = [decoding.Photo(grid(hvcc, one, 1, 1, (64, 64)), print).cost(pictures.WHOLE) for one in (data, other)]
    assert costs[1] - costs[0] == 16 * int(64 * 64 * 3.5)
    with pytest.raises(PictureError, match="damaged"):
        read_picture(grid(hvcc, data[:4] + bytes((1 << 1,)) + data[5:], 1, 1, (64, 64)))


@pytest.mark.parametrize("more", [{}, {"tile_size": 64}, {"mode": "RGBA"}], ids=str)
def test_cut_anywhere(more: dict[str, str]) -> None:
    whole = heic(smooth(150, 100, more.pop("mode", "RGB")), **more)
    for end in [*range(1, 900, 13), *range(900, len(whole), 211)]:
        with pytest.raises(PictureError, match=SENTENCE):
            read_picture(whole[:end])


@pytest.mark.parametrize("seed", range(4))
def test_any_bytes_end_in_a_picture_or_a_sentence(seed: int) -> None:
    rng = random.Random(seed)
    whole = heic(smooth(150, 100, rng.choice(("RGB", "RGBA"))), tile_size=rng.choice((0, 64)), thumbnails=[32])
    for _ in range(150):
        data = bytearray(whole)
        for _ in range(rng.choice((1, 1, 3, 20))):
            data[rng.randrange(rng.choice((900, len(data))))] = rng.choice((0, 1, 127, 255, rng.randrange(256)))
        with contextlib.suppress(PictureError):
            assert read_picture(bytes(data)).mode == "RGB"


def test_other_forms_are_named() -> None:
    data = heic(smooth(64, 64))
    for form in (b"av01", b"jpeg", b"iovl"):
        with pytest.raises(PictureError, match="is a HEIF file of a form that cannot be read: export it as JPEG"):
            read_picture(data.replace(b"hvc1", form))
    with pytest.raises(PictureError, match="is a HEIF file of a form that cannot be read"):
        read_picture(b"\0\0\0\x14ftyphevc\0\0\0\0hevc\0\0\0\x08moov")


def test_without_the_library_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    data = heic(smooth(64, 64))
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(PictureError, match="is a HEIC photo, and pillow-heif is not installed: export it as JPEG"):
        read_picture(data)


def test_the_library_is_not_imported_at_start() -> None:
    code = "import sys, ftcore.data.pictures; sys.exit('pillow_heif' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
