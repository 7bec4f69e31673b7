"""How numbers are written, held for very many of them: nothing reads as nothing or as all that is not."""

from __future__ import annotations

import math
import random
import re
from decimal import Decimal

import pytest

from ftcore.numerals import MINUS, percent, several
from tests.sums import value
from ui import words

DRAWS = random.Random(0)
SHARES = [DRAWS.random() ** DRAWS.choice([1, 3, 9, 40]) for _ in range(2000)]
SHARES += [1 - share for share in SHARES] + [1 / n for n in range(2, 2000)]
ANY = [DRAWS.gauss(0, 1) * 10 ** DRAWS.randint(-12, 24) for _ in range(4000)]


def bare(said: str) -> str:
    return said.replace("\u2060", "").removesuffix("\u00a0%")


def test_a_share_is_never_shown_as_nothing_or_as_all() -> None:
    assert (percent(0.0), percent(1.0)) == ("0\u00a0%", "100\u00a0%")
    for share in SHARES:
        said, exact = bare(percent(share)), Decimal(share) * 100
        if said[0] in "<>":
            assert exact < value(said[1:]) if said[0] == "<" else value(said[1:]) < exact < 100
        else:
            assert (value(said) == 0, value(said) == 100) == (share == 0, share == 1)
            unit = Decimal("0.05") if exact >= Decimal("0.0995") else exact / 18
            assert abs(value(said) - exact) <= unit + Decimal("1e-12")
            assert len(said) <= 6
        assert share == 0 or MINUS in percent(-share)
        assert percent(-share).replace(MINUS, "").strip("\u2060<>") == percent(share).strip("\u2060<>")


@pytest.mark.parametrize(
    ("share", "said"),
    [(0.0005, "0.05"), (0.000512, "0.051"), (0.99996, ">99.9"), (1e-9, "<0.001"), (0.7512, "75.1"), (1.5, "150.0"),
     (-0.02, "−2.0"), (892.15, "89,215.0"), (math.nan, "no number")],
)  # fmt: skip
def test_shares(share: float, said: str) -> None:
    assert bare(percent(share)) == said


def test_a_difference_is_the_one_of_the_percentages_shown() -> None:
    assert words.points(0) == words.between(0.3, 0.3) == "0 points"
    assert words.points(0.0004) == words.between(0.6120, 0.6124) == "under 0.1 points"
    assert words.between(0.6146, 0.7454) == "13.0 points", "61.5 and 74.5, though it is 13.08"
    assert words.between(0.0005, 0.12) == "11.95 points"
    for one, other in zip(SHARES, reversed(SHARES), strict=True):
        shown, said = [bare(percent(share)) for share in (one, other)], words.between(one, other)
        assert said.endswith("point") == (said == "1.0 point")
        assert (said == "0 points") == (abs(one - other) < 1e-11)
        if not {*shown[0], *shown[1]} & {*"<>"} and not said.startswith("under"):
            assert abs(value(shown[0]) - value(shown[1])) == value(said.split()[0])
        assert not words.points(other - one).startswith(("0.0", f"{MINUS}0.0"))


@pytest.mark.parametrize(
    ("loss", "said"),
    [(2.3026, "2.303"), (0.0083, "0.0083"), (0.00031, "0.00031"), (3e-7, "3.0e-7"), (0.0, "0"), (346.2, "346"),
     (12345.6, "12,346"), (1e22, "1.0e22"), (-1.5, "−1.500"), (math.nan, "no number"), (math.inf, "no number")],
)  # fmt: skip
def test_losses(loss: float, said: str) -> None:
    assert words.number(loss) == said


def test_any_number_is_short_has_its_sign_and_is_not_nothing() -> None:
    for number in ANY:
        said = words.number(number)
        assert len(said) <= 8
        assert said.startswith(MINUS) == (number < 0)
        assert re.fullmatch(rf"{MINUS}?[\d,]+(\.\d+)?(e-?\d+)?", said)
        assert abs(value(said) / Decimal(number) - 1) < Decimal("0.06")
        fixed = words.fixed(number, plus=True)
        assert "-" not in fixed.split("e")[0]
        assert (fixed[0] == "+") == (number > 0)
        assert fixed.lstrip("+") == "0.000" or abs(value(fixed.lstrip("+")) / Decimal(number) - 1) < 1


def test_parts_add_up_to_their_total_and_none_is_off_by_a_whole_digit() -> None:
    for _ in range(1000):
        parts = [DRAWS.gauss(0, 1) for _ in range(DRAWS.randint(1, 14))]
        made = words.adding(parts, sum(parts))
        assert sum(made) == Decimal(f"{sum(parts):.3f}")
        assert all(abs(Decimal(part) - shown) < Decimal("0.001") for part, shown in zip(parts, made, strict=True))
    assert all(part.is_nan() for part in words.adding([math.nan, math.inf], 1.0))


def test_losses_that_differ_read_differently() -> None:
    assert words.apart(words.number, 0.56012, 0.56041) == ["0.5601", "0.5604"]
    assert words.apart(words.number, 0.5, 0.5, 0.7) == ["0.500", "0.500", "0.700"]
    assert words.apart(percent, 0.000462, 0.000458) == ["0.0462\u00a0%", "0.0458\u00a0%"]
    assert words.apart(words.number, math.nan, 0.5) == ["no number", "0.500"]


@pytest.mark.parametrize(
    ("change", "said"),
    [(0.0, "0"), (0.00123, "0.12\u00a0%"), (0.01, "1.0\u00a0%"), (1.5, "150.0\u00a0%"), (892.15, "892 times"),
     (1e7, "1.0e7 times"), (1e-7, "<0.001\u00a0%")],
)  # fmt: skip
def test_changes(change: float, said: str) -> None:
    assert words.moved(change) == said
    assert words.of_size(said) == (f"{said} its size" if "times" in said else f"{said} of its size")


def test_units_go_over_before_they_read_as_a_thousand() -> None:
    assert [words.short(n) for n in (999, 999_400, 999_950, 999_999_999)] == ["999", "999 k", "1.0 M", "1.0 G"]
    assert (words.seconds(3599.7), words.seconds(7260)) == ("1 h", "2 h 1 min")
    assert [words.whole_percent(p) for p in (0, 0.004, 0.123, 0.996, 1)] == [
        "0\u00a0%", "<1\u00a0%", "12\u00a0%", ">99\u00a0%", "100\u00a0%"
    ]  # fmt: skip


def test_several_classes_are_spelt_as_such() -> None:
    assert [several(number, "class") for number in (0, 1, 2)] == ["0 classes", "1 class", "2 classes"]
    assert [several(number, "epoch") for number in (1, 1200)] == ["1 epoch", "1,200 epochs"]
