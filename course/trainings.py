"""Experiments that train: short lessons on the built-in network and drawings, and how their numbers decide.

The arms of a contrast differ in one setting. This module starts nothing by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from course.trials import Trial
from course.verdicts import Rows, paired, sign
from ftcore.events import EpochEnd
from ftcore.settings import HEAD, Phase, RunSettings
from ftcore.training import recipes

BACKBONE = RunSettings().backbone
ALL = recipes.every_block(BACKBONE)
LAST = recipes.last_blocks(BACKBONE, 2)
ONE = recipes.last_blocks(BACKBONE, 1)
FIRST = (*ALL[: ALL.index("layer2.0")], HEAD)
ALONE = (HEAD,)


def _two(then: tuple[str, ...], *, first: tuple[str, ...] = ALONE, epochs: tuple[int, int] = (4, 4),
         rates: tuple[float, float] = (1e-3, 1e-4), **more: Any) -> RunSettings:  # fmt: skip
    """Two phases with these blocks; 40 images of each class where nothing else is said."""
    phases = (
        Phase(name="First", epochs=epochs[0], lr=rates[0], trainable=first),
        Phase(name="Then", epochs=epochs[1], lr=rates[1], trainable=then),
    )
    return RunSettings(**{"phases": phases, "train_per_class": 40, **more})


def numbers(epochs: Sequence[EpochEnd]) -> dict[str, float]:
    """What one training gave, of its epochs in order: accuracies as shares, `epoch` in seconds, drift relative."""
    first, last = epochs[0], epochs[-1]
    moved = [value for name, value in last.drift.items() if name != HEAD]
    return {
        "last": last.val_accuracy,
        "loss": last.val_loss,
        "learning": first.train_accuracy,
        "sample": first.sample_accuracy,
        "first": first.val_accuracy,
        "above": first.val_accuracy - first.train_accuracy,
        "lag": first.sample_accuracy - first.train_accuracy,
        "epoch": min(row.seconds for row in epochs),
        "moved": max(moved, default=0.0),
    }


def _better(rows: Rows, one: str = "a", other: str = "b") -> str:
    """The arm with the higher accuracy at the end, or "same"."""
    return {1: one, -1: other, 0: "same"}[paired(rows, f"{one}_last", f"{other}_last")]


def _thaw(rows: Rows) -> str:
    """Against both controls: the head alone at the same rate and at its own."""
    against = [paired(rows, "a_loss", f"{control}_loss") for control in "bc"]
    return "lower" if max(against) < 0 else "worse" if min(against) > 0 else "same"


def _order_or_rate(rows: Rows) -> str:
    """Two by two: whether the head first ends higher at a rate, and whether the rate tells in an order."""
    order = any(paired(rows, f"{first}_last", f"{once}_last") > 0 for first, once in ("ab", "cd"))
    rate = any(paired(rows, f"{low}_last", f"{high}_last") for low, high in ("ac", "bd"))
    return {(True, True): "both", (True, False): "order", (False, True): "rate"}.get((order, rate), "same")


def _rates(rows: Rows) -> str:
    """How far up the rate after the thaw can go."""
    step, jump = paired(rows, "a_last", "b_last"), paired(rows, "b_last", "c_last")
    if step:
        return "low" if step > 0 else "high"
    return "level" if jump > 0 else "same"


def _more(rows: Rows) -> str:
    """From the head alone to everything: what accuracy does, and what the loss does."""
    accuracy, loss = paired(rows, "c_last", "a_last"), paired(rows, "c_loss", "a_loss")
    if accuracy > 0:
        return "split" if loss > 0 else "better"
    return "worse" if accuracy < 0 or loss > 0 else "same"


def _lead(rows: Rows) -> str:
    """Of pretrained over random weights, with few and with many images."""
    leads = [{"few": row["a_last"] - row["b_last"], "many": row["c_last"] - row["d_last"]} for row in rows]
    return {1: "shrinks", -1: "grows", 0: "same"}[paired(leads, "few", "many")]


def _equal_steps(weights: str, *, images: int, epochs: int) -> RunSettings:
    """Everything from the first epoch on; images of each class times epochs is the same for all."""
    phase = Phase(name="Everything", epochs=epochs, lr=3e-4, trainable=ALL)
    return RunSettings(phases=(phase,), weights=weights, batch_norm="update", train_per_class=images, batch_size=20)


_SMALL: Mapping[str, Any] = {"train_per_class": 20, "epochs": (4, 3)}
_FEW: Mapping[str, Any] = {"train_per_class": 5, "batch_size": 10, "epochs": (12, 12)}
TRAININGS: Mapping[str, Trial] = {
    "thaw-moment": Trial(
        {
            "a": _two(LAST, epochs=(4, 6)),
            "b": _two(ALONE, epochs=(4, 6)),
            "c": _two(ALONE, epochs=(4, 6), rates=(1e-3, 1e-3)),
        },
        _thaw, (("a", "b"), ("b", "c")), ("loss", "last"),
    ),
    "head-only": Trial(
        {"a": _two(ALONE, epochs=(2, 2)), "b": _two(LAST, epochs=(2, 2))},
        lambda rows: "none" if all(row["a_moved"] == 0 < row["b_moved"] for row in rows) else "some",
        (("a", "b"),), ("moved",),
    ),
    "all-at-once": Trial(
        {
            "a": _two(ALL, rates=(1e-4, 1e-4), **_SMALL),
            "b": _two(ALL, first=ALL, rates=(1e-4, 1e-4), **_SMALL),
            "c": _two(ALL, rates=(1e-3, 1e-3), **_SMALL),
            "d": _two(ALL, first=ALL, rates=(1e-3, 1e-3), **_SMALL),
            "e": _two(ALL, rates=(1e-3, 1e-4), **_SMALL),
        },
        _order_or_rate, (("a", "b"), ("c", "d"), ("a", "e")), ("last",),
    ),
    "bn-rule": Trial({"a": _two(LAST), "b": _two(LAST, batch_norm="update")}, _better, (("a", "b"),), ("last",)),
    "trunk-rate": Trial(
        {name: _two(LAST, rates=(1e-3, rate)) for name, rate in (("a", 1e-4), ("b", 1e-3), ("c", 1e-2))},
        _rates, (("a", "b"), ("b", "c")), ("last",),
    ),
    "more-thawed": Trial(
        {"a": _two(ALONE, **_FEW), "b": _two(ONE, **_FEW), "c": _two(ALL, **_FEW)},
        _more, (("a", "b"), ("b", "c"), ("a", "c")), ("last", "loss"),
    ),
    "val-above": Trial(
        {"a": RunSettings(phases=(Phase(epochs=1),), train_per_class=40),
         "b": RunSettings(phases=(Phase(epochs=1),), train_per_class=200)},
        lambda rows: {1: "above", -1: "below", 0: "same"}[sign([row["a_above"] for row in rows])],
        (("a", "b"),), ("above", "lag"),
    ),
    "kept-features": Trial(
        {name: RunSettings(phases=(Phase(epochs=4),), train_per_class=40, cache=kept) for name, kept in (("a", True), ("b", False))},
        lambda rows: "much" if all(row["b_epoch"] > 2 * row["a_epoch"] for row in rows) else "little",
        (("a", "b"),), ("epoch",), timed=True,
    ),
    "pretrained-random": Trial(
        {
            "a": _equal_steps("pretrained", images=40, epochs=20),
            "b": _equal_steps("random", images=40, epochs=20),
            "c": _equal_steps("pretrained", images=200, epochs=4),
            "d": _equal_steps("random", images=200, epochs=4),
        },
        _lead, (("a", "b"), ("c", "d")), ("last",), long=True,
    ),
    "early-late": Trial(
        {"a": _two(FIRST, **_SMALL), "b": _two(ONE, **_SMALL), "c": _two(ALONE, **_SMALL)},
        _better, (("a", "b"), ("a", "c"), ("b", "c")), ("last",),
    ),
}  # fmt: skip
