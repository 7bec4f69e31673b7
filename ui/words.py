"""How numbers, names and states are written, the same on every page.

Colours live in `.streamlit/config.toml`; Markdown reaches ice as `:blue[...]` and ember as `:orange[...]`.
This module knows nothing about networks or runs.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Sequence
from decimal import ROUND_FLOOR, Decimal

from ftcore import numerals
from ftcore.names import tidy
from ftcore.numerals import MINUS

ICE, EMBER = "❄️", "🔥"
_FOLDERS = re.compile(r"(?<![\w.])(?:[A-Za-z]:|~)?[\\/](?:[^\\/'\":\n]+[\\/])+")
_COMMAND = re.compile(r"\\`(python .*?)\\`")
_ESCAPED = re.compile(r"\\(.)|\u2060")
_MARKUP = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$^&=\"'])")


def short(number: int) -> str:
    """A count in a few characters: 5130 -> '5.1 k', 3673088 -> '3.7 M'."""
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        value = number / limit
        if value >= 0.9995:  # what would round to 1000 of the smaller unit
            return f"{value:.1f} {unit}" if value < 9.95 else f"{value:.0f} {unit}"
    return str(number)


# The terminal writes them so too.
count, several, seconds = numerals.count, numerals.several, numerals.seconds
percent, number, power, rate = numerals.percent, numerals.number, numerals.power, numerals.rate
listed, points, between = numerals.listed, numerals.points, numerals.between


def whole_percent(share: float) -> str:
    """A share where there is little room, by the same rule: '12 %', '<1 %', '>99 %'."""
    said = f"{share:.0%}"
    said = "<1%" if said == "0%" and share else ">99%" if said == "100%" and share < 1 else said
    return said.replace("%", "\u00a0%")


def apart(say: Callable[[float], str], *values: float) -> list[str]:
    """Several losses (`number`) or shares (`percent`), with more digits where two that differ would read the same."""
    said, scale, unit = [say(value) for value in values], 1, ""
    if say is percent:
        scale, unit = 100, "\u00a0%"
    for digits in range(2, 10):
        if len(set(said)) == len(set(values)) or not all(map(math.isfinite, values)):
            break
        said = [f"{value * scale:.{digits}f}{unit}".replace("-", MINUS) for value in values]
    return said


def fixed(value: float | Decimal, digits: int = 3, *, plus: bool = False) -> str:
    """A number with this many decimals: '−0.123', and '+0.123' with `plus`; a very large one as a loss is written."""
    if not math.isfinite(value) or abs(float(value)) >= 1e9:
        return ("+" if plus and value > 0 else "") + number(float(value))
    said = f"{value:{'+' if plus else ''}.{digits}f}"
    return (said if any(sign in "123456789" for sign in said) else said.replace("-", "")).replace("-", MINUS)


def adding(parts: Sequence[float], total: float, digits: int = 3) -> list[Decimal]:
    """Parts rounded so that, as they are written, they add up to their total as it is written.

    By largest remainder: no part is off by a whole unit of its last digit.
    """
    if not all(map(math.isfinite, (*parts, total))):
        return [Decimal("NaN")] * len(parts)
    exact = [Decimal(part).scaleb(digits) for part in parts]
    units = [int(part.to_integral_value(ROUND_FLOOR)) for part in exact]
    left = int(Decimal(f"{total:.{digits}f}").scaleb(digits)) - sum(units)
    if not 0 <= left <= len(units):
        return [Decimal(f"{part:.{digits}f}") for part in parts]  # not the parts of this total, or far too large
    for at in sorted(range(len(units)), key=lambda at: units[at] - exact[at])[:left]:
        units[at] += 1
    return [Decimal(unit).scaleb(-digits) for unit in units]


def shares(parts: Sequence[float]) -> list[str]:
    """The parts of one whole as percentages that add up to 100; one that is left nothing reads '<0.01 %'."""
    alone = sum(part > 0 for part in parts) == 1
    digits = 1 if alone or all(part == 0 or 0.0005 <= part < 0.9995 for part in parts) else 2
    least = Decimal(1).scaleb(-digits)
    said = []
    for part, size in zip(parts, adding([part * 100 for part in parts], 100.0, digits), strict=True):
        if part == 0 or alone or not size.is_finite():
            said.append(percent(part))
        else:
            text = f"<{least}" if not size else f">{100 - least}" if size >= 100 else f"{size:.{digits}f}"
            said.append(f"{text}\u00a0%")
    return said


def about(value: float, *, at_most: bool = False) -> str:
    """An expected time as people say it: 'a few seconds', 'about 40 s', 'about 2 min', 'up to about 3 h'."""
    if not math.isfinite(value):
        return "an unknown time"
    if at_most:
        return f"up to {about(value)}"
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


def held(text: str, width: int = 24) -> str:
    """Join words by spaces that do not break, in stretches of about `width` letters.

    A table then cannot squeeze the column to the width of a single word on a small screen.
    """
    lines = [""]
    for word in text.split(" "):
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
    """A relative change: exactly 0 is '0', else a percentage with two digits that count; '892 times' beyond ten."""
    if number is None:
        return "none"
    if number == 0:
        return "0"
    return (
        times(number) if number >= 10 else f"{number * 100:.2g}\u00a0%" if 1e-5 <= number < 0.00995 else percent(number)
    )


def times(ratio: float) -> str:
    """A ratio: 891.7 -> '892 times', 1.42 -> '1.4 times'."""
    return (
        f"{ratio:,.0f} times" if 9.95 <= ratio < 1e5 else f"{number(ratio) if ratio >= 1e5 else f'{ratio:.2g}'} times"
    )


def of_size(said: str, whose: str = "its") -> str:
    """'3.4 %' -> '3.4 % of its size', '892 times' -> '892 times its size'."""
    return f"{said}{'' if said.endswith('times') else ' of'} {whose} size"
