"""A quiet progress bar that moves smoothly and has no colour of its own: ice and ember mean something else."""

from __future__ import annotations

import streamlit as st

_bar = st.components.v2.component(
    "thaw_progress",
    html='<div class="track" role="progressbar" aria-valuemin="0" aria-valuemax="100"><div class="done"></div></div>',
    css="""
.track { height: 6px; border-radius: 3px; background: var(--st-border-color); overflow: hidden; }
.done { height: 100%; width: 0; border-radius: 3px; background: var(--st-gray-text-color); transition: width .6s linear; }
""",
    js="""
export default function ({ data, parentElement }) {
  const track = parentElement.querySelector(".track");
  track.setAttribute("aria-valuenow", String(data.percent));
  track.setAttribute("aria-label", "progress of the run");
  track.firstElementChild.style.width = data.percent + "%";
}
""",
)


def draw(share: float, key: str) -> None:
    """Show a share of 0..1 done."""
    _bar(key=key, data={"percent": round(100 * share, 1)})
