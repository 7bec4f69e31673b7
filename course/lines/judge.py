"""The first difference between what lines left behind and what the engine gets, as a kind and its numbers.

Judged where no line of a learner has run: from plain facts, as another process told them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from course.lines import given
from ftcore.export.lines import outline

NEAR, MOVED, STILL = 1e-3, 1e-4, 1e-9  # shares: of values, of weights after a step, of weights that no step touches
RIGHT = "right"


@dataclass(frozen=True)
class Finding:
    """`key` names the sentence, "right" where nothing differs; `numbers` are what it tells."""

    key: str
    numbers: Mapping[str, Any] = field(default_factory=dict)


def compare(
    facts: Mapping[str, Any], wanted: Mapping[str, Any], before: Mapping[str, Any], looks: tuple[str, ...]
) -> Finding:
    """Go through the looks in their order; facts of a wrong shape, which no honest run tells, differ too."""
    try:
        found = (_look(look, facts[look], wanted[look], before[look]) for look in looks)
        return next((one for one in found if one is not None), Finding(RIGHT))
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError):
        return Finding("rebuilt")


def _look(look: str, fact: Any, wanted: Any, before: Any) -> Finding | None:
    name, _, part = look.partition(".")
    if "type" in fact:
        numbers = {"name": name, "found": str(fact["type"])[:60]}
        return Finding("kind" if fact["type"] else "missing", numbers)
    if not part:
        return _tensor(name, fact, wanted)
    return next(PARTS[part](fact[part], wanted[part], before.get(part)), None)


def _head(fact: Any, wanted: Any, before: Any) -> Iterator[Finding]:
    if not fact:
        yield Finding("no_head")
    elif fact == before:
        yield Finding("old_head", {"outputs": int(fact[0])})
    elif fact != wanted:
        numbers = {
            "outputs": int(fact[0]),
            "inputs": int(fact[1]),
            "wanted_outputs": wanted[0],
            "wanted_inputs": wanted[1],
        }
        yield Finding("head", numbers)


def _trainable(fact: Any, wanted: Any, before: Any) -> Iterator[Finding]:
    for key, one, other in (("moving", fact, wanted), ("still", wanted, fact)):
        if more := [name for name in one if name not in other]:
            yield Finding(key, {"blocks": blocks(more), "count": sum(int(one[name]) for name in more)})
    if fact != wanted:
        yield Finding("rebuilt")


def _modes(fact: Any, wanted: Any, before: Any) -> Iterator[Finding]:
    if off := [name for name in wanted if fact[name] is not wanted[name]]:
        yield Finding("training", {"layers": len(off), "total": len(wanted)})


def _rates(fact: Any, wanted: Any, before: Any) -> Iterator[Finding]:
    if left := [name for name in wanted if name not in fact]:
        yield Finding("not_held", {"blocks": blocks(left)})
    for name, rate in wanted.items():
        if not _near([fact[name]], [rate]):
            same = [other for other in wanted if fact[other] == fact[name] and wanted[other] == rate]
            yield Finding("rate", {"blocks": blocks(same), "lr": float(fact[name]), "wanted_lr": rate})
    if more := [name for name in fact if name not in wanted]:
        yield Finding("held", {"blocks": blocks(more)})


def _weights(fact: Any, wanted: Any, before: Any) -> Iterator[Finding]:
    """What should have stayed and moved; what should have moved and stayed; what moved to another place."""
    same = {name for name in wanted if _near(before[name][:2], wanted[name][:2], STILL)}
    kept = {name for name in wanted if _near(fact[name][:2], before[name][:2], STILL)}
    off = {name for name in wanted if not _near(fact[name][:2], wanted[name][:2], MOVED)}
    for key, names in (("moved", same - kept), ("kept", kept - same), ("weights", off)):
        if names:
            yield Finding(key, {"blocks": blocks(names), "count": sum(int(wanted[name][2]) for name in names)})


def _tensor(name: str, fact: Mapping[str, Any], wanted: Mapping[str, Any]) -> Finding | None:
    if fact["shape"] != wanted["shape"]:
        shapes = {"shape": _shape(fact["shape"]), "wanted_shape": _shape(wanted["shape"])}
        return Finding("shape", {"name": name, **shapes})
    if not _near(fact["values"], wanted["values"]) or not _near(fact["ends"], wanted["ends"]):
        (low, high), (wanted_low, wanted_high) = map(float, fact["ends"]), map(float, wanted["ends"])
        if not wanted["shape"]:
            return Finding("value", {"name": name, "value": low, "wanted_value": wanted_low})
        ends = {"low": low, "high": high, "wanted_low": wanted_low, "wanted_high": wanted_high}
        return Finding("values", {"name": name, **ends})
    if fact["graph"] is not wanted["graph"]:
        return Finding("graph" if fact["graph"] else "cut", {"name": name})
    return None


def _shape(sizes: Any) -> str:
    return "[" + ", ".join(str(int(size)) for size in sizes) + "]"


def _near(one: Any, other: list[float], share: float = NEAR) -> bool:
    """Are two lists of numbers equal but for rounding? Measured by the largest number that is wanted."""
    scale = max((abs(value) for value in other), default=0.0)
    numbers = [float(value) for value in one]
    return len(numbers) == len(other) and all(
        math.isfinite(a) and abs(a - b) <= share * scale for a, b in zip(numbers, other, strict=True)
    )


def blocks(parameters: Collection[str]) -> list[str]:
    """The parts of the network that these parameters stand in, in its order: layer4.1, or layer4 where it is all of it."""
    network = outline(given.BACKBONE)
    tops = dict.fromkeys(name.split(".")[0] for name, _ in network.model.named_parameters())
    named: list[str] = []
    for top in tops:
        inner = {
            name
            for name in network.names
            if name.startswith(f"{top}.") and any(p.startswith(f"{name}.") for p in parameters)
        }
        every = {name for name in network.names if name.startswith(f"{top}.")}
        if inner and inner != every:
            named += sorted(inner)
        elif inner or any(p.startswith(f"{top}.") for p in parameters):
            named.append(top)
    return named


PARTS: dict[str, Callable[[Any, Any, Any], Iterator[Finding]]] = {
    "head": _head, "trainable": _trainable, "modes": _modes, "rates": _rates, "weights": _weights,
}  # fmt: skip
