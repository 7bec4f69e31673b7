"""What a file is by its first bytes, whatever it is called, and what to say of those that are no picture.

Knows nothing about decoding, folders or zips.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

READABLE = ("JPEG", "PNG", "GIF", "WebP", "BMP", "TIFF", "PNM", "AVIF", "HEIC")

# Kind -> how such a file begins. A pattern matches at the first byte; "." stands for any byte.
_BEGINNINGS: dict[str, bytes] = {
    "JPEG": rb"\xff\xd8\xff",
    "PNG": rb"\x89PNG\r\n\x1a\n",
    "GIF": rb"GIF8[79]a",
    "WebP": rb"RIFF....WEBP",
    "BMP": rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0",
    "CR2": rb"II\*\0....CR",
    "TIFF": rb"II\*\0|MM\0\*|II\+\0|MM\0\+",
    "PNM": rb"P[1-6f][\s#]",
    "AVIF": rb"....ftyp(avif|avis|(mif1|msf1)....(....){0,15}?avi[fs])",
    "HEIC": rb"....ftyp(hei[cxms]|hev[cxms]|mif1|msf1)",
    "CR3": rb"....ftypcrx ",
    "video": rb"....ftyp|\x1aE\xdf\xa3|RIFF....AVI ",
    "JPEG XL": rb"\xff\x0a|\0\0\0\x0cJXL \r\n",
    "JPEG 2000": rb"\0\0\0\x0cjP  \r\n|\xff\x4f\xff\x51",
    "PSD": rb"8BPS",
    "ICO": rb"\0\0[\x01\x02]\0[^\0]\0..[\0\x01]\0",
    "PDF": rb"%PDF-",
    "PostScript": rb"%!PS|\xc5\xd0\xd3\xc6",
    "ZIP": rb"PK(\x03\x04|\x05\x06|\x07\x08)",
    "RAR": rb"Rar!\x1a\x07",
    "7z": rb"7z\xbc\xaf\x27\x1c",
    "gzip": rb"\x1f\x8b\x08",
    "bzip2": rb"BZh[1-9]1AY&SY",
    "xz": rb"\xfd7zXZ\0",
    "zstd": rb"\x28\xb5\x2f\xfd",
    "tar": rb".{257}ustar",
    "LFS": rb"version https://git-lfs",
    "AppleDouble": rb"\0\x05\x16\x07",
    "HTML": rb"(?i:(\xef\xbb\xbf)?\s*<(!doctype html|html|head|body)\b)",
    "SVG": rb"(?i:(\xef\xbb\xbf)?\s*(<svg\b|<!doctype svg\b|<\?xml\b.*<svg\b))",
    "XML": rb"(?i:(\xef\xbb\xbf)?\s*<\?xml\b)",
}
_KINDS = {kind: re.compile(pattern, re.DOTALL) for kind, pattern in _BEGINNINGS.items()}


@dataclass(frozen=True)
class Other:
    """A kind that cannot be read as a picture: what it is, what to do, and the endings it goes by."""

    what: str
    cure: str
    endings: tuple[str, ...] = ()


_PACKED = "unpack it and give the pictures inside"
_RAW = ("a camera's raw photo", "export it as JPEG")
OTHERS: dict[str, Other] = {
    "CR2": Other(*_RAW, (".cr2",)),
    "CR3": Other(*_RAW, (".cr3",)),
    "video": Other("a video", "save single frames of it as JPEG", (".mp4", ".mov", ".m4v", ".webm", ".mkv", ".avi")),
    "JPEG XL": Other("a JPEG XL picture", "export it as JPEG or PNG", (".jxl",)),
    "JPEG 2000": Other("a JPEG 2000 picture", "export it as JPEG or PNG", (".jp2", ".j2k", ".jpx")),
    "PSD": Other("a Photoshop file", "export it as JPEG or PNG", (".psd", ".psb")),
    "ICO": Other("an icon file", "export it as PNG", (".ico", ".cur")),
    "PDF": Other("a PDF document", "export its pages as JPEG or PNG", (".pdf",)),
    "PostScript": Other("a PostScript drawing", "export it as PNG", (".ps", ".eps", ".ai")),
    "ZIP": Other("a ZIP archive", _PACKED, (".zip",)),
    "RAR": Other("a RAR archive", _PACKED, (".rar",)),
    "7z": Other("a 7z archive", _PACKED, (".7z",)),
    "gzip": Other("a gzip archive", _PACKED, (".gz", ".tgz")),
    "bzip2": Other("a bzip2 archive", _PACKED, (".bz2", ".tbz2")),
    "xz": Other("an xz archive", _PACKED, (".xz", ".txz")),
    "zstd": Other("a zstd archive", _PACKED, (".zst",)),
    "tar": Other("a tar archive", _PACKED, (".tar",)),
    "LFS": Other("a pointer of Git LFS to the picture", "fetch the pictures with 'git lfs pull'"),
    "AppleDouble": Other("a note of macOS about a picture", "leave it out"),
    "HTML": Other("a web page (HTML)", "save the picture itself, not its page", (".html", ".htm")),
    "SVG": Other("an SVG drawing, which has no pixels", "export it as PNG"),
    "XML": Other("an XML text", "give the picture itself", (".xml",)),
}


def kind_of(head: bytes) -> str | None:
    """The kind of a file by its first 32 bytes (more are welcome): a key of `OTHERS`, one of `READABLE`, or None.

    A kind says what the file claims to be, not that it is whole.
    """
    return next((kind for kind, pattern in _KINDS.items() if pattern.match(head)), None)


def strange(head: bytes, name: str) -> tuple[str, str] | None:
    """Why a file is no picture that can be read, and the cure, by its first bytes; None where they do not tell."""
    other = OTHERS.get(kind_of(head) or "")
    if other is None:
        return None
    own = os.path.splitext(name)[1].casefold() in (*other.endings, "")
    return f"is {other.what}{'' if own or not other.endings else ' under another name'}", other.cure
