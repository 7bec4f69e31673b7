"""Experiments that measure: seconds each, on the built-in network, and how their numbers decide.

This module knows nothing about words, guesses or pages.
"""

from __future__ import annotations

from collections.abc import Mapping

from course.measures.answers import (
    HEAD_STEPS,
    HEADS,
    best_of_many,
    heat_map,
    normalisation,
    old_classes,
    rate_finder,
    shifted,
    softmax,
)
from course.measures.freezing import bn_eval, eval_mode, frozen_norm, last_two, optimizer_holds
from course.measures.ground import BASE, BATCH, CLASSES, LOOKED, STEPS, Numbers
from course.measures.pictures import DRAWINGS, TAKES, VERSIONS, augmentation, imbalance, leakage, old_row
from course.trials import Trial
from course.verdicts import Rows, paired
from ftcore.analysis import steps
from ftcore.costs import machine

CHEAP = 5  # seeds, where a training takes a moment
_TRAIN = CLASSES * BASE.train_per_class
_EPOCHS = 8
_PAIR = (("a", "b"),)


def _all(rows: Rows, name: str) -> bool:
    return all(row[name] > 0 for row in rows)


def _key(rows: Rows, one: str, other: str, more: str, less: str) -> str:
    """The key for "larger", for "smaller", or "same" where the seeds show neither."""
    return {1: more, -1: less, 0: "same"}[paired(rows, one, other)]


def _shifted(rows: Rows) -> str:
    """The arm that is right more often than both others, if there is one."""
    arms = {"a": "head", "b": "once", "c": "first"}
    for arm, key in arms.items():
        if all(paired(rows, f"{arm}_other", f"{other}_other") > 0 for other in arms if other != arm):
            return key
    return "same"


