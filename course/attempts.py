"""What one learner made of an experiment: the guess, the rows of finished seeds, and the series that is going on.

Works on the plain record in `learners`, which may hold anything; knows nothing about files, runs or pages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from course import experiments
from course.learners import Attempt
from course.verdicts import Row


def rows(name: str, attempt: Attempt) -> dict[int, Row]:
    """The finished seeds; none that were made with other arms, or whose numbers are damaged."""
    kept = attempt.get("rows")
    if attempt.get("arms") != experiments.arms_of(name) or not isinstance(kept, dict):
        return {}
    sound = {seed: row for seed, row in kept.items() if str(seed).isdecimal() and _is_row(row)}
    names = [set(row) for row in sound.values()]
    return {int(seed): row for seed, row in sound.items() if set(row) == names[0]}


def _is_row(row: object) -> bool:
    return isinstance(row, dict) and bool(row) and all(type(value) in (int, float) for value in row.values())


def going(name: str, attempt: Attempt) -> tuple[str, tuple[int, ...]] | None:
    """The run that trains seeds of this experiment, and which ones; None without one."""
    series = attempt.get("series")
    if attempt.get("arms") != experiments.arms_of(name) or not isinstance(series, dict):
        return None
    run, seeds = series.get("run"), series.get("seeds")
    sound = isinstance(seeds, list) and seeds and all(type(seed) is int and 0 <= seed < 2**31 for seed in seeds)
    return (run, tuple(seeds)) if isinstance(run, str) and sound else None


def begin(name: str, attempt: Attempt, run: str = "", seeds: Sequence[int] = ()) -> None:
    """Note a run that trains these seeds, or that none does; what was made with other arms is let go."""
    kept = rows(name, attempt)
    for old in [key for key in attempt if key != "guess"]:
        del attempt[old]  # type: ignore[misc]
    attempt["arms"] = experiments.arms_of(name)
    attempt["rows"] = {str(seed): dict(row) for seed, row in kept.items()}
    if run:
        attempt["series"] = {"run": run, "seeds": list(seeds)}


def add(name: str, attempt: Attempt, made: Mapping[int, Row]) -> None:
    """Keep the rows of finished seeds."""
    if attempt.get("arms") != experiments.arms_of(name):
        begin(name, attempt)
    kept = {**rows(name, attempt), **made}
    attempt["rows"] = {str(seed): dict(row) for seed, row in kept.items()}


def following(name: str, done: Mapping[int, Row]) -> list[int]:
    """The seeds to make next: what is missing for a verdict, then one more at a time."""
    first = max(done, default=-1) + 1
    return list(range(first, first + experiments.missing(name, len(done))))
