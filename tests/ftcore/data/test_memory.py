"""No picture, read or refused, takes more than 300 MB, nor do four at once: measured in a process of its own."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from ftcore.files import ROOT
from tests.ftcore.data.phones import claiming, coded, grid, heic, sequence

MOST = 300  # MB above an idle process
CHILD = """
import io, sys, threading
from PIL import Image
from ftcore.data.pictures import prepare, read_picture
from ftcore.errors import FtError
from ftcore.preprocess import Preprocess

def kilobytes(field):
    return int(next(line for line in open("/proc/self/status") if line.startswith(field)).split()[1])

def take(path, said):
    try:
        if path.endswith(".zip"):
            from ftcore.data import sets  # costs every other case more than its picture

            said.append(str(sets.load(path, small).classes))
        else:
            picture = read_picture(path)
            prepare(picture, small)
            said.append(str(picture.size))
    except FtError as error:
        said.append(str(error))

small, said, path = Preprocess(224, 256, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)), [], sys.argv[1]
for form in ("PNG", "AVIF", "TIFF", "WEBP", "HEIC"):
    out = io.BytesIO()
    if form == "HEIC":
        import pillow_heif

        pillow_heif.from_pillow(Image.new("RGB", (9, 9))).save(out)
    else:
        Image.new("RGB", (9, 9)).save(out, form)
    prepare(read_picture(out.getvalue()), small)
