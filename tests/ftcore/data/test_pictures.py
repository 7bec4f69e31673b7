"""Pictures of every mode and shape, against torchvision where it has the say."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ftcore.data import pictures
from ftcore.data.check.looks import look
from ftcore.data.pictures import Stored, prepare, read_picture, size_of, to_rgb
from ftcore.errors import FtError
from ftcore.names import shown
from ftcore.preprocess import Preprocess

RED = (255, 0, 0)
PLAIN = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


def packed(picture: Image.Image, form: str = "PNG", **extra: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, **extra)
    return out.getvalue()


def noise(width: int, height: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(width * height).integers(0, 256, (height, width, 3), dtype=np.uint8))


@pytest.mark.parametrize("size", [(100, 60), (61, 97), (64, 64), (33, 200), (7, 5), (500, 333), (72, 90), (20, 20)])
@pytest.mark.parametrize("sides", [(64, 72), (64, 64), (224, 256), (63, 70), (80, 64)])
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_prepare_equals_torchvision(size: tuple[int, int], sides: tuple[int, int], interpolation: str) -> None:
    from torchvision.transforms import InterpolationMode, functional

    side, resize = sides
    picture = noise(*size)
    ours = prepare(picture, Preprocess(side, resize, *PLAIN, interpolation))
    resized = functional.resize(picture, [resize], InterpolationMode(interpolation), antialias=True)
    theirs = np.asarray(functional.center_crop(resized, [side, side]))
    assert ours.shape == (side, side, 3)
    assert ours.dtype == np.uint8
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_undone(orientation: int) -> None:
    upright = noise(6, 4)
    inverse = {
        1: lambda p: p,
        2: lambda p: p.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        3: lambda p: p.rotate(180),
        4: lambda p: p.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
        5: lambda p: p.transpose(Image.Transpose.TRANSPOSE),
        6: lambda p: p.transpose(Image.Transpose.ROTATE_90),
        7: lambda p: p.transpose(Image.Transpose.TRANSVERSE),
        8: lambda p: p.transpose(Image.Transpose.ROTATE_270),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    read = read_picture(packed(inverse(upright), exif=exif))
    np.testing.assert_array_equal(np.asarray(read), np.asarray(upright))


def test_a_damaged_exif_block_is_passed_over() -> None:
    data = packed(noise(8, 8), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff")
    assert read_picture(data).size == (8, 8)


def test_transparency_shows_white() -> None:
    half = Image.new("RGBA", (2, 1), (255, 0, 0, 128))
    half.putpixel((1, 0), (0, 0, 0, 0))
    assert list(np.asarray(read_picture(packed(half)))[0].tolist()) == [[255, 127, 127], [255, 255, 255]]
    grey = Image.new("LA", (1, 1), (10, 0))
    assert read_picture(packed(grey)).getpixel((0, 0)) == (255, 255, 255)


def test_palettes_with_and_without_transparency() -> None:
    picture = Image.new("P", (2, 1))
    picture.putpalette([255, 0, 0, 0, 0, 255])
    picture.putpixel((1, 0), 1)
    assert [read_picture(packed(picture)).getpixel((x, 0)) for x in (0, 1)] == [RED, (0, 0, 255)]
    clear = read_picture(packed(picture, transparency=1))
    assert [clear.getpixel((x, 0)) for x in (0, 1)] == [RED, (255, 255, 255)]
    colour_key = read_picture(packed(Image.new("RGB", (1, 1), RED), transparency=RED))
    assert colour_key.getpixel((0, 0)) == (255, 255, 255)


def test_deep_grey_is_scaled_not_clipped() -> None:
    deep = np.array([[0, 257, 32768, 65535]], dtype=np.uint16)
    wanted = [[0, 1, 128, 255]]
    for data in (packed(Image.fromarray(deep)), packed(Image.fromarray(deep), "TIFF")):
        assert np.asarray(read_picture(data))[..., 0].tolist() == wanted
    assert np.asarray(to_rgb(Image.fromarray(deep.astype(np.int32))))[..., 1].tolist() == wanted
    assert np.asarray(to_rgb(Image.fromarray(np.array([[0, 255]], np.int32))))[..., 1].tolist() == [[0, 255]]


def test_real_numbers_are_scaled() -> None:
    unit = np.array([[0.0, 0.5, 1.0, np.nan]], dtype=np.float32)
    assert np.asarray(read_picture(packed(Image.fromarray(unit), "TIFF")))[..., 2].tolist() == [[0, 128, 255, 0]]
    wide = np.array([[-10.0, 0.0, 10.0]], dtype=np.float32)
    assert np.asarray(to_rgb(Image.fromarray(wide)))[..., 0].tolist() == [[0, 128, 255]]
    assert np.asarray(to_rgb(Image.fromarray(np.full((1, 1), 200.0, np.float32)))).tolist() == [[[200, 200, 200]]]


def test_print_colours_and_one_bit() -> None:
    ink = read_picture(packed(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG", quality=100))
    assert np.abs(np.asarray(ink).astype(int) - RED).max() <= 2
    bits = Image.new("1", (2, 1))
    bits.putpixel((1, 0), 1)
    assert np.asarray(read_picture(packed(bits))).tolist() == [[[0] * 3, [255] * 3]]


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG", "TIFF"])
def test_an_animation_gives_its_first_frame(form: str) -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in (RED, (0, 0, 255))]
    extra = {"lossless": True} if form == "WEBP" else {}
    data = packed(frames[0], form, save_all=True, append_images=frames[1:], **extra)
    assert read_picture(data).getpixel((1, 1)) == RED


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF", "MPO"])
def test_a_cut_file_is_refused_in_one_sentence(form: str) -> None:
    whole = packed(noise(64, 64), form)
    assert read_picture(whole).size == (64, 64)
    with pytest.raises(FtError, match=r"^'cut\.x' is (damaged or cut short|not a picture that can be read): .*\.$"):
        read_picture(whole[: len(whole) // 2], "cut.x")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty (0 bytes)"),
        (b"hello, I am a text", "is not a picture that can be read"),
        (b'\xef\xbb\xbf <?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "is an SVG drawing"),
        (b"8BPS\0\1" + bytes(40), "is a Photoshop file under another name: export it as JPEG or PNG"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "is damaged or cut short: save or copy it again"),
        (b"<!DOCTYPE html><html>404</html>", "is a web page (HTML) under another name: save the picture itself"),
        (b"PK\x03\x04" + bytes(40), "is a ZIP archive under another name: unpack it"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is a PostScript drawing under another name"),
    ],
)
def test_what_is_no_picture_is_named(tmp_path: Path, data: bytes, reason: str) -> None:
    (tmp_path / "a.jpg").write_bytes(data)
    with pytest.raises(FtError) as error:
        read_picture(tmp_path / "a.jpg")
    assert str(error.value).startswith(f"'a.jpg' {reason}")
    assert str(error.value).count(".") == str(error.value).count("a.jpg") + 1


def test_a_bomb_is_refused_by_its_header(monkeypatch: pytest.MonkeyPatch) -> None:
    huge = packed(Image.new("1", (10_000, 8_000)))
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("decoded"))
    with pytest.raises(FtError, match=r"has more than 36 megapixels \(10000 x 8000\): make it smaller"):
        read_picture(huge, "huge.png")


def test_a_giant_header_and_a_giant_file_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bomb = bytearray(packed(Image.new("L", (1, 1)), "BMP"))
    bomb[18:26] = (60_000).to_bytes(4, "little") * 2
    with pytest.raises(FtError, match="megapixels"):
        read_picture(bytes(bomb))
    monkeypatch.setattr(pictures, "MAX_BYTES", 100)
    (tmp_path / "big.bmp").write_bytes(packed(noise(30, 30), "BMP"))
    with pytest.raises(FtError, match="is larger than"):
        read_picture(tmp_path / "big.bmp")


def test_a_thread_of_a_picture_is_refused_before_it_is_stretched() -> None:
    with pytest.raises(FtError, match=r"too long and thin \(100000 x 1\)"):
        prepare(Image.new("RGB", (100_000, 1)), Preprocess(64, 72, *PLAIN))


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(FtError, match="cannot be opened"):
        read_picture(tmp_path / "none.png")
    with pytest.raises(FtError, match="is not a plain file"):
        read_picture(tmp_path)


def test_names_are_made_fit_for_a_sentence() -> None:
    assert shown("a\nb\u202egnp\udc80") == "a?b?gnp?"
    assert shown("é") == "é"
    assert len(shown("x" * 500)) == 80


@pytest.mark.parametrize("size", [(3012, 5), (5, 3012), (2000, 60), (60, 2001)])
def test_of_a_long_picture_only_the_kept_middle_is_resized(size: tuple[int, int]) -> None:
    from torchvision.transforms import InterpolationMode, functional

    picture = noise(*size)
    resized = functional.resize(picture, [72], InterpolationMode("bilinear"), antialias=True)
    theirs = np.asarray(functional.center_crop(resized, [64, 64])).astype(int)
    assert np.abs(prepare(picture, Preprocess(64, 72, *PLAIN)) - theirs).max() <= 1


@pytest.mark.parametrize(("size", "wanted"), [((4032, 3024), (2016, 1512)), ((2048, 2048), (2048, 2048))])
def test_a_large_photo_comes_back_reduced(size: tuple[int, int], wanted: tuple[int, int]) -> None:
    small = Image.linear_gradient("L").convert("RGB")
    for form in ("JPEG", "PNG"):
        read = read_picture(packed(small.resize(size), form))
        assert read.size == wanted
        assert size_of(read) == size
        there = np.asarray(small.resize(wanted)).astype(int)
        assert np.abs(np.asarray(read) - there).max() <= 3


@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF"])
def test_a_look_tells_the_size_that_the_file_has(form: str) -> None:
    """Upright, however much smaller the picture was read."""
    exif = Image.Exif()
    exif[0x0112] = 6
    seen = look(Stored(1, lambda: packed(noise(2600, 2000), form, exif=exif)), "large")
    assert (seen.size, seen.wrong) == ((2000, 2600), "")


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_every_kind_that_knows_its_way_up_is_turned(form: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = Image.new("RGB", (64, 32), RED)
    picture.paste((0, 0, 255), (0, 0, 32, 32))
    read = read_picture(packed(picture, form, exif=exif))
    assert read.size == size_of(read) == (32, 64)
    assert np.abs(np.subtract(read.getpixel((16, 4)), (0, 0, 255))).max() < 20
    assert np.abs(np.subtract(read.getpixel((16, 60)), RED)).max() < 20


@pytest.mark.parametrize("size", [(20_000, 1), (5, 30_000)])
def test_a_long_thin_file_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(FtError, match="is too long and thin"):
        read_picture(packed(Image.new("RGB", size)))
