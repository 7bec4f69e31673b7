"""What the code asks of the lessons: every section that it shows and every token that it gives, read from its source."""

from __future__ import annotations

import ast
import functools
import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from course import content, exercises, rounds
from ftcore import rates
from ftcore.analysis import trace
from ftcore.data import sets
from ftcore.data.check import findings
from ftcore.files import ROOT
from ftcore.settings import Phase, RunSettings
from ui.course import exercise, knowledge
from ui.engine.networks import ENDED, note
from ui.frame import steps
from ui.lesson import stages
from ui.runs import coach

SHOWS = "ui/picture/scene.py"  # its `text` and `more` show what other files name
FILES = [*(path for room in ("course", "ui", "pages") for path in sorted((ROOT / room).rglob("*.py")))]


@dataclass(frozen=True, order=True)
class Given:
    """A token as it is given: in which file, and an example of its value, or the code that makes it."""

    file: str
    said: str


@dataclass(frozen=True)
class Place:
    """A call that shows sections of a lesson, with the tokens that it gives."""

    file: str
    lesson: str
    sections: frozenset[str]
    given: Mapping[str, Given]


@functools.cache
def known() -> dict[str, Given]:
    """What cheat sheet and quiz are given, with the values of the built-in network, set and recorded run."""
    words = knowledge.gather(*_builtin(), None).values
    return {**{name: Given("course/facts.py", value) for name, value in words.items()}, **staged()}


@functools.cache
def staged() -> dict[str, Given]:
    """What the six stages are given, for the built-in network and set."""
    words = stages.numbers(*_builtin())
    return {name: Given("ui/lesson/stages.py", value) for name, value in words.items()}


def _builtin() -> tuple[RunSettings, int, int]:
    found = sets.summary(RunSettings().data)
    return RunSettings(), len(found.classes), found.counts["train"]


# Values and names that pass through an object or a parameter, which reading a function does not tell.
VALUES = {
    "ui/runs/printed.py: numbers": lambda: returned("printed.numbers"),
    "pages/review.py: known.values": known,
    "ui/runs/coach.py: numbers": lambda: {name: Given("ui/runs/coach.py", f"FORMS[{name!r}]") for name in coach.FORMS},
    "ui/lesson/stages.py: numbers": staged,
    "ui/lesson/stages.py: results": lambda: returned("_results"),
    "ui/course/exercise.py: written": lambda: {
        **{name: Given("ui/course/exercise.py", f"FORMS[{name!r}]") for name in exercise.FORMS},
        **function("exercise.written").assigned("limits"),
    },
    "pages/pipeline.py: six[0].values": lambda: {**staged(), **returned("_results")},
}
NAMES = {
    "pages/trace.py: note": lambda: {
        "pretrained",
        "pretrained.nameless",
        *filter(None, map(note, (*ENDED, "queued", "running", "done"))),
    },
    "pages/review.py: name": lambda: set(content.load("cheatsheet")),
    "pages/quiz.py: mode": lambda: set(rounds.MODES),
    "ui/course/exercise.py: finding.key": lambda: {
        name.removeprefix("found.") for name in content.load("exercises") if name.startswith("found.")
    },
    "ui/course/exercise.py: why": lambda: {"setting", "open", "far"},
    "ui/course/exercise.py: one.level": lambda: set(map(str, exercises.LEVELS)),
    "pages/pipeline.py: name": lambda: {"head", "tune"},
    "pages/freeze_lab.py: phase.optimizer": lambda: set(Phase.__dataclass_fields__["optimizer"].metadata["choices"]),
    "ui/runs/coach.py: verdict.kind": lambda: set(content.load("coach")) - {"rate.next", "epochs.next", "help"},
    "ui/runs/gained.py: gain.verdict": lambda: {"gained", "lost", "level", "full"},
    "ui/runs/printed.py: one.kind": lambda: {name for name in content.load("printed") if "." in name},
    "ui/runs/risk.py: kind": lambda: set(rates.BAD),
    "ui/lesson/stages.py: name": lambda: set(stages.IDS),
    "ui/lesson/stages.py: part": lambda: set(stages.PARTS),
    "ui/picture/classifier.py: heat.method": lambda: set(
        re.findall(r'Heat\(block, "([a-z-]+)"', inspect.getsource(trace))
    ),
    "ui/exchange/bring.py: room.why": lambda: {"learner", "server", "disk"},
    "ui/exchange/bring.py: name": lambda: {"camera.label", "drop.folders", "drop.class"},
    "ui/exchange/look.py: kind": lambda: {
        kind.replace(" ", "-")
        for kind in re.findall(r'"([a-z]+(?: [a-z]+)?)", (?:f"|says)', inspect.getsource(findings))
    },
    "ui/exchange/mend.py: name": lambda: {"val", "test", "seed"},
    "ui/exchange/tune.py: name": lambda: {"tail", "whole", "lesson"},
    "ui/exchange/tune.py: reason": lambda: {
        name.removeprefix("why.") for name in content.load("sets") if name.startswith("why.")
    },
    "ui/exchange/texts.py: name": lambda: {
        name for name in content.load("data") if name.startswith(("drop.", "camera."))
    },
    "ui/frame/guide.py: name": lambda: {name for name in content.load("guide") if "." in name} - {"insight.counted"},
    "ui/frame/guide.py: step.id": lambda: {step.id for step in steps.STEPS},
}


@functools.cache
def places() -> tuple[Place, ...]:
    """Every place at which a section of a lesson is shown."""
    return tuple(place for path in FILES for scope in _scopes(path) for place in scope.places())


