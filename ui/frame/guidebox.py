"""The bar of the guided lesson at the lower edge of the window: over the page, so that nothing on it moves.

What the text names on the page can be pressed in the bar; the bar leads there. This module knows nothing about the
steps themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from course import content
from ui.callbacks import guarded
from ui.widgets import component

_STYLE = (component.ASSETS / "guidebox.css").read_text("utf-8")
# Streamlit takes the outline off what was clicked; what the keyboard has reached keeps the browser's own mark.
_MARK = ":is(SELECTOR):not(:focus-visible) { outline: 2px dashed var(--thaw-ink) !important; outline-offset: 3px; }"
_THERE = ".st-key-guide-ways a, .st-key-guide-there button"


@dataclass(frozen=True)
class Control:
    """What a text names in bold or italics, and the selector that finds it; without one it is a heading of that name.

    With `press` pressing the name presses what is named, which then does nothing that costs anything.
    """

    name: str
    selector: str = ""
    press: bool = False

    def linked(self, text: str, number: int) -> str:
        """The text with this name as a link that the bar leads on."""
        return re.sub(rf"(\*+){re.escape(self.name)}\1", rf"[\g<0>](#guide-{number})", text)


_voice = component.declare("guide", html='<div role="status"></div>')


@contextmanager
def draw(step: str, place: str, go: Callable[[int | None], None], following: int | None) -> Iterator[DeltaGenerator]:
    """The bar with what place it is in words and the ways out; gives room among these for a way on.

    The caller fills the bar. `step` names the step, `following` is where Skip leads.
    """
    _wear(_STYLE.replace("STEP", step))
    with st.container(key="guide", gap=None):
        with st.container(key="guide-ways", horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(f"Guided lesson, {place}", width="stretch")
            way = st.container(width="content")
            if following is not None:
                notes = content.section("frame", "skip.help")
                st.button(
                    "Skip", key="guide-skip", type="tertiary", on_click=guarded(go), args=(following,), help=notes
                )
            notes = content.section("frame", "leave.help")
            st.button("Leave", key="guide-leave", type="tertiary", on_click=guarded(go), args=(None,), help=notes)
        yield way


def lead(text: str, names: Sequence[Control], begun: str, said: str, show: Sequence[str] = ()) -> None:
    """Draw the text of a step, and outline on the page what it names in bold, which is to be pressed.

    When another `begun` has begun, `said` and the text's first words are said aloud, and what is named is brought into
    sight; where something else is to be seen, `show` has two selectors: from where, and to where if there is room.
    """
    seen = [one for one in names if one.selector and f"*{one.name}*" in text]
    if marked := [one.selector for one in seen if f"**{one.name}**" in text]:
        _wear(_MARK.replace("SELECTOR", ", ".join(marked)))
    linked = text
    for number, one in enumerate(names):
        linked = one.linked(linked, number)
    with st.container(key="guide-text"):
        st.markdown(linked)
    first = re.match(r"\*\*(.+?)\*\*", text)
    controls = [{"name": one.name, "selector": one.selector, "press": one.press} for one in names]
    aim = (
        {"selector": show[0], "top": True, "last": show[1]} if show else {"selector": seen[0].selector} if seen else {}
    )
    _say(begun, f"{said}: {first[1]}" if first else said, controls, aim)


@contextmanager
def long(title: str, said: str) -> Iterator[None]:
    """Room for a text too long for the bar, which opens over the page and can be folded; the caller fills it."""
    _say("long", f"{said}: {title}")
    with st.container(key="guide-long"), st.expander(title, expanded=True):
        yield


def _say(begun: str, words: str, controls: Sequence[object] = (), aim: object = None) -> None:
    _voice(key="guide-voice", data={"begun": begun, "words": words, "controls": [*controls], "aim": aim})


def there() -> None:
    """Outline the way to the step's page."""
    _wear(_MARK.replace("SELECTOR", _THERE))


def _wear(css: str) -> None:
    st.html(f"<style>{css}</style>")
