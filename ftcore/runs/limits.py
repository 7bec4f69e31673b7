"""What one learner may take of a server: places in the queue, time, disk; and whose turn it is.

A server sets them in its environment. This module knows nothing about processes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from ftcore.costs import estimate
from ftcore.errors import FtError
from ftcore.numerals import several
from ftcore.runs import shelf
from ftcore.settings import RunSettings, number_from_environment

QUEUE_LIMIT = 20
LEARNER_LIMIT = 3
LEARNER_GB = 2.0


def check_time(*trainings: RunSettings) -> None:
    """Raise `FtError` for a run that is expected to take longer than `$THAW_MAX_MINUTES` (0 or unset: no limit).

    Of a series the trainings count together.
    """
    most = number_from_environment("THAW_MAX_MINUTES", 0)
    if not most:
        return
    minutes = sum(estimate.of_run(one).seconds for one in trainings) / 60
    if minutes > most:
        raise FtError(
            f"This run would take about {several(math.ceil(minutes), 'minute')}, and this server allows {most:g}: give it fewer "
            "epochs, fewer training images per class or fewer trainable blocks."
        )


def check_disk(owner: str) -> None:
    """Raise `FtError` when a learner's runs hold `$THAW_LEARNER_GB` (2 if unset, 0: no limit) of disk or more."""
    most = number_from_environment("THAW_LEARNER_GB", LEARNER_GB)
    held = shelf.bytes_of(owner) / 1e9 if most else 0.0
    if held > most:
        raise FtError(
            f"Your runs hold {held:.1f} GB of the {most:g} GB that this server gives a learner: delete old ones, "
            "then start this one."
        )


def turns(waiting: Mapping[str, str], served: Mapping[str, int]) -> list[str]:
    """Runs in the order of their turn: always the first of the learner who was served longest ago, or never yet.

    `waiting` gives the owner of each run in the order they came, `served` numbers each learner's last turn.
    """
    left, last, order = dict(waiting), dict(served), []
    while left:
        run_id = min(left, key=lambda one: last.get(left[one], 0))
        last[left.pop(run_id)] = max(last.values(), default=0) + 1
        order.append(run_id)
    return order
