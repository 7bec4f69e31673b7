"""A quiet progress bar that moves smoothly and has no colour of its own: ice and ember mean something else.

Drawn by a part that looks once a second, it keeps that going: where no look has come for `LATE` seconds it asks for one.
Streamlit's own timer is set by a message of the last whole run, and what is left of such a run is dropped if a part
looks in the moment in which it ends; on a busy machine the page would then stand still for good.
"""

from __future__ import annotations

import time

import streamlit as st

from ui.callbacks import guarded

LATE = 5

_bar = st.components.v2.component(
    "thaw_progress",
    html='<div class="track" role="progressbar" aria-valuemin="0" aria-valuemax="100"><div class="done"></div></div>',
    css="""
.track { height: 6px; border-radius: 3px; background: var(--st-border-color); overflow: hidden; }
.done { height: 100%; width: 0; border-radius: 3px; background: var(--st-gray-text-color); transition: width .6s linear; }
""",
    js="""
export default function ({ data, parentElement, setTriggerValue }) {
  const track = parentElement.querySelector(".track");
  track.setAttribute("aria-valuenow", String(data.percent));
  track.setAttribute("aria-label", "progress of the run");
  track.firstElementChild.style.width = data.percent + "%";
  clearInterval(track.late);
  track.late = setInterval(() => setTriggerValue("late", data.looked), data.late * 1000);
  return () => clearInterval(track.late);
}
""",
)


def draw(share: float, key: str) -> None:
    """Show a share of 0..1 done."""
    data = {"percent": round(100 * share, 1), "looked": time.time(), "late": LATE}
    _bar(key=key, data=data, on_late_change=guarded(lambda: None))
