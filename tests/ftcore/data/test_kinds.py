"""Files are told apart by their first bytes, whatever they are called."""

from __future__ import annotations

import gzip
import io
import zipfile

import pytest
from PIL import Image

from ftcore.data.kinds import OTHERS, READABLE, kind_of, strange


def picture(form: str, mode: str = "RGB", **extra: object) -> bytes:
    out = io.BytesIO()
    Image.new(mode, (20, 10)).save(out, form, **extra)
    return out.getvalue()


def packed() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as inside:
        inside.writestr("a", b"b")
    return out.getvalue()


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        *[(kind, picture(kind.upper())) for kind in ("JPEG", "PNG", "GIF", "WebP", "BMP", "TIFF", "AVIF")],
        ("JPEG", picture("MPO")),
        ("TIFF", picture("TIFF", big_tiff=True)),
        *[("PNM", picture("PPM", mode)) for mode in ("1", "L", "RGB", "F")],
        ("JPEG 2000", picture("JPEG2000")),
        ("ICO", picture("ICO")),
        ("PDF", picture("PDF")),
        ("PostScript", picture("EPS")),
        ("AVIF", b"\0\0\0\x20ftypmif1\0\0\0\0mif1miafavif"),
        ("HEIC", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"),
        ("HEIC", b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic"),
        ("video", b"\0\0\0\x18ftypisom\0\0\0\0isommp41"),
        ("CR3", b"\0\0\0\x18ftypcrx \0\0\0\0"),
        ("CR2", b"II*\0\x10\0\0\0CR\2\0"),
        ("ZIP", packed()),
        ("RAR", b"Rar!\x1a\x07\x01\x00"),
        ("7z", b"7z\xbc\xaf\x27\x1c\0\4"),
        ("gzip", gzip.compress(b"x", mtime=0)),
        ("HTML", b"\n<!DOCTYPE html><html>"),
        ("HTML", b"<html lang='en'>404</html>"),
        ("SVG", b'\xef\xbb\xbf <svg xmlns="x">'),
        ("SVG", b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>'),
        ("XML", b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'),
        ("LFS", b"version https://git-lfs.github.com/spec/v1\noid sha256:"),
        ("AppleDouble", b"\0\5\x16\7\0\2\0\0Mac OS X"),
        (None, b""),
        (None, b"Baum"),
        (None, b"these are words"),
        (None, b"<htmlish>"),
    ],
)
def test_kinds_by_their_first_bytes(kind: str | None, data: bytes) -> None:
    assert kind_of(data) == kind
    assert kind_of(data[:32]) == kind
    assert kind is None or (kind in READABLE) != (kind in OTHERS)
    assert (strange(data, "a.jpg") is None) == (kind not in OTHERS)


def test_another_name_is_said_only_where_it_is_one() -> None:
    layers, cure = b"8BPS\0\1", "export it as JPEG or PNG"
    assert strange(layers, "a.jpg") == ("is a Photoshop file under another name", cure)
    assert strange(layers, "drawing.PSD") == ("is a Photoshop file", cure)
    assert strange(layers, "drawing") == strange(layers, "drawing.psb") == strange(layers, "drawing.PSD")
    assert strange(b"<svg ", "a.png") == ("is an SVG drawing, which has no pixels", "export it as PNG")