MEASUREMENTS: Mapping[str, Trial] = {
    "frozen-norm": Trial(
        {"a": {"plain": True}, "b": {"plain": False}},
        lambda rows: "statistics" if not _all(rows, "a_weights") and _all(rows, "a_statistics") else "nothing",
        _PAIR, ("statistics", "weights"), frozen_norm, learned=2 * steps.STEPS * BASE.batch_size,
    ),
    "bn-eval": Trial(
        {"a": {"again": False}, "b": {"again": True}},
        lambda rows: "undone" if _all(rows, "a_statistics") else "holds",
        _PAIR, ("statistics",), bn_eval, forward=2 * STEPS * BATCH,
    ),
    "eval-mode": Trial(
        {"a": {"train": False}, "b": {"train": True}},
        lambda rows: "weights" if _all(rows, "a_weights") else "nothing",
        _PAIR, ("weights", "statistics"), eval_mode, learned=2 * STEPS * BATCH,
    ),
    "optimizer-holds": Trial(
        {"a": {"held": "head"}, "b": {"held": "both"}},
        lambda rows: "moves" if _all(rows, "a_weights") else "still",
        _PAIR, ("weights",), optimizer_holds, learned=2 * STEPS * BATCH,
    ),
    "last-two": Trial(
        {name: {"backbone": backbone} for name, backbone in zip(
            "abcde", (BASE.backbone, "vgg16", "resnet50", "convnext_tiny", "efficientnet_b0"), strict=True)},
        lambda rows: "depends" if len({row[f"{arm}_share"] > 0.5 for row in rows for arm in "abcde"}) > 1 else "alike",
        (("a", "b"), ("a", "c"), ("a", "d"), ("a", "e")), ("share",), last_two, counted=True,
    ),
    "normalisation": Trial(
        {"a": {"scaled": True}, "b": {"scaled": False}},
        lambda rows: "falls" if paired(rows, "a_right", "b_right") > 0 else "same",
        _PAIR, ("right",), normalisation, forward=_TRAIN + 2 * LOOKED, seeds=CHEAP,
    ),
    "softmax": Trial(
        {"a": {"steps": 100}, "b": {"steps": 1500}},
        lambda rows: "less" if paired([{**row, "allowed": 0.01} for row in rows], "b_wrong", "allowed") > 0 else "right",
        _PAIR, ("over", "wrong"), softmax, forward=_TRAIN + LOOKED + 200, seeds=CHEAP,
    ),
    "shifted": Trial(
        {"a": {"first": "head", "then": "head"}, "b": {"first": "all", "then": "all"}, "c": {"first": "head", "then": "all"}},
        _shifted, (("a", "c"), ("b", "c")), ("other", "same"), shifted,
        forward=3 * _EPOCHS * LOOKED + 12 * LOOKED, learned=3 * _EPOCHS * _TRAIN,
    ),
    "old-classes": Trial(
        {"a": {"then": "head"}, "b": {"then": "last"}},
        lambda rows: "changed" if paired(rows, "a_same", "b_same") > 0 else "kept",
        _PAIR, ("same",), old_classes, forward=_EPOCHS * LOOKED, learned=_EPOCHS * _TRAIN // 2,
    ),
    "rate-finder": Trial(
        {"a": {"share": 1.0}, "b": {"share": 0.1}},
        lambda rows: _key(rows, "a_loss", "b_loss", "tenth", "minimum"),
        _PAIR, ("loss",), rate_finder, forward=_TRAIN, seeds=CHEAP,
    ),
    "best-of-many": Trial(
        {"a": {"few": 30}, "b": {"few": 150}},
        lambda rows: "higher" if paired(rows, "a_chosen", "a_others") > 0 else "same",
        _PAIR, ("chosen", "others"), best_of_many, forward=_TRAIN + LOOKED, seeds=CHEAP,
    ),
    "heat-map": Trial(
        {name: {"weights": weights, "place": place} for name, weights, place in (
            ("a", "pretrained", "hot"), ("b", "pretrained", "cold"), ("c", "random", "hot"), ("d", "random", "cold"))},
        lambda rows: _key(rows, "b_stays", "a_stays", "hot", "cold"),
        (("a", "b"), ("a", "c"), ("c", "d"), ("b", "d")), ("stays",), heat_map, forward=4 * (_TRAIN + 2 * LOOKED),
    ),
    "leakage": Trial(
        {"a": {"by": "drawing"}, "b": {"by": "picture"}},
        lambda rows: _key(rows, "b_measured", "a_measured", "higher", "lower"),
        _PAIR, ("measured", "new"), leakage, forward=CLASSES * DRAWINGS * TAKES + _TRAIN + LOOKED, seeds=CHEAP,
    ),
    "augmentation": Trial(
        {"a": {"augment": False}, "b": {"augment": True}},
        lambda rows: _key(rows, "b_above", "a_above", "more", "less"),
        _PAIR, ("above",), augmentation, forward=(VERSIONS + 1) * _TRAIN + LOOKED, seeds=CHEAP,
    ),
    "imbalance": Trial(
        {"a": {"rare": 16, "weighted": False}, "b": {"rare": 4, "weighted": False}, "c": {"rare": 4, "weighted": True}},
        lambda rows: _key(rows, "b_uneven", "b_even", "flatters", "harms"),
        (("a", "b"), ("b", "c")), ("uneven", "even", "rare"), imbalance, forward=_TRAIN + LOOKED, seeds=CHEAP,
    ),
    "old-row": Trial(
        {"a": {"start": "random"}, "b": {"start": "old"}},
        lambda rows: _key(rows, "b_early", "a_early", "faster", "slower"),
        _PAIR, ("early", "last"), old_row, forward=_TRAIN + LOOKED, seeds=CHEAP,
    ),
}  # fmt: skip
GIVEN: Mapping[str, Numbers] = {
    "frozen-norm": {"steps": steps.STEPS},
    "eval-mode": {"steps": STEPS},
    "optimizer-holds": {"steps": STEPS},
    "rate-finder": {"steps": HEAD_STEPS},
    "best-of-many": {"heads": HEADS},
}


def seconds(name: str) -> float:
    """Expected seconds of a measurement with one seed on this machine."""
    cost = machine.costs(BASE.backbone).values()
    forward, learned = sum(each.forward for each in cost), sum(each.train for each in cost)
    one = MEASUREMENTS[name]
    return one.forward * forward + one.learned * learned
