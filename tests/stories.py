"""Runs of every kind that the verdict tells apart: made up, and real ones as the engine told them.

`python -m tests.stories` prints what is said of each. A real one is recorded by `python -m ftcore train`; its log lies
in `tests/fixtures/told`, without what no verdict reads.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ftcore import coach
from ftcore.events import Baseline, EpochEnd, HeadAlone, RunStart
from ftcore.runs import records
from ftcore.settings import HEAD, Phase, RunSettings
from ftcore.story import Story
from ui.runs.coach import then, words

TOLD = Path(__file__).parent / "fixtures" / "told"

Row = tuple[float, float, float, float]  # loss and accuracy on training images, loss and accuracy on validation images


def story(
    head: Sequence[Row], tune: Sequence[Row] = (), images: int = 1000, lr: float = 1e-3, alone: Sequence[float] = ()
) -> Story:
    """A run of ten classes: the epochs of the head, then those of a second phase.

    `alone` are the validation accuracies of the head trained on alone beside it.
    """
    phases = [Phase(epochs=max(1, len(head)), lr=lr)]
    if tune:
        phases.append(Phase("Fine-tune", len(tune), 1e-4, ("layer4.1", HEAD)))
    names = tuple(str(number) for number in range(10))
    start = RunStart("resnet18", "digits", names, 300, images, images, ("stem", "head"), "cpu")
    told = []
    for at, (loss, accuracy, val_loss, val_accuracy) in enumerate((*head, *tune)):
        phase = 1 if at < len(head) else 2
        told.append(EpochEnd(phase, at + 1, loss, accuracy, loss, accuracy, val_loss, val_accuracy, lr, {}, 1.0))
    beside = HeadAlone(len(head), tuple(2 * (1 - value) for value in alone), tuple(alone)) if alone else None
    return Story(RunSettings(phases=tuple(phases)), start, Baseline(2.4, 0.1), tuple(told), alone=beside)


def going(told: Story, epochs: int) -> Story:
    """The same run while its last phase has more epochs to come."""
    *done, last = told.settings.phases
    return replace(told, settings=replace(told.settings, phases=(*done, replace(last, epochs=epochs))))


def real(name: str, epochs: int = 0) -> Story:
    """A recorded run, as a whole or as far as it had come after so many epochs."""
    log, _ = records.read_log(TOLD / name)
    told = Story.of(records.settings_of(TOLD / name), log)
    if not epochs:
        return told
    rows = told.epochs[:epochs]
    return replace(
        told, epochs=rows, phases=tuple(over for over in told.phases if over.phase < rows[-1].phase), end=None
    )


HEAD_DONE = [(1.9, 0.4, 2.0, 0.35), (1.5, 0.6, 1.8, 0.50), (1.3, 0.65, 1.7, 0.55)]
NAN = math.nan
RUNS = {
    "diverged in phase 1": (story([(90, 0.1, 80, 0.1), (1e4, 0.1, 9e3, 0.1), (1e22, 0.1, 1e22, 0.1)], lr=10), "diverged"),
    "no number any more": (story([(2.0, 0.3, 2.1, 0.3), (NAN, 0.1, NAN, 0.1)]), "diverged"),
    "diverged in phase 2": (story(HEAD_DONE, [(346, 0.1, 300, 0.1), (1e9, 0.1, 1e9, 0.1), (1e20, 0.1, 1e20, 0.1)]), "diverged"),
    "at chance, nothing learned": (story([(2.31, 0.1, 2.31, 0.1), (2.305, 0.11, 2.31, 0.1), (2.303, 0.1, 2.304, 0.11)]), "chance"),
    "at chance, training known": (story([(1.0, 0.7, 2.9, 0.1), (0.5, 0.9, 3.5, 0.11), (0.1, 1.0, 4.0, 0.1)]), "memorised"),
    "recovered": (story(HEAD_DONE, [(30, 0.2, 25, 0.2), (2.0, 0.5, 2.0, 0.45), (1.4, 0.6, 1.6, 0.55)]), "recovered"),
    "thawing did damage": (story(HEAD_DONE, [(2.1, 0.2, 2.2, 0.2), (2.0, 0.25, 2.1, 0.22), (1.9, 0.3, 2.0, 0.25)]), "damaged"),
    "thawing cost what holds": (story(HEAD_DONE, [(1.0, 0.7, 1.8, 0.5), (0.5, 0.9, 2.0, 0.45), (0.1, 1.0, 2.4, 0.42)]), "lost"),
    "thawing did damage, but has just begun": (going(story(HEAD_DONE, [(2.1, 0.2, 2.2, 0.2)]), 9), "early"),
    "blown up while learning, not after it": (story([(60, 0.3, 1.9, 0.3)]), "recovered"),
    "memorising": (story(HEAD_DONE, [(0.5, 0.9, 1.1, 0.7), (0.2, 1.0, 1.2, 0.71), (0.1, 1.0, 1.3, 0.7), (0.05, 1.0, 1.4, 0.69)]), "memorising"),
    "more often right at a higher loss": (story(HEAD_DONE, [(0.5, 0.9, 1.1, 0.7), (0.2, 1.0, 1.2, 0.72), (0.1, 1.0, 1.3, 0.75), (0.05, 1.0, 1.4, 0.77)]), "confident"),
    "validation loss up for two epochs": (story(HEAD_DONE, [(0.5, 0.9, 1.1, 0.6), (0.2, 1.0, 1.2, 0.7), (0.1, 1.0, 1.3, 0.7)]), "open"),
    "perfect, but not throughout": (story([(0.2, 0.9, 0.2, 1.0), (0.1, 0.9, 0.2, 0.9), (0.1, 1.0, 0.1, 1.0)]), "perfect"),
    "perfect after the head": (story([(0.2, 0.99, 0.2, 0.99), (0.1, 1.0, 0.1, 1.0), (0.05, 1.0, 0.05, 1.0)]), "perfect"),
    "one epoch": (story([(1.9, 0.4, 2.0, 0.35)]), "early"),
    "rate too high": (story([(1.9, 0.4, 2.0, 0.3), (2.2, 0.3, 2.1, 0.33), (1.7, 0.5, 1.9, 0.4), (2.1, 0.4, 2.0, 0.35)]), "unsteady"),
    "a loss of nearly nothing jumps": (story([(2e-4, 1.0, 0.5, 0.9), (3e-4, 1.0, 0.5, 0.9), (2e-4, 1.0, 0.5, 0.9), (3e-4, 1.0, 0.5, 0.9)]), "open"),
    "has fallen fast, stands high": (story([(2.2, 0.3, 2.2, 0.3), (1.50, 0.5, 1.6, 0.5), *[(1.49 - at / 1000, 0.5, 1.6, 0.5) for at in range(120)]]), "level"),
    "rate too low": (story([(2.30, 0.15, 2.30, 0.15), (2.29, 0.16, 2.29, 0.16), (2.28, 0.18, 2.28, 0.17)]), "slow"),
    "still learning": (story(HEAD_DONE), "learning"),
    "level": (story(HEAD_DONE, [(1.0, 0.7, 1.2, 0.7), (0.8, 0.8, 1.19, 0.7), (0.6, 0.9, 1.19, 0.71), (0.4, 0.95, 1.2, 0.7)]), "level"),
    "converged": (story([(0.50, 0.9, 0.9, 0.7), (0.495, 0.9, 0.9, 0.7), (0.494, 0.9, 0.9, 0.7), (0.493, 0.9, 0.9, 0.7)]), "converged"),
}  # fmt: skip

# Each with the epochs after which it is looked at, 0 for all of them.
REAL = {
    "the lesson on 10 images a class": ("few", 0, "learning"),
    "rate 10 in phase 1": ("rate10", 0, "recovered"),
    "rate 10 in phase 1, then": ("rate10", 3, "diverged"),
    "rate 1 in phase 2": ("rate1", 0, "diverged"),
    "long on 10 images a class": ("memo", 0, "confident"),
    "long on 10 images a class, then": ("memo", 26, "memorising"),
    "three colours": ("colours", 0, "perfect"),
    "three colours, one epoch": ("colours", 1, "perfect"),
    "blown up twice, worse the second time": ("updown", 0, "recovered"),
    "thawed at ten times the rate": ("patience", 12, "damaged"),
    "thawed at ten times the rate, the end": ("patience", 0, "level"),
    "rate 1e-6": ("slow", 0, "slow"),
    "rate 0.3 with SGD": ("headhigh", 7, "unsteady"),
}


def table() -> str:
    """A line for each run: the kind of its verdict, the sentence, and the button's words."""
    told = {**RUNS, **{name: (real(run, epochs), kind) for name, (run, epochs, kind) in REAL.items()}}
    lines = ["| run | kind | sentence | button |", "|---|---|---|---|"]
    for name, (run, _) in told.items():
        verdict = coach.judge(run)
        assert verdict is not None
        button = then(verdict, run.settings) if verdict.next is not None else ""
        lines.append(f"| {name} | {verdict.kind} | {words(verdict)} | {button} |")
    return "\n".join(lines)


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    print(table())
