"""Whether a run's answers are worth anything, from the numbers in its own log alone.

Knows nothing about networks, pictures or pages.
"""

from __future__ import annotations

import math
from pathlib import Path

from ftcore.events import EpochEnd, RunEnd, RunStart
from ftcore.numerals import number, percent, several
from ftcore.runs import records

SURE = 100  # images; with fewer the numbers bear no harder word


def doubt(folder: Path) -> str | None:
    """One sentence if this run's validation numbers are no better than guessing, else None.

    That is: the accuracy of the epoch whose weights are kept lies at most two standard errors above that of guessing,
    1 / classes, and its loss is not below that of equal chances for all, ln(classes).
    """
    log, _ = records.read_log(folder)
    start = next((said for said in reversed(log) if isinstance(said, RunStart)), None)
    end = next((said for said in reversed(log) if isinstance(said, RunEnd)), None)
    epochs = (said for said in reversed(log) if isinstance(said, EpochEnd))
    best = next((epoch for epoch in epochs if end is None or epoch.epoch == end.kept_epoch), None)
    if start is None or best is None or len(start.classes) < 2 or not start.val_images:
        return None  # not begun, or a damaged log
    return _sentence(len(start.classes), start.val_images, best, done=end is not None)


def _sentence(classes: int, images: int, epoch: EpochEnd, *, done: bool) -> str | None:
    accuracy, loss = epoch.val_accuracy, epoch.val_loss
    chance, even = 1 / classes, math.log(classes)
    error = math.sqrt(chance * (1 - chance) / images)
    if accuracy > chance + 2 * error or loss < even:
        return None
    sure = images >= SURE and accuracy <= chance + error
    trust = "its answers mean nothing" if sure else "do not rely on its answers"
    said = percent(accuracy).replace("\u00a0", " ")  # for a terminal
    return (
        f"This run {'ended' if done else 'stands'} at {said} validation accuracy with a loss of {number(loss)}, no "
        f"better than guessing among {classes} classes going by {several(images, 'image')}: {trust}. "
        f"{_cure(even, loss, epoch.sample_loss)}"
    )


def _cure(even: float, loss: float, training: float) -> str:
    if min(loss, training) > 2 * even:  # worse than equal chances even on what it was trained on
        return "Train again with a lower learning rate."
    if training < even:
        return "It has learned its training images and nothing that holds for others: check the labels or add images."
    return "Train longer, or with another learning rate."
