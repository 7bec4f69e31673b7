"""Names from outside: what hides or steers is shown, what people write stays."""

from __future__ import annotations

import sys
import unicodedata

import pytest

from ftcore.names import shown, tidy

STEERING = [
    *"\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",  # direction
    *"\u200b\u2060\ufeff\u00ad\u034f\u2062\u206a\ufff9\U000e0041",  # hidden
    *"\u115f\u1160\u3164\uffa0\u2800\u180e\u17b5",  # letters and signs without a shape
    *"\x00\x1b\x7f\x85\u2028\u2029\ud800",  # controls and halves
]


@pytest.mark.parametrize("sign", STEERING, ids=lambda c: f"U+{ord(c):04X}")
def test_a_sign_that_hides_or_steers_shows_as_a_question_mark(sign: str) -> None:
    assert tidy(f"a{sign}b") == shown(f"a{sign}b") == "a?b"


def test_every_format_sign_of_unicode_is_caught() -> None:
    every = [chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) == "Cf"]
    assert len(every) > 150
    assert {tidy(sign) for sign in every} == {"?"}


@pytest.mark.parametrize(
    "name",
    [
        "\U0001f468\u200d\U0001f469\u200d\U0001f467",  # a family, joined
        "\u2764\ufe0f\u200d\U0001f525",  # a heart on fire
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # a Persian word with its non-joiner
        "\u0915\u094d\u200d\u0937",  # Hindi
        "\u0642\u0637",
        "猫 🐱",
        "Größe & <b>",
        "a\u00a0b",
    ],
)
def test_what_people_write_stays(name: str) -> None:
    assert tidy(name) == name


@pytest.mark.parametrize("name", ["a\u200db", "\u200d猫", "猫\u200d", "猫\u200c\u200d狗", "é\u200cé"])
def test_a_joiner_that_joins_nothing_is_shown(name: str) -> None:
    assert "?" in tidy(name)
    assert not {"\u200c", "\u200d"} & set(tidy(name))


def test_long_names_keep_both_ends() -> None:
    assert shown("a" * 500 + ".png") == "a" * 40 + "..." + "a" * 33 + ".png"
    assert len(shown("猫" * 1000, 24)) == 24
