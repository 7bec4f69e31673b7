"""The table of a run, epoch by epoch: its accuracies and losses, each with an observation."""

from __future__ import annotations

import streamlit as st

from course import content
from ftcore.events import EpochEnd
from ui.runs import observe
from ui.runs.live import View
from ui.words import held, number, percent, plain, rate, seconds

NEWEST = 30


def draw(view: View) -> None:
    """The table epoch by epoch, each with an observation; of a long run the newest ones unless all are asked for."""
    rows = view.story.epochs
    if not rows:
        return
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(content.section("train", "epochs"), width="content")
        whole = len(rows) <= NEWEST or st.toggle(f"All {len(rows)} epochs", key=f"all-epochs-{view.id}")
    first = 0 if whole else len(rows) - NEWEST
    last = view.settings.ends
    table = []
    for at, row in enumerate(rows[first:], first):
        said = held(observe.observe(view.story, at))
        record = {
            "epoch": str(row.epoch),
            "phase": plain(view.story.phase_of(row).name, 30).replace(" ", "\u00a0"),
            "what the numbers say": f"**{said}**" if row.epoch in last else said,
            "validation": _cell(row, "val"),
            "training set": _cell(row, "sample"),
            "while learning": _cell(row, "train"),
            "rate": rate(row.lr).replace("-", "\u2011"),
            "time": seconds(row.seconds).replace(" ", "\u00a0"),
        }
        table.append(record)
    alt = "Each epoch with its accuracies, losses and an observation"
    st.table(table, border="horizontal", hide_index=True, alt=alt)


def _cell(row: EpochEnd, name: str) -> str:
    return f"{percent(getattr(row, f'{name}_accuracy'))} · {number(getattr(row, f'{name}_loss'))}".replace(
        " ", "\u00a0"
    )
