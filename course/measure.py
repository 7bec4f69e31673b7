"""Small measurements that settle a belief about freezing or about numbers: seconds each, on the built-in network.

Every one works on a network of its own and returns plain numbers (shares and rates as 0..1). This module knows
nothing about words, guesses or pages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from course.measures.answers import (
    FEW,
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
from course.measures.ground import BASE, BATCH, LOOKED, STEPS, Numbers
from ftcore.analysis import steps
from ftcore.costs import machine

SAME = 0.005  # accuracies that differ by less are called the same


@dataclass(frozen=True)
class Measurement:
    """One belief put to the test without a run: `make` it, then `verdict` names the guess that came true.

    `forward` and `learned` count the images that pass through the network and those that it learns from; `given` is
    what a question may say before it is made.
    """

    make: Callable[[], Numbers]
    verdict: Callable[[Numbers], str]
    forward: int = 0
    learned: int = 0
    given: Numbers = field(default_factory=dict)


_TRAIN, _VAL = 10 * BASE.train_per_class, 2000
MEASUREMENTS: Mapping[str, Measurement] = {
    "frozen-norm": Measurement(
        frozen_norm,
        lambda n: "statistics" if n["weights"] == 0 and n["statistics"] > 0 else "nothing",
        learned=steps.STEPS * BASE.batch_size,
        given={"steps": steps.STEPS},
    ),
    "bn-eval": Measurement(bn_eval, lambda n: "undone" if n["left"] == 0 else "holds", forward=STEPS * BATCH),
    "eval-mode": Measurement(
        eval_mode,
        lambda n: "weights" if n["weights"] > 0 else "nothing",
        learned=STEPS * BATCH,
        given={"steps": STEPS},
    ),
    "optimizer-holds": Measurement(
        optimizer_holds,
        lambda n: "still" if n["without"] == 0 else "moves",
        learned=2 * STEPS * BATCH,
        given={"steps": STEPS},
    ),
    "last-two": Measurement(
        last_two, lambda n: "most" if n["share"] > 0.5 else "part" if n["share"] > 0.3 else "small"
    ),
    "normalisation": Measurement(
        normalisation,
        lambda n: "falls" if n["right"] - n["wrong"] > 0.02 else "same",
        forward=_TRAIN + 2 * LOOKED,
    ),
    "softmax": Measurement(softmax, lambda n: "less" if n["right"] < 0.98 else "right", forward=_TRAIN + LOOKED + 100),
    "shifted": Measurement(
        shifted,
        lambda n: "tuned" if n["tuned_other"] > n["head_other"] else "head",
        forward=4 * (_TRAIN + _VAL),
        learned=2 * _TRAIN,
    ),
    "old-classes": Measurement(
        old_classes,
        lambda n: "changed" if n["same"] < 0.98 else "kept",
        forward=2 * (_TRAIN + _VAL),
        learned=2 * _TRAIN,
    ),
    "rate-finder": Measurement(
        rate_finder,
        lambda n: "tenth" if n["loss_tenth"] < n["loss_minimum"] else "minimum",
        forward=_TRAIN,
        given={"steps": HEAD_STEPS},
    ),
    "best-of-many": Measurement(
        best_of_many,
        lambda n: "higher" if n["chosen"] > n["others"] + SAME else "same",
        forward=_TRAIN + 1000,
        given={"heads": HEADS, "few": FEW},
    ),
    "heat-map": Measurement(heat_map, lambda n: "stays" if n["hot"] > 0.5 else "falls", forward=_TRAIN + 3 * LOOKED),
}


def seconds(name: str) -> float:
    """Expected seconds of a measurement on this machine."""
    cost = machine.costs(BASE.backbone).values()
    forward, learned = sum(each.forward for each in cost), sum(each.train for each in cost)
    one = MEASUREMENTS[name]
    return one.forward * forward + one.learned * learned