class Scope:
    """A function of a file, with what is assigned in it."""

    def __init__(self, path: Path, node: ast.FunctionDef) -> None:
        self.file, self.node, self.source = path.relative_to(ROOT).as_posix(), node, path.read_text("utf-8")

    def places(self) -> Iterator[Place]:
        """The calls in it that show a section; `text` and `more` of the trace hand on what their callers give."""
        for call in (node for node in ast.walk(self.node) if isinstance(node, ast.Call)):
            called, args = self.code(call.func), call.args
            if called == "content.section" and isinstance(args[1], ast.Name) and self.file == SHOWS:
                continue
            if called == "content.section":
                given = self.values(args[2]) if len(args) > 2 else {}
                yield Place(self.file, ast.literal_eval(args[0]), frozenset(self.names(args[1])), given)
            elif called in ("text", "more") and self.file.startswith("ui/picture/") and self.file != SHOWS:
                given = {}
                for one in call.keywords:
                    given |= self.values(one.value) if one.arg is None else {one.arg: self.made(one.value)}
                yield Place(self.file, "trace", frozenset(self.names(args[0])), given)

    def code(self, node: ast.expr) -> str:
        """The source of an expression on one line."""
        return " ".join((ast.get_source_segment(self.source, node) or "").split())

    def made(self, node: ast.expr) -> Given:
        """A token whose value this expression makes."""
        return Given(self.file, self.code(node))

    def values(self, node: ast.expr) -> dict[str, Given]:
        """The tokens that an expression gives."""
        if isinstance(node, ast.Dict):
            return self._literal(node)
        if isinstance(node, ast.BinOp):
            return {**self.values(node.left), **self.values(node.right)}
        if isinstance(node, ast.DictComp) and isinstance(node.generators[0].iter, ast.Call):
            table = node.generators[0].iter.func
            assert isinstance(table, ast.Attribute), self.code(node)
            return dict.fromkeys(self.values(table.value), self.made(node.value))
        said = self.code(node.func if isinstance(node, ast.Call) else node)
        if (place := f"{self.file}: {said}") in VALUES:
            return VALUES[place]()
        if isinstance(node, ast.Call):
            return self.values(node.args[0]) if said == "dict" else returned(said)
        assert isinstance(node, ast.Name), f"say in VALUES what '{place}' gives"
        return self.assigned(node.id)

    def _literal(self, node: ast.Dict) -> dict[str, Given]:
        found: dict[str, Given] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            found |= self.values(value) if key is None else {ast.literal_eval(key): self.made(value)}
        return found

    def assigned(self, name: str) -> dict[str, Given]:
        """The tokens that a variable holds in the end."""
        found: dict[str, Given] = {}
        for node in ast.walk(self.node):
            target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
            if isinstance(target, ast.Subscript) and self.code(target.value) == name:
                key = target.slice
                found |= {key.value: self.made(node.value)} if isinstance(key, ast.Constant) else {}
            elif isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign) and self.code(target) == name:
                found |= self.values(node.value)
        assert found, f"say in VALUES what '{self.file}: {name}' gives"
        return found

    def names(self, node: ast.expr) -> set[str]:
        """The texts that an expression may be."""
        if f"{self.file}: {self.code(node)}" in NAMES:
            return set(NAMES[f"{self.file}: {self.code(node)}"]())
        if isinstance(node, ast.Constant):
            return {node.value}
        if isinstance(node, ast.IfExp):
            return self.names(node.body) | self.names(node.orelse)
        if isinstance(node, ast.JoinedStr):
            found = {""}
            for part in node.values:
                holes = self.names(part.value if isinstance(part, ast.FormattedValue) else part)
                found = {before + hole for before in found for hole in holes}
            return found
        if isinstance(node, ast.Call):
            scope = function(self.code(node.func))
            return {name for end in _returns(scope.node) for name in scope.names(end)}
        return {name for value in self._bound(self.code(node)) for name in self.names(value)}

    def _bound(self, name: str) -> Iterator[ast.expr]:
        """Everything that a name may stand for: what is assigned to it, or what a loop takes it from."""
        for node in ast.walk(self.node):
            if isinstance(node, ast.Assign) and self.code(node.targets[0]) == name:
                yield node.value
            elif isinstance(node, ast.For) and isinstance(node.target, ast.Tuple) and isinstance(node.iter, ast.Call):
                for target, taken in zip(node.target.elts, node.iter.args, strict=False):
                    yield from taken.elts if self.code(target) == name and isinstance(taken, ast.Tuple) else ()


def _scopes(path: Path) -> list[Scope]:
    return [Scope(path, node) for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, ast.FunctionDef)]


def function(called: str) -> Scope:
    """The function that is called `name` or `module.name`."""
    module, _, name = called.rpartition(".")
    files = [path for path in FILES if module in ("", path.stem)]
    (found,) = (scope for path in files for scope in _scopes(path) if scope.node.name == name)
    return found


def _returns(node: ast.FunctionDef) -> list[ast.expr]:
    return [end.value for end in ast.walk(node) if isinstance(end, ast.Return) and end.value is not None]


def returned(called: str) -> dict[str, Given]:
    """The tokens that a function gives back."""
    scope = function(called)
    return {name: said for end in _returns(scope.node) for name, said in scope.values(end).items()}


def tokens(text: str) -> set[str]:
    """The tokens that a text asks for."""
    return set(content.TOKEN.findall(text))
