"""What a widget calls goes through the same error handling as the page itself, and no click is lost.

A callback runs before the page's own code: an error there would end the page before anything is drawn. This module
knows nothing about what callbacks do.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import streamlit as st

from ftcore.errors import FtError
from ui.words import as_markdown

_SAID = "thaw_said"
_CLICKS = "thaw_clicks"


def guarded(act: Callable[..., Any], place: str = "") -> Callable[..., None]:
    """`act` as a widget may call it: an `FtError` is kept, to be told by the page that is drawn next.

    `place` names the part of the page that tells it, where that is not the top.
    """

    @functools.wraps(act)
    def called(*args: Any, **more: Any) -> None:
        try:
            act(*args, **more)
        except FtError as error:
            st.session_state.setdefault(_SAID, {})[place] = str(error)

    return called


@contextmanager
def told() -> Iterator[None]:
    """Show an `FtError` as one sentence where it happens; what follows on the page goes on."""
    try:
        yield
    except FtError as error:
        st.error(as_markdown(error))


def forget() -> None:
    """Let go of what has not been told and of clicks: their place is not on the page, or it cannot be drawn and says why."""
    st.session_state.pop(_SAID, None)
    st.session_state.pop(_CLICKS, None)


def tell(place: str = "") -> None:
    """Show once what a callback of this place was refused."""
    message = st.session_state.get(_SAID, {}).pop(place, "")
    if message:
        st.error(as_markdown(message))


def pressed(label: str, *, key: str, **more: Any) -> bool:
    """Draw `st.button` and say whether it was pressed, also where Streamlit has forgotten that it was.

    A click begins a new drawing in a new thread while the one before may still be on its last steps. As that one ends, it
    takes every button of the session for unpressed, those that the new one has not reached included. The callback has run
    by then, and what it puts down stays.
    """
    st.button(label, key=key, on_click=guarded(_click), args=(key,), **more)
    return st.session_state.get(_CLICKS, {}).pop(key, None) is not None


def _click(key: str) -> None:
    st.session_state.setdefault(_CLICKS, {})[key] = time.monotonic()


@contextmanager
def one_drawing() -> Iterator[None]:
    """A page from its first line to its last: a click before it on what it does not have any more is let go."""
    begun = time.monotonic()
    yield
    clicks: dict[str, float] = st.session_state.get(_CLICKS, {})
    for key in [key for key, at in [*clicks.items()] if at < begun]:  # the next drawing may put one down just now
        clicks.pop(key, None)
