"""What an experiment compares, what decides it, and which numbers it shows.

An arm is what is tried: the settings of a training, or what a measurement is called with. This module knows nothing
about words, guesses or pages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from course.verdicts import LEAST, Rows
from ftcore.settings import RunSettings

Arm = RunSettings | Mapping[str, Any]


@dataclass(frozen=True)
class Trial:
    """An experiment without its words.

    Every seed gives each arm's numbers as "<arm>_<number>" (shares as 0..1, times in seconds); `judge` makes of the
    rows of several seeds the key of an outcome. `contrasts` are the pairs of arms that differ in one thing only. The
    numbers of `shown` are drawn, a dot for each seed and arm. Measurements have a `make`, called with a seed and the
    arm; `forward` and `learned` count the images that pass through the network for all arms, and those that it learns
    from. What is `counted` and not trained is the same for every seed; what is `timed` belongs to one machine. What
    takes `long` is told by its recorded seeds until there are the learner's own.
    """

    arms: Mapping[str, Arm]
    judge: Callable[[Rows], str]
    contrasts: tuple[tuple[str, str], ...]
    shown: tuple[str, ...]
    make: Callable[..., Mapping[str, float]] | None = None
    forward: int = 0
    learned: int = 0
    seeds: int = LEAST
    counted: bool = False
    timed: bool = False
    long: bool = False
