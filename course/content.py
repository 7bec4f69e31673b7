"""Loads the lessons: Markdown files whose `## id` headings cut them into sections with `<<name>>` tokens.

Numbers are never typed into prose; they come in as tokens when a section is shown. This module knows nothing
about pages, networks or runs.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from pathlib import Path

from ftcore.errors import FtError
from ftcore.files import ROOT

FOLDER = ROOT / "assets" / "content"
TOKEN = re.compile(r"<<([a-z0-9_]+)>>")
_HEADING = re.compile(r"^## +(\S+) *$", re.MULTILINE)


def section(lesson: str, name: str, values: Mapping[str, object] | None = None) -> str:
    """The Markdown of one section with its tokens filled in from `values`.

    Raises `FtError` when there is no such lesson or section, or when the text asks for a token that is not given.
    """
    sections = load(lesson)
    if name not in sections:
        raise FtError(f"The lesson '{lesson}' has no section '{name}': add it to {FOLDER / lesson}.md.")
    return fill(sections[name], values or {}, f"{lesson}.md, section {name}")


def fill(text: str, values: Mapping[str, object], where: str) -> str:
    """Replace each `<<name>>` by its value; an unknown token raises `FtError` that says where it stands."""

    def value(token: re.Match[str]) -> str:
        if token[1] not in values:
            raise FtError(f"{where} asks for <<{token[1]}>>, which is not known there: mend the text.")
        return str(values[token[1]])

    return TOKEN.sub(value, text)


@functools.cache
def load(lesson: str) -> Mapping[str, str]:
    """All sections of a lesson by id, in the order of the file, checked for double and empty ones."""
    if not re.fullmatch(r"[a-z][a-z0-9_-]*", lesson) or not (FOLDER / f"{lesson}.md").is_file():
        raise FtError(f"There is no lesson '{lesson}': choose among {', '.join(lessons())}.")
    return parse((FOLDER / f"{lesson}.md").read_text("utf-8"), f"{lesson}.md")


def lessons() -> tuple[str, ...]:
    """Names of the lessons there are, sorted. Their files have small letters; TOKENS.md is about them."""
    return tuple(sorted(path.stem for path in Path(FOLDER).glob("*.md") if path.stem.islower()))


def parse(text: str, where: str) -> dict[str, str]:
    """Cut a lesson into its sections. Text before the first heading is a note to authors and is left out."""
    parts = _HEADING.split(text)[1:]
    sections: dict[str, str] = {}
    for name, body in zip(parts[::2], parts[1::2], strict=True):
        if name in sections:
            raise FtError(f"{where} has the section '{name}' twice: rename one.")
        if not body.strip():
            raise FtError(f"{where} has nothing in the section '{name}': write it or take it out.")
        sections[name] = body.strip()
    return sections
