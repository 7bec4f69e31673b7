"""No text holds a number that is typed in: it is a token, or a fact of the source that is named here."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from course import content

FILES = sorted(path for path in content.FOLDER.iterdir() if path.suffix in (".md", ".toml") and path.stem.islower())
UNSEEN = (
    "id",
    "code",
    "claims",
    "belief",
    "topic",
    "difficulty",
    "level",
    "most",
    "before",
    "after",
    "answer",
    "lines",
    "looks",
)  # keys of TOML that no page shows as prose
# What a number may be anywhere: code, a paper's name, a stage of the lesson, a line of the code that is shown.
FREE = re.compile(
    r"```.*?```|`[^`]*`|<<[a-z0-9_]+>>|arXiv \d{4}\.\d{4,5}|\*{1,2}[1-6] [A-Z]|\bstages? [1-6]\b"
    r"|\b[Ll]ines? \d+(?: (?:to|and) \d+)?|^\d+\. (?=\*\*)|\b[A-Z][A-Za-z]+-[A-Z]?\d+",
    re.DOTALL | re.MULTILINE,
)
EXAMPLE = re.compile(r"\b(?:example|suppose|imagine)\b", re.IGNORECASE)  # a text that says so may hold any number
# The words around a number, and who says it.
ADVICE = "10 to 100 times less"  # what textbooks advise for pretrained weights
WHOLE = "100 %"  # what probabilities add up to
BELIEF = "99 %"  # what people say that softmax means
NOTHING = "exactly 0"  # counted among the numbers of a map
FORMS = "such as 1,250 or 0.5 or 1e-4"  # how a number may be written in an answer
KUMAR = ("about 2 % more", "7 % less")  # arXiv 2202.10054
SOURCES: dict[str, tuple[str, ...]] = {
    "cards.toml": (ADVICE, BELIEF),
    "exercises.toml": ("from 0 to 1", "from 0 to 255"),
    "glossary.toml": (WHOLE,),
    "pipeline.md": (ADVICE,),
    "quiz.md": (FORMS,),
    "quiz.toml": (
        *KUMAR, ADVICE, WHOLE, BELIEF, "from 0 to 1", "1/<<classes>>", "times 0.5 times 0.5", "Such as 1e-4", "has 0.",
        "1e-4 is a usual rate", "90 %",
    ),
    "trace.md": (NOTHING, WHOLE),
    "train.md": (ADVICE,),
}  # fmt: skip


def texts(path: Path) -> Iterator[str]:
    """Every text of a file that a page may show. A wrong choice is made up to be wrong, so it is left out."""
    if path.suffix == ".md":
        yield from content.load(path.stem).values()
    else:
        yield from _strings(tomllib.loads(path.read_text("utf-8")))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _strings(one)
    elif isinstance(value, dict):
        if EXAMPLE.search(str(value.get("prompt", ""))):
            return  # a question about a made-up case: its choices speak of the same
        wrong = "explain" in value and "text" in value and not value.get("correct")
        for key, one in value.items():
            if key not in UNSEEN or isinstance(one, dict):
                yield from _strings(one) if not (wrong and key == "text") else ()


def typed(text: str, sources: tuple[str, ...]) -> list[str]:
    """The numbers of a text that nothing accounts for, each with a few words around it."""
    if EXAMPLE.search(text):
        return []
    for source in sources:
        text = text.replace(source, "")
    bare = FREE.sub("", text)
    return [bare[max(0, hit.start() - 30) : hit.end() + 15] for hit in re.finditer(r"(?<![A-Za-z\d])\d[\d.,]*", bare)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_number_is_a_token_or_a_sources(path: Path) -> None:
    found = [number for text in texts(path) for number in typed(text, SOURCES.get(path.name, ()))]
    assert found == [], "make it a token, or name its source in SOURCES"


@pytest.mark.parametrize("file", SOURCES)
def test_a_source_that_is_named_is_asked_for(file: str) -> None:
    said = "\n".join(texts(content.FOLDER / file))
    assert [source for source in SOURCES[file] if source not in said] == [], "strike it from SOURCES"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("It reached 76.3 % on <<images>> images.", 1),
        ("It reached <<accuracy>> in `epoch 5` (arXiv 1711.05101).", 0),
        ("Choose **2 New head**, then read lines 1 to 3 of stage 4.", 0),
        ("The block layer4 learns.", 0),
        ("Suppose 8 of 10 are right.", 0),
        ("Use 10 to 100 times less, or 5 times less.", 1),
    ],
)
def test_a_typed_number_is_seen(text: str, left: int) -> None:
    assert len(typed(text, (ADVICE,))) == left
