"""The pictures of a plan as rows in order, made a few ahead in threads; those that cannot be used are gathered.

Knows nothing about where rows are kept or which sets there are.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np

from ftcore.data.pictures import PictureError
from ftcore.data.prepared import Split
from ftcore.data.splits import Item, Plan, listed
from ftcore.errors import FtError
from ftcore.files import whole
from ftcore.names import shown, tidy
from ftcore.preprocess import Preprocess

Progress = Callable[[str, int, int], None]
THREADS = min(4, os.cpu_count() or 1)
T = TypeVar("T")
R = TypeVar("R")


class BadPictures(FtError):
    """Pictures of a set that cannot be used: `pictures` gives name and reason of each, fit to be shown."""

    def __init__(self, errors: Sequence[PictureError]) -> None:
        errors = sorted(errors, key=lambda error: error.name)
        names = listed([f"'{shown(error.name)}' {error.reason}" for error in errors], 3)
        many = f"{len(errors):,} files cannot be used as pictures ({names}): mend or remove them."
        super().__init__(str(errors[0]) if len(errors) == 1 else many)
        self.pictures = tuple(named(error) for error in errors)


class Unreadable(Exception):
    """Some pictures of a split could not be used."""


def named(error: PictureError) -> tuple[str, str]:
    """Name and reason of a picture that cannot be used, fit to be shown."""
    return tidy(error.name), tidy(error.reason)


def write_list(path: Path, pictures: Sequence[tuple[str, str]]) -> None:
    """Names and reasons into a text file (UTF-8): one picture a line in name order, a tab between."""
    with whole(path) as file:
        file.write("".join(f"{name}\t{reason}\n" for name, reason in sorted(pictures)).encode("utf-8", "replace"))


class Report:
    """Passes progress on, at most ten times a second."""

    def __init__(self, progress: Progress | None, total: int, what: str = "Preparing images") -> None:
        self.progress, self.total, self.what, self.done, self.last = progress, total, what, 0, 0.0

    def step(self) -> None:
        """One image more is done."""
        self.steps(1)

    def steps(self, count: int) -> None:
        """So many images more are done."""
        self.done += count
        now = time.monotonic()
        if self.progress and (now - self.last >= 0.1 or self.done == self.total):
            self.last = now
            self.progress(self.what, self.done, self.total)


def copied(larger: Split, items: Sequence[Item], wanted: Sequence[Item], report: Report) -> Iterator[np.ndarray]:
    """The rows of `wanted` out of a split that holds `items`."""
    place = {item: number for number, item in enumerate(items)}
    for item in wanted:
        yield larger.images[place[item]]
        report.step()


def rows(
    plan: Plan, items: Sequence[Item], preprocess: Preprocess, report: Report, bad: dict[Item, PictureError]
) -> Iterator[np.ndarray]:
    """Each item's row in order. Unusable ones are put into `bad`, and `Unreadable` is raised when all were tried."""
    if plan.rows:
        for row in plan.rows(items, preprocess):
            yield row
            report.step()
        return
    before = len(bad)
    for item, waiting in in_threads(lambda item: plan.row(item, preprocess), items):
        try:
            row = waiting.result()
            if len(bad) == before:
                yield row
        except PictureError as error:
            bad[item] = error
        report.step()
    if len(bad) > before:
        raise Unreadable


def in_threads(work: Callable[[T], R], things: Sequence[T]) -> Iterator[tuple[T, Future[R]]]:
    """Each thing with what becomes of it, in order, worked on a few ahead."""
    with ThreadPoolExecutor(THREADS) as pool:
        waiting: deque[Future[R]] = deque()
        ahead = iter(things)
        try:
            for thing in things:
                while len(waiting) < 4 * THREADS and (following := next(ahead, None)) is not None:
                    waiting.append(pool.submit(work, following))
                yield thing, waiting.popleft()
        finally:
            pool.shutdown(cancel_futures=True)
