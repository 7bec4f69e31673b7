"""How counts, shares, losses, rates and times are written, in the terminal as on pages, so that no digit says what is not so.

What is not nothing never reads as nothing, and what is not the whole never as the whole.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

MINUS = "−"  # in prose and tables; what is code or can be typed, an exponent such as e-4 too, keeps the hyphen
NO_NUMBER = "no number"
OVER = "\u2060>"  # a word joiner before it: at the start of a line or a cell Markdown would make a quotation of it
LEAST = 0.001  # percent: below it a share is only said to be less


def count(number: int) -> str:
    """8398858 -> '8,398,858'."""
    return f"{number:,}"


def several(number: int, word: str) -> str:
    """1 and 'epoch' -> '1 epoch', 5 -> '5 epochs'; 5 and 'class' -> '5 classes'."""
    ending = "" if number == 1 else "es" if word.endswith("s") else "s"
    return f"{count(number)} {word}{ending}"


def listed(words: Sequence[str], last: str = "and") -> str:
    """['a', 'b', 'c'] -> 'a, b and c'."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}" if words else ""


def percent(share: float) -> str:
    """0.7512 -> '75.1 %', 0.0005 -> '0.05 %', 0.99996 -> '>99.9 %'; the space does not break.

    '0 %' and '100 %' are exactly that; below 0.1 % two digits count.
    """
    if not math.isfinite(share):
        return NO_NUMBER
    size, sign = abs(share) * 100, MINUS if share < 0 else ""
    less, more = ("<", OVER) if share > 0 else (OVER, "<")
    if size in (0, 100):
        said = f"{sign}{size:.0f}"
    elif size < LEAST:
        said = f"{less}{sign}{LEAST:g}"
    elif size < 0.1:
        said = f"{sign}{size:.2g}"
    elif size < 100 and f"{size:.1f}" == "100.0":
        said = f"{more}{sign}99.9"
    else:
        said = f"{sign}{size:,.1f}"
    return f"{said}\u00a0%"


def points(difference: float) -> str:
    """A difference of two shares in percentage points: 0.004 -> '0.4 points'; '0 points' is exactly nothing."""
    size, sign = abs(difference) * 100, MINUS if difference < 0 else ""
    if size < 1e-9:
        return "0 points"
    return f"under {sign}0.1 points" if size < 0.05 else _points(f"{sign}{size:.1f}")


def _points(said: str) -> str:
    return f"{said} {'point' if said.strip(MINUS) == '1.0' else 'points'}"


def between(one: float, other: float) -> str:
    """How far two shares lie apart, in points, as one gets it from the two percentages as they are written."""
    shown = [percent(share).removesuffix("\u00a0%").replace(",", "") for share in (one, other)]
    if one == other or any(set(said) & set("<>n") for said in shown):
        return points(abs(one - other))
    first, last = (Decimal(said.replace(MINUS, "-")) for said in shown)
    return _points(str(abs(first - last))) if first != last else "under 0.1 points"


def power(value: float, digits: int = 1) -> str:
    """A finite number by its power of ten: 1e22 -> '1.0e22', -0.00003 -> '−3.0e-5'."""
    mantissa, exponent = f"{abs(value):.{digits}e}".split("e")
    return f"{MINUS if value < 0 else ''}{mantissa}e{int(exponent)}"


def number(value: float) -> str:
    """A loss: 2.3026 -> '2.303', 0.00831 -> '0.0083', 1e22 -> '1.0e22', not a number -> 'no number'."""
    if not math.isfinite(value):
        return NO_NUMBER
    size, sign = abs(value), MINUS if value < 0 else ""
    if size == 0:
        return "0"
    if not 1e-4 <= size < 1e5:
        return power(value)
    return sign + (f"{size:.2g}" if size < 0.00995 else f"{size:.3f}" if size < 100 else f"{size:,.0f}")


def rate(value: float) -> str:
    """A learning rate: 0.0001 -> '1e-4', 0.00025 -> '2.5e-4', 0.5 -> '0.5'."""
    if value == 0 or value >= 0.1:
        return f"{value:g}"
    mantissa, exponent = f"{value:.3e}".split("e")
    return f"{float(mantissa):g}e{int(exponent)}"


def seconds(value: float) -> str:
    """A measured time: '40 ms', '7.9 s', '48 s', '2 min 5 s', '1 h 20 min'."""
    if 0 < value < 0.0995:
        return f"{max(1, round(1000 * value))} ms"
    if value < 9.95:
        return f"{value:.1f} s"
    whole = round(value)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min".removesuffix(" 0 min")
