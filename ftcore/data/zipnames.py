"""The names in a zip as they were meant, whatever the packer said about how they are written.

A name may come in Unicode, or as bytes of a code page that nobody names. Knows nothing about what is in the files.
"""

from __future__ import annotations

import contextlib
import itertools
import re
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence

from ftcore.names import shown

_UTF8_FLAG = 0x800
_UNICODE_PATH = 0x7075  # Info-ZIP's extra field, written by WinRAR, WinZip and others
_WORD = re.compile(r"[^\W\d_]+")
_COMMON_HANGUL = frozenset(
    "가각간갈감강개객거건걸검겁것게겨격견결경계고곡곤골공과관광교구국군굴권귀규그근글금급기긴길김까깔꽃꼬끼나난날남내너네녀년노녹"
    "논농누눈뉴느는늘능니다단달닭담답당대더데도독돈돌동돼되두둑뒤드등디따땅때또뚜라락란람랑래량러레려력련렬령례로록론롱료루류르"
    "른름릉리린림립링마막만말망매맥머먹메면명모목몰무문물미민밀바박반발밤밥방배백버번벌범법벤벽변별병보복본볼봄봉부북분불붕브블비"
    "빈빙빛빨뼈뿌사산살삼상새색생서석선설섬성세센셀소속손솔송쇠수숙순술숲스습승시식신실심싸쌀쓰씨아악안알암압앙애야약양어억언얼"
    "엄업에여역연열염엽영예오옥온올옷와완왕외요용우욱운울움원월위유육윤으은을음응의이인일임입잉자작잔잠장재저적전절점접정제조족존"
    "종좌주죽준줄중즈증지직진질집징차착찬참창채책처천철첩청체초촌총추축춘출충치칙친칠침카칸칼커컴코콘콩쿠크클키타탁탄탈탕태터"
    "테텔토톤통투트특티파판팔패퍼페평포폭표푸품풍프플피필하학한할함합항해핵행향허험현혈협형혜호혹혼홍화환활황회획효후훈휘휴흑흙흥희"
)


def true_names(records: Sequence[zipfile.ZipInfo]) -> tuple[list[str], tuple[str, ...]]:
    """Each record's name in composed Unicode with '/' between folders, and sentences about what is doubtful."""
    names = [_said(record) for record in records]
    unsaid = {i: _raw(records[i]) for i, name in enumerate(names) if name is None}
    read, notes = _read(list(unsaid.values()))
    names = [name if name is not None else read[unsaid[i]] for i, name in enumerate(names)]
    return [_with_slashes(name or "") for name in names], notes


def _raw(record: zipfile.ZipInfo) -> bytes:
    # zipfile has read names without the flag as cp437, which the format prescribes (APPNOTE.TXT, appendix D) and few
    # packers keep to; every byte is a sign there, so the bytes come back whole.
    return record.orig_filename.encode("utf-8" if record.flag_bits & _UTF8_FLAG else "cp437")


def _said(record: zipfile.ZipInfo) -> str | None:
    """The name where the zip says how it is written, or where there is but one way."""
    raw = _raw(record)
    with contextlib.suppress(UnicodeError, struct.error):
        for kind, body in _extra_fields(record.extra):
            if kind == _UNICODE_PATH and struct.unpack("<BL", body[:5]) == (1, zlib.crc32(raw)):
                return body[5:].decode()
    return record.orig_filename if raw.isascii() or record.flag_bits & _UTF8_FLAG else None


def _extra_fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    while len(extra) >= 4:
        kind, length = struct.unpack("<HH", extra[:4])
        yield kind, extra[4 : 4 + length]
        extra = extra[4 + length :]


def _with_slashes(name: str) -> str:
    """Old packers on Windows write backslashes between folders."""
    return unicodedata.normalize("NFC", name.replace("\\", "/").removeprefix("./"))


def _read(raws: list[bytes]) -> tuple[dict[bytes, str], tuple[str, ...]]:
    """The text of names that do not say how they are written, all of one zip in one way, and what to say of it."""
    if not raws:
        return {}, ()
    with contextlib.suppress(UnicodeError):
        return {raw: raw.decode() for raw in raws}, ()
    fitting = _fitting(raws)
    ways = [f"{title} ({_examples(texts)})" for title, texts in fitting.items()]
    unsaid = "The names in this zip do not say how they are written"
    if len(fitting) == 1:
        again = "If that is wrong, pack the folder anew with UTF-8 names (7-Zip or `zip`)."
        return dict(zip(raws, *fitting.values(), strict=True)), (f"{unsaid}: they were read as {ways[0]}. {again}",)
    texts = [raw.decode("cp437") for raw in raws]
    could = f" and could be {' or '.join(ways)}" if ways else ""
    note = f"{unsaid}{could}: they were left unread ({_examples(texts)}). Pack the folder anew with UTF-8 names"
    return dict(zip(raws, texts, strict=True)), (f"{note} (7-Zip or `zip`).",)


