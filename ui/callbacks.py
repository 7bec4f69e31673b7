"""What a widget calls goes through the same error handling as the page itself.

A callback runs before the page's own code: an error there would end the page before anything is drawn. This module
knows nothing about what callbacks do.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import streamlit as st

from ftcore.errors import FtError
from ui.words import as_markdown

_SAID = "thaw_said"


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
    """Let go of what has not been told: its place is not on the page, or the page cannot be drawn and says why."""
    st.session_state.pop(_SAID, None)


def tell(place: str = "") -> None:
    """Show once what a callback of this place was refused."""
    message = st.session_state.get(_SAID, {}).pop(place, "")
    if message:
        st.error(as_markdown(message))
