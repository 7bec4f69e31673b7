"""The box of the guided lesson: it stays in sight, outlines what to press, and says aloud when a step is done.

This module knows nothing about the steps themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st

from course import content
from ui.callbacks import guarded

# Below Streamlit's header, which is opaque. What gets the focus must not end up behind the box.
_STYLE = """<style>
[data-testid="stLayoutWrapper"]:has(> .st-key-guide) { position: sticky; top: 3.75rem; z-index: 90; }
[data-testid="stMain"]:has(.st-key-guide) { scroll-padding-top: 14rem; }
.st-key-guide {
  background: light-dark(#FFFFFF, #1C2027);
  border-left: 4px solid light-dark(#1F2430, #ECEAE4);
  box-shadow: 0 4px 12px light-dark(rgb(31 36 48 / .12), rgb(0 0 0 / .5));
  padding: .4rem 1rem .7rem;
  animation: guide-STEP 1.5s ease-out;
}
.st-key-guide-voice { position: absolute; left: 0; width: 1px; }
@keyframes guide-STEP { from { background: light-dark(#E3DCC8, #4A5263); } }
@media (prefers-reduced-motion: reduce) { .st-key-guide { animation: none; } }
</style>"""
# The insight is long: on a small screen it would leave no room for anything else.
_LONG = """<style>
@media (max-width: 640px) { [data-testid="stLayoutWrapper"]:has(> .st-key-guide) { position: static; } }
</style>"""
THERE = ".st-key-guide a, .st-key-guide-there button"
# Streamlit takes the outline off what was clicked; what the keyboard has reached keeps the browser's own mark.
_MARK = """<style>
:is(SELECTOR):not(:focus-visible) { outline: 2px dashed light-dark(#1F2430, #ECEAE4) !important; outline-offset: 3px; }
</style>"""


_voice = st.components.v2.component(
    "thaw_guide",
    html='<div role="status"></div>',
    css="div { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }",
    js="""
export default function ({ data, parentElement }) {
  const said = parentElement.querySelector("[role=status]");
  const before = said.dataset.step;
  if (before === data.step) return;
  said.dataset.step = data.step;
  if (before === undefined) return;
  said.textContent = data.words;
  if (data.top) document.querySelector('[data-testid="stMain"]')?.scrollTo({ top: 0 });
}
""",
)


@contextmanager
def draw(now: int, end: int, go: Callable[[int | None], None], *, top: bool) -> Iterator[None]:
    """The frame with what step it is (from 0; `end` is the insight) and the ways out; the caller fills it.

    With `top` the page is scrolled to its top when the step begins.
    """
    st.html(_STYLE.replace("STEP", str(now)) + (_LONG if now == end else ""))
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
    st.html(_MARK.replace("SELECTOR", selector))
