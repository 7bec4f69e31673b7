"""Terms explained where a page uses them for the first time, behind a small help mark beside the text.

Streamlit's own help mark can be reached by mouse, touch and keyboard, and screen readers announce it.
"""

from __future__ import annotations

import functools

import streamlit as st

from course import glossary
from course.glossary import Term
from ftcore.errors import FtError

_SEEN = "thaw_terms_seen"
MOST = 8


@functools.cache
def _terms() -> tuple[Term, ...]:
    try:
        return glossary.load()[0]
    except FtError:
        return ()  # the review page says what is wrong with the file


def begin(text: str) -> None:
    """The first text of a page: no term has been explained yet."""
    st.session_state[_SEEN] = set()
    markdown(text)


def markdown(text: str) -> None:
    """Show a text; its terms that this page has not explained yet stand behind the help mark."""
    seen: set[str] = st.session_state.setdefault(_SEEN, set())
    fresh = [term for term in glossary.used(text, _terms()) if term.id not in seen][:MOST]
    seen.update(term.id for term in fresh)
    st.markdown(text, help=note(fresh) or None)


def note(terms: list[Term]) -> str:
    """What the help mark tells: each term with its meaning."""
    return "\n\n".join(f"**{term.term}** {term.means}" for term in terms)