def _examples(texts: Iterable[str]) -> str:
    """The first few words that are in doubt."""
    parts = (part for text in texts for part in re.split(r"[/\\]", text) if not part.isascii())
    return ", ".join([shown(part, 24) for part in dict.fromkeys(parts)][:3])


def _fitting(raws: Sequence[bytes]) -> dict[str, list[str]]:
    """Title -> all texts, of each code page in which every name makes sense; one title for pages that agree."""
    readings: dict[str, list[str]] = {}
    for title, page, makes_sense in _PAGES:
        with contextlib.suppress(UnicodeError):
            texts = [raw.decode(page) for raw in raws]
            if makes_sense("/".join(texts)) and texts not in readings.values():
                readings[title] = texts
    return readings


def _bytes_in(sign: str, page: str) -> bytes:
    with contextlib.suppress(UnicodeError):
        return sign.encode(page)
    return b""


def _all_foreign(test: Callable[[str], bool]) -> Callable[[str], bool]:
    return lambda text: all(sign.isascii() or test(sign) for sign in set(text))


def _is_common_simplified(sign: str) -> bool:
    return b"\xb0\xa1" <= _bytes_in(sign, "gb2312") <= b"\xd7\xf9"  # level 1: the 3,755 usual ones


def _is_common_traditional(sign: str) -> bool:
    return b"\xa4\x40" <= _bytes_in(sign, "big5") <= b"\xc6\x7e" and _in_use(sign)  # level 1 of Big5


def _in_use(sign: str) -> bool:
    return bool(_bytes_in(sign, "euc_kr") or _bytes_in(sign, "gb2312") or _bytes_in(sign, "shift_jis"))


def _is_japanese(sign: str) -> bool:
    kana = "\u3041" <= sign <= "\u30fe" or sign == "々"
    return kana or b"\x88\x9f" <= _bytes_in(sign, "shift_jis") <= b"\x98\x72"  # level 1 of JIS X 0208


def _is_korean(text: str) -> bool:
    signs = {sign for sign in text if not sign.isascii()}
    common = sum(sign in _COMMON_HANGUL for sign in signs)
    return all("가" <= sign <= "힣" for sign in signs) and 2 * common >= len(signs)


def _words_of(script: str) -> Callable[[str], bool]:
    """Words of one alphabet: no sign but letters beyond ASCII, no capital after a small letter.

    A word with letters beyond ASCII is all Cyrillic, or Latin with no more such letters than plain ones.
    """

    def sensible(word: str) -> bool:
        foreign = [c for c in word if not c.isascii()]
        if any(not unicodedata.name(c, "").startswith(script) for c in foreign):
            return False
        enough = 2 * len(foreign) <= len(word) if script == "LATIN" else len(foreign) in (0, len(word))
        return enough and not any(a.islower() and b.isupper() for a, b in itertools.pairwise(word))

    def fits(text: str) -> bool:
        letters = all(c.isascii() or c.isalpha() for c in set(text))
        return letters and all(sensible(word) for word in set(_WORD.findall(text)) if not word.isascii())

    return fits


# Title, code page, whether a text makes sense in it. Where two pages agree on all names, the first gives the title.
_PAGES: tuple[tuple[str, str, Callable[[str], bool]], ...] = (
    ("GBK", "gbk", _all_foreign(_is_common_simplified)),
    ("Big5", "cp950", _all_foreign(_is_common_traditional)),
    ("Shift-JIS", "cp932", _all_foreign(_is_japanese)),
    ("Korean (cp949)", "cp949", _is_korean),
    ("Cyrillic (cp866)", "cp866", _words_of("CYRILLIC")),
    ("Cyrillic (cp1251)", "cp1251", _words_of("CYRILLIC")),
    ("Western (cp850)", "cp850", _words_of("LATIN")),
    ("Western (cp437)", "cp437", _words_of("LATIN")),
    ("Western (cp1252)", "cp1252", _words_of("LATIN")),
    ("Central European (cp852)", "cp852", _words_of("LATIN")),
    ("Central European (cp1250)", "cp1250", _words_of("LATIN")),
)
