"""Makes `assets/content/TOKENS.md`: every token of the texts, where it is used, who gives it, what stands there.

`python -m tests.tokens` writes it anew. All of it is read from the texts and from the code that fills them in.
"""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Iterator

from course import content, experiments, quiz
from course.quiz import Question
from ftcore.files import ROOT, whole
from tests import lessons
from tests.lessons import Given
from ui.course import figures

FILE = content.FOLDER / "TOKENS.md"
NOTE = """# Tokens

What the texts in this folder may ask for as `<<name>>`. The last column is an example from the built-in network, its
drawings and the recorded lesson; where that needs a run, it is the code that makes the value or what the measurement
does. Made by `make tokens`; a test holds it to texts and code.

| token | used in | given by | stands for |
|---|---|---|---|
"""


def rows() -> dict[tuple[str, Given], dict[str, set[str]]]:
    """The places that use a token, by file, for each way in which it is given."""
    found: dict[tuple[str, Given], dict[str, set[str]]] = {}
    for token, given, file, where in (*_sections(), *_questions(), *_experiments()):
        found.setdefault((token, given), {}).setdefault(file, set()).add(where)
    return found


def _sections() -> Iterator[tuple[str, Given, str, str]]:
    for place in lessons.places():
        for name, text in content.load(place.lesson).items():
            for token in lessons.tokens(text) if name in place.sections else ():
                yield token, place.given[token], f"{place.lesson}.md", name


def _questions() -> Iterator[tuple[str, Given, str, str]]:
    for one in quiz.load().questions:
        given = {**lessons.known(), **(clicked() if one.kind == "block" else {}), **(lettered() if one.curves else {})}
        for token in lessons.tokens(words(one)) | answers(one):
            yield token, given[token], quiz.FILE.name, one.id


def words(one: Question) -> str:
    """All texts of a question."""
    choices = "".join(choice.text + choice.explain for choice in one.choices)
    return one.prompt + one.code + one.unit + one.otherwise + one.explain + choices


def answers(one: Question) -> set[str]:
    """The facts that a number is compared with, by the name of their token."""
    return {choice.text for choice in one.choices if choice.text in lessons.known()} if one.kind == "number" else set()


def clicked() -> dict[str, Given]:
    """What the texts of a block that was clicked are given."""
    return lessons.function("marking._block").assigned("values")


def lettered() -> dict[str, Given]:
    """What the texts about two runs are given."""
    return lessons.returned("marking.letters")


def _experiments() -> Iterator[tuple[str, Given, str, str]]:
    for one in experiments.load()[0]:
        before = figures.words(experiments.given(one.id))
        for token in lessons.tokens(" ".join((one.question, *one.outcomes.values()))):
            yield token, _settled(one.id, token, before), experiments.FILE.name, one.id


def _settled(name: str, token: str, before: dict[str, str]) -> Given:
    """A token of an experiment: known before it is made, measured, or read from a training by its arm."""
    made = experiments.TRIALS[name].make
    if token in before:
        return Given("course/experiments.py", before[token])
    if made is not None:
        return Given(f"{made.__module__.replace('.', '/')}.py", (inspect.getdoc(made) or "").partition("\n")[0])
    return lessons.returned("trainings.numbers")[token.partition("_")[2]]


def table() -> str:
    """The whole file."""
    lines = []
    for (token, given), used in sorted(rows().items()):
        where = "; ".join(f"{file}: {', '.join(sorted(places))}" for file, places in sorted(used.items()))
        said = given.said.replace("|", r"\|")
        lines.append(f"| `{token}` | {where} | `{given.file}` | `` {said} `` |")
    return NOTE + "\n".join(lines) + "\n"


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    with whole(FILE) as written:
        written.write(table().encode())
    print(FILE.relative_to(ROOT))