idle = kilobytes("VmRSS")
threads = [threading.Thread(target=take, args=(path, said)) for _ in range(int(sys.argv[2]))]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print((kilobytes("VmHWM") - idle) // 1024, *sorted(set(said)), sep="\\n")
"""


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, depth: int = 8, colour: int = 2, extra: bytes = b"") -> bytes:
    """A black PNG of any size in a few bytes, without the memory that making it as a picture would take.

    Of one that is refused by its header there are few pixels.
    """
    row = bytes(1 + min(-(-width * depth * {0: 1, 2: 3, 3: 1, 6: 4}[colour] // 8), 2**16))
    packer = zlib.compressobj(1)
    body = b"".join(packer.compress(row) for _ in range(height if width * height < 36e6 else 1)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = chunk(b"IHDR", header), extra, chunk(b"IDAT", body), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def saved(form: str, size: tuple[int, int], mode: str = "RGB", frames: int = 1, **extra: object) -> bytes:
    out = io.BytesIO()
    more = {"save_all": True, "append_images": [Image.new(mode, size, i) for i in range(1, frames)]}
    Image.new(mode, size).save(out, form, **(more if frames > 1 else {}), **extra)
    return out.getvalue()


def palette() -> bytes:
    return chunk(b"PLTE", bytes(range(256)) * 3) + chunk(b"tRNS", bytes(range(256)))


def texts() -> bytes:
    long = zlib.compress(b"a" * 1_000_000 + "\U0001f600".encode())
    return b"".join(chunk(b"iTXt", b"k%d\0\1\0\0\0" % i + long) for i in range(60))


def exif_of_many_values() -> bytes:
    return b"MM\0*\0\0\0\x08\0\1" + struct.pack(">HHII", 0x112, 3, 10_000_000, 26) + bytes(20_000_004)


def jpeg_with_notes() -> bytes:
    whole = saved("JPEG", (20, 10))
    part = b"\xff\xe1\xff\xffExif\0\0" + exif_of_many_values()[: 0xFFFF - 8]
    return whole[:2] + part * 300 + whole[2:]


def gif_with_comments() -> bytes:
    whole = saved("GIF", (4, 4), "P")
    at = 13 + (3 << (whole[10] & 7) + 1)
    return whole[:at] + b"!\xfe" + b"\2ab" * 2_000_000 + b"\0" + whole[at:]


def tiff_with(tag: int, count: int, value: int) -> bytes:
    """A small TIFF, packed, with one entry replaced."""
    whole = bytearray(saved("TIFF", (20, 10), compression="tiff_adobe_deflate") + bytes(4_000_000))
    first = struct.unpack_from("<I", whole, 4)[0]
    entries = [first + 2 + 12 * i for i in range(struct.unpack_from("<H", whole, first)[0])]
    at = next(at for at in entries if struct.unpack_from("<H", whole, at)[0] == tag)
    struct.pack_into("<HII", whole, at + 2, 4, count, value)
    return bytes(whole)


def avif_that_lies() -> bytes:
    """Its container claims 10 x 10 pixels, its frame has 64 million."""
    true, claim = (struct.pack(">II", side, side) for side in (8000, 10))
    return saved("AVIF", (8000, 8000), speed=10).replace(true, claim)


def photo(size: tuple[int, int], mode: str = "RGB", **more: object) -> bytes:
    return heic(Image.new(mode, size, (200, 90, 30, 100)[: len(mode)]), quality=30, **more)


def tiles(size: tuple[int, int], **more: bool) -> bytes:
    return grid(*coded(photo((512, 512))), -(-size[0] // 512), -(-size[1] // 512), size, **more)


def heic_that_lies(size: tuple[int, int]) -> bytes:
    """Its header claims a frame of this size, of which there are only the first 64 x 64 pixels."""
    hvcc, data = coded(photo((64, 64)))
    return grid(claiming(hvcc, sequence(*size)), data, 1, 1, size)


def six_in_a_zip() -> bytes:
    out = io.BytesIO()
    hard = [png(1, 64_000_000), png(5000, 4000, 16, 6), png(5000, 4000, 8, 3, palette()), png(10, 10, extra=texts())]
    hard += [saved("JPEG", (9000, 8000)), saved("WEBP", (4032, 3024), method=0)]
    with zipfile.ZipFile(out, "w") as inside:
        for i, data in enumerate(hard * 2):
            inside.writestr(f"{'ab'[i % 2]}/{i}.png", data)
    return out.getvalue()


MUCH = "takes too much memory to read"
CASES: dict[str, tuple[Callable[[], bytes], str]] = {
    "png, one column": (lambda: png(1, 64_000_000), "more than 36 megapixels (1 x 64000000)"),
    "png, one row of 16 bits": (lambda: png(64_000_000, 1, 16, 6), "more than 36 megapixels (64000000 x 1)"),
    "png, a thread": (lambda: png(5, 30_000), "too long and thin (5 x 30000)"),
    "png, grey of 16 bits, 64 megapixels": (lambda: png(8000, 8000, 16, 0), "more than 36 megapixels (8000 x 8000)"),
    "png, grey of 16 bits": (lambda: png(5000, 4000, 16, 0), "(1667, 1334)"),
    "png, colour and alpha of 16 bits": (lambda: png(5000, 4000, 16, 6), "(1667, 1334)"),
    "png, palette with transparency": (lambda: png(5000, 4000, 8, 3, palette()), "(1667, 1334)"),
    "png, one bit": (lambda: png(8000, 4400, 1, 0), "(2667, 1467)"),
    "png, texts that unpack": (lambda: png(10, 10, extra=texts()), "(10, 10)"),
    "png, EXIF of many values": (lambda: png(10, 10, extra=chunk(b"eXIf", exif_of_many_values())), "(10, 10)"),
    "apng": (lambda: saved("PNG", (4000, 3000), "RGBA", 2), "(2000, 1500)"),
    "jpeg, 72 megapixels": (lambda: saved("JPEG", (9000, 8000)), "(1125, 1000)"),
    "jpeg, 200 megapixels": (lambda: saved("JPEG", (16320, 12240), "L"), "(2040, 1530)"),
    "jpeg, print colours": (lambda: saved("JPEG", (6000, 6000), "CMYK"), "(1500, 1500)"),
    "jpeg, progressive": (lambda: saved("JPEG", (8000, 7000), progressive=True), "(2000, 1750)"),
    "jpeg, progressive at full colour": (lambda: saved("JPEG", (9000, 8000), progressive=True, subsampling=0), MUCH),
    "jpeg, notes without end": (jpeg_with_notes, "(20, 10)"),
    "tiff, real numbers": (lambda: saved("TIFF", (4000, 3900), "F"), "(2000, 1950)"),
    "tiff, Lab": (lambda: saved("TIFF", (3600, 3500), "LAB", compression="tiff_lzw"), "(1800, 1750)"),
    "tiff, one strip": (lambda: saved("TIFF", (6000, 6000), compression="tiff_lzw", strip_size=2**30), MUCH),
    "tiff, turned": (lambda: saved("TIFF", (4400, 4400), compression="tiff_lzw", tiffinfo={274: 6}), "(1467, 1467)"),
    "tiff, a million strips": (lambda: tiff_with(273, 1_000_000, 8), "is damaged"),
    "gif, a huge canvas": (lambda: b"GIF89a" + bytes((255,)) * 4 + saved("GIF", (4, 4), "P")[10:], "megapixels"),
    "gif, moving": (lambda: saved("GIF", (5000, 4000), "P", 2), "(1667, 1334)"),
    "gif, comments": (gif_with_comments, "(4, 4)"),
    "webp, moving": (lambda: saved("WEBP", (4032, 3024), frames=2, method=0), "(2016, 1512)"),
    "webp, 36 megapixels": (lambda: saved("WEBP", (6000, 5900), method=0), MUCH),
    "avif": (lambda: saved("AVIF", (4032, 3024), "RGBA", speed=10), "(2016, 1512)"),
    "avif, moving": (lambda: saved("AVIF", (3000, 3000), frames=3, speed=10), "(1500, 1500)"),
    "avif, 36 megapixels": (lambda: saved("AVIF", (6000, 5900), speed=10), MUCH),
    "avif, a frame larger than told": (avif_that_lies, "(10, 10)"),
    "heic": (lambda: photo((4032, 3024), chroma=444), "(2016, 1512)"),
    "heic, transparent": (lambda: photo((4032, 3024), "RGBA"), "(2016, 1512)"),
    "heic, 48 megapixels in tiles": (lambda: tiles((8064, 6048)), "(2016, 1512)"),
    "heic, 200 megapixels in tiles": (lambda: tiles((16320, 12240)), "(2332, 1749)"),
    "heic, 48 megapixels, transparent": (lambda: tiles((8064, 6048), alpha=True), "(2016, 1512)"),
    "heic, 300 megapixels in tiles": (lambda: tiles((15000, 20000)), "more than 268 megapixels (15000 x 20000)"),
    "heic, 36 megapixels in one piece": (lambda: heic_that_lies((6000, 6000)), MUCH),
    "heic, a huge frame": (lambda: heic_that_lies((2**16, 2**16)), "more than 268 megapixels (65536 x 65536)"),
    "heic, a frame that is not there": (lambda: heic_that_lies((4000, 4000)), "damaged"),
    "ppm, huge numbers": (lambda: b"P6 9999999 9999999 255\n", "more than 36 megapixels"),
    "ppm, 16 bits": (lambda: b"P5 4200 4200 65535\n" + bytes(4200 * 4200 * 2), "(1400, 1400)"),
    "bmp": (lambda: saved("BMP", (4600, 4600)), "(1534, 1534)"),
}


def measured(tmp_path: Path, data: bytes, name: str, threads: int) -> tuple[int, str]:
    path = tmp_path / name
    path.write_bytes(data)
    command = [sys.executable, "-c", CHILD, str(path), str(threads)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    peak, said = done.stdout.rstrip().split("\n")
    return int(peak), said


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not tell a process its peak")
@pytest.mark.parametrize("case", CASES)
def test_four_pictures_at_once_stay_within_memory(tmp_path: Path, case: str) -> None:
    make, wanted = CASES[case]
    peak, said = measured(tmp_path, make(), "x.png", 4)
    assert wanted in said
    assert peak <= MOST


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not tell a process its peak")
def test_six_hard_pictures_in_a_zip_stay_within_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THAW_HOME", str(tmp_path / "home"))
    peak, said = measured(tmp_path, six_in_a_zip(), "set.zip", 1)
    assert said.startswith("2 files cannot be used as pictures")
    assert peak <= MOST
