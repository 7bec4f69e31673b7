"""The box of the guided lesson: it stays in sight, outlines what to press, and says aloud when a step is done.

This module knows nothing about the steps themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st

from course import content
from ui.callbacks import guarded
from ui.widgets import component

_STYLE = (component.ASSETS / "guidebox.css").read_text("utf-8")
# The insight is long: on a small screen it would leave no room for anything else.
_LONG = '@media (max-width: 640px) { [data-testid="stLayoutWrapper"]:has(> .st-key-guide) { position: static; } }'
THERE = ".st-key-guide a, .st-key-guide-there button"
# Streamlit takes the outline off what was clicked; what the keyboard has reached keeps the browser's own mark.
_MARK = ":is(SELECTOR):not(:focus-visible) { outline: 2px dashed var(--thaw-ink) !important; outline-offset: 3px; }"


_voice = component.declare("guide", html='<div role="status"></div>')


@contextmanager
def draw(now: int, end: int, go: Callable[[int | None], None], *, top: bool) -> Iterator[None]:
    """The frame with what step it is (from 0; `end` is the insight) and the ways out; the caller fills it.

    With `top` the page is scrolled to its top when the step begins.
    """
    _wear(_STYLE.replace("STEP", str(now)) + (_LONG if now == end else ""))
    words = f"step {now + 1} of {end + 1}"
    with st.container(border=True, key="guide", gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(f"Guided lesson, {words}", width="stretch")
            _voice(key="guide-voice", data={"step": str(now), "words": f"Done. Now {words}.", "top": top})
            if now < end:
                notes = content.section("frame", "skip.help")
                st.button("Skip", key="guide-skip", type="tertiary", on_click=guarded(go), args=(now + 1,), help=notes)
            notes = content.section("frame", "leave.help")
            st.button("Leave", key="guide-leave", type="tertiary", on_click=guarded(go), args=(None,), help=notes)
        yield


def mark(selector: str) -> None:
    """Outline what this constant selector finds on the page."""
    _wear(_MARK.replace("SELECTOR", selector))


def _wear(css: str) -> None:
    st.html(f"<style>{css}</style>")
