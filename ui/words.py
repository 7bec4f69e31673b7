"""How numbers, names and states are written, the same on every page.

Colours live in `.streamlit/config.toml`; Markdown reaches ice as `:blue[...]` and ember as `:orange[...]`.
This module knows nothing about networks or runs.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence

from ftcore.names import tidy

ICE, EMBER = "❄️", "🔥"
_FOLDERS = re.compile(r"(?<![\w.])(?:[A-Za-z]:|~)?[\\/](?:[^\\/'\":\n]+[\\/])+")
_COMMAND = re.compile(r"\\`(python .*?)\\`")
_ESCAPED = re.compile(r"\\(.)|\u2060")
_MARKUP = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$^&=\"'])")


def count(number: int) -> str:
    """8398858 -> '8,398,858'."""
    return f"{number:,}"


def several(number: int, word: str) -> str:
    """1 and 'epoch' -> '1 epoch', 5 -> '5 epochs'."""
    return f"{count(number)} {word}{'' if number == 1 else 's'}"


def short(number: int) -> str:
    """A count in a few characters: 5130 -> '5.1 k', 3673088 -> '3.7 M'."""
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= limit:
            value = number / limit
            return f"{value:.1f} {unit}" if value < 9.95 else f"{value:.0f} {unit}"
    return str(number)


def rate(value: float) -> str:
    """A learning rate: 0.0001 -> '1e-4', 0.00025 -> '2.5e-4', 0.5 -> '0.5'."""
    if value == 0 or value >= 0.1:
        return f"{value:g}"
    mantissa, exponent = f"{value:.3e}".split("e")
    return f"{float(mantissa):g}e{int(exponent)}"


def percent(share: float) -> str:
    """0.7512 -> '75.1 %', with a space that does not break."""
    return f"{share * 100:.1f}\u00a0%"


def points(difference: float) -> str:
    """A difference of two shares in percentage points: 0.004 -> '0.4 points'."""
    return f"{difference * 100:.1f} {'point' if f'{abs(difference) * 100:.1f}' == '1.0' else 'points'}"


def number(value: float) -> str:
    """A loss: three decimals, or fewer digits when it is large."""
    return f"{value:.3f}" if abs(value) < 100 else f"{value:.3g}"


def seconds(value: float) -> str:
    """A measured time: '7.9 s', '48 s', '2 min 5 s', '1 h 20 min'."""
    if value < 9.95:
        return f"{value:.1f} s"
    whole = round(value)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def about(value: float) -> str:
    """An expected time as people say it: 'a few seconds', 'about 40 s', 'about 2 min', 'about 3 h'."""
    if not math.isfinite(value):
        return "an unknown time"
    if value < 8:
        return "a few seconds"
    if value < 55:
        return f"about {5 * round(value / 5)} s"
    if value < 100:
        return "about a minute" if value < 80 else "about 1½ min"
    if value < 3300:
        return f"about {round(value / 60)} min"
    hours = round(value / 1800) / 2
    return f"about {hours:g} h"


def shape(sizes: Sequence[int]) -> str:
    """(512, 2, 2) -> '512×2×2'."""
    return "×".join(str(size) for size in sizes)


def listed(words: Sequence[str], last: str = "and") -> str:
    """['a', 'b', 'c'] -> 'a, b and c'."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}" if words else ""


def held(text: str, width: int = 24) -> str:
    """Join words by spaces that do not break, in stretches of about `width` letters.

    A table then cannot squeeze the column to the width of a single word on a small screen.
    """
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) >= width and lines[-1]:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]}\u00a0{word}".strip("\u00a0")
    return " ".join(lines)


def plain(text: str, limit: int = 60) -> str:
    """User text for a place that reads Markdown: shown letter by letter, on one line, never as markup.

    Signs that hide or turn the text around them show as '?'.
    A word joiner after each colon keeps Streamlit's `:red[...]`, `:material/...:` and emoji codes from forming.
    """
    line = tidy(" ".join(text.split()))
    line = line if len(line) <= limit else line[: limit - 1] + "…"
    return aside(_MARKUP.sub(r"\\\1", line).replace(":", ":\u2060"))


def as_markdown(said: object, limit: int = 500) -> str:
    """What the engine says, fit for Markdown: its commands, in backticks, show as code, all else letter by letter."""
    return _COMMAND.sub(lambda code: "`" + _ESCAPED.sub(r"\1", code[1]) + "`", plain(str(said), limit))


def aside(name: str) -> str:
    """A name in Arabic or Hebrew letters, so marked that it leaves the numbers and words beside it in their places."""
    turns = any(unicodedata.bidirectional(sign) in ("R", "AL") for sign in name)
    return f"\u2068{name}\u2069" if turns else name


def discreet(message: str) -> str:
    """A sentence without the folders of this machine: '/home/eva/cats' -> 'cats'."""
    return _FOLDERS.sub("", message)


def ago(passed: float) -> str:
    """A moment in the past: 'just now', '5 min ago', '3 h ago', '2 days ago'."""
    for limit, unit, word in ((90, 0, "just now"), (5400, 60, "min ago"), (129600, 3600, "h ago")):
        if passed < limit:
            return f"{round(passed / unit)} {word}" if unit else word
    return f"{round(passed / 86400)} days ago"


def flops(number: int) -> str:
    """Operations in a few characters: 37748736 -> '37.7 M'."""
    return short(number) if number else "0"


def moved(number: float | None) -> str:
    """A relative change: exactly 0 is '0', else as a percentage with two digits that count."""
    if number is None:
        return "none"
    return "0" if number == 0 else f"{number * 100:.2g}\u00a0%" if number < 0.1 else percent(number)
