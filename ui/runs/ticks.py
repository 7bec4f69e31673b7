"""A part of a page that looks again every second while something goes on. Knows nothing about what it looks at."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from ui import callbacks

S = TypeVar("S")
SHARE, SLOWEST = 0.1, 4.0  # of the time that looks may take; seconds between two of them at most, for this reason
_taken = 0.0  # seconds that a look takes on this server as it is now: a mean that forgets


def watch(
    first: S, look: Callable[[], S], mark: Callable[[S], object], draw: Callable[[S], None], *, active: bool,
    every: float = 1.0,
) -> None:  # fmt: skip
    """Call `draw` with the first look, which the page has taken, and while it is `active` with a new one `every` so many
    seconds, or more rarely where looks take long: on a slow machine, or with a class on one server, watching would take the
    time that training needs. For each look the browser goes over the whole page, whatever has changed of it: parts that
    stand together are better drawn by one.

    A later look whose mark is another one draws the whole page anew. The room around it is the page's own: on a machine
    that sends late, Streamlit drops what a whole run drew of a fragment that runs next, the browser then takes its old
    place away, and all that stands beside it moves up.
    """
    with st.container():
        st.fragment(_tick, run_every=pace(every) if active else None)(mark(first), [first], look, mark, draw)


def pace(every: float) -> float:
    """Seconds between two looks, so that they take no more than their share of the time."""
    return max(every, min(SLOWEST, every * _taken / SHARE))


def _tick(
    before: object, given: list[S], look: Callable[[], S], mark: Callable[[S], object], draw: Callable[[S], None]
) -> None:
    """Never draws anew while the page itself is drawn: a click on what it has not reached yet would be lost.

    The mark before is kept, not the look: what a look holds may be read on, and then says what is, not what was.
    """
    with callbacks.told():
        if given:
            draw(given.pop())
            return
        now = look()
        if mark(now) != before:
            st.rerun()
        _timed(draw, now)


def _timed(draw: Callable[[S], None], now: S) -> None:
    global _taken
    start = time.perf_counter()
    draw(now)
    _taken += (time.perf_counter() - start - _taken) / 4
