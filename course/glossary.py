"""The glossary: terms with their meaning, and where a text uses them.

A mistake in the file is named with file and term; the terms that are whole still load. This module knows nothing
about pages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course import content, quiz

FILE = content.FOLDER / "glossary.toml"


@dataclass(frozen=True)
class Term:
    """A term, the other words for it that texts use, and its meaning in a sentence or two."""

    id: str
    term: str
    means: str
    also: tuple[str, ...] = ()


def load(path: Path | None = None) -> tuple[tuple[Term, ...], tuple[str, ...]]:
    """All whole terms in order of the alphabet, and a sentence for each that has a mistake."""
    path = path or FILE
    terms, wrong = quiz.entries(quiz.read(path).get("term", []), f"{path.name}, term", _term)
    return tuple(sorted(terms, key=lambda term: term.term.casefold())), wrong


def _term(row: Mapping[str, Any]) -> Term:
    made = Term(row["id"], row["term"], row["means"], tuple(row.get("also", ())))
    if not made.means.endswith(".") or len(made.means) < 20:
        raise ValueError("it needs a meaning of a whole sentence")
    return made


def used(text: str, terms: Sequence[Term]) -> tuple[Term, ...]:
    """The terms that a text uses, in order of first use; code in backticks does not count."""
    bare = re.sub(r"`[^`]*`", " ", text)
    places = []
    for term in terms:
        words = "|".join(re.escape(word) for word in sorted((term.term, *term.also), key=len, reverse=True))
        if hit := re.search(rf"(?<![\w-])(?:{words})(?:s|es)?(?![\w-])", bare, re.IGNORECASE):
            places.append((hit.start(), term))
    return tuple(term for _, term in sorted(places, key=lambda place: place[0]))
