"""The network strip: every block of a network as a box, ice when frozen, ember when trainable.

One component for all pages. It shows what it is given and reports clicks; what a click means is the page's
affair. A plain table says the same for screen readers and small screens.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Sequence
from typing import Any

import streamlit as st

from ftcore.network.describe import BlockInfo
from ui.callbacks import guarded
from ui.widgets import component
from ui.words import EMBER, ICE, count, several, shape, short

_TALLEST = 58
_KINDS = {
    "stem": "first layers",
    "conv": "convolutional block",
    "attention": "transformer block",
    "mix": "block of linear layers",
    "pool": "pooling",
    "hidden": "hidden linear layer",
    "head": "head",
}

_strip = component.declare(
    "strip",
    '<div class="strip" role="group"></div><div class="told" aria-live="polite"></div>',
)


def kind(block: BlockInfo) -> str:
    """What a block is, in words."""
    if block.kind == "stem" and block.layout is not None and block.layout.kind == "tokens":
        return "patch embedding"
    return "norm and pooling" if block.kind == "pool" and block.parameters else _KINDS[block.kind]


def labels(blocks: Sequence[BlockInfo]) -> dict[str, str]:
    """The names of blocks without the folders that those of the body lie in, as in `blocks.3.1` and `stages.0.blocks.1`."""
    start = next((re.split(r"\d", block.name)[0] for block in blocks if block.in_body), "")
    start = start if re.fullmatch(r".*\.(.*_)?", start) else ""
    return {block.name: block.name.removeprefix(start).replace(".blocks.", ".") for block in blocks}


def state(block: BlockInfo, trainable: Collection[str]) -> str:
    """'empty' for a block without weights, else 'trainable' or 'frozen'."""
    return "empty" if not block.parameters else "trainable" if block.name in trainable else "frozen"


def boxes(blocks: Sequence[BlockInfo], trainable: Collection[str], moving: bool) -> list[dict[str, Any]]:
    """What the component draws, one record per block; a bar's height goes with the root of the parameters."""
    most = max((block.parameters for block in blocks), default=1) or 1
    rows, short_names = [], labels(blocks)
    for block in blocks:
        now = state(block, trainable)
        icon = {"trainable": EMBER, "frozen": ICE, "empty": ""}[now]
        moves = moving and now == "trainable"
        words = [
            block.name,
            kind(block),
            several(block.parameters, "parameter") if block.parameters else "no parameters",
        ]
        words += [now] if block.parameters else []
        words += [f"output {shape(block.shape)}"]
        words += ["new"] if block.new else []
        words += ["learning now"] if moves else []
        rows.append(
            {
                "name": block.name,
                "label": short_names[block.name],
                "state": now,
                "fresh": block.new,
                "moving": moves,
                "height": max(3, round(_TALLEST * math.sqrt(block.parameters / most))) if block.parameters else 2,
                "count": f"{icon} {short(block.parameters)}" if block.parameters else "—",
                # a narrow box breaks it at the signs and not within a number
                "shape": shape(block.shape).replace("×", "×\u200b"),
                "told": " · ".join(words),
            }
        )
    return rows


def draw(
    blocks: Sequence[BlockInfo],
    trainable: Collection[str],
    key: str,
    *,
    moving: bool = False,
    focus: str = "",
    marked: str = "",
    hint: str = "",
    verb: str = "toggle",
    on_pick: Callable[[str], None] | None = None,
) -> None:
    """Draw the strip. `moving` marks trainable blocks as learning now; `focus` is scrolled into view.

    `hint` is the block that is suggested to be clicked.

    `on_pick` gets the name of a clicked block and makes the strip clickable: with the verb 'toggle' those that have
    weights, as switches; with 'look' all of them, and `marked` is the one looked at.
    """
    total = sum(block.parameters for block in blocks)
    learning = sum(block.parameters for block in blocks if block.name in trainable)
    title = (
        f"{several(len(blocks), 'block')}, {several(total, 'parameter')}: {EMBER}\u00a0{count(learning)} trainable, "
        f"{ICE}\u00a0{count(total - learning)} frozen"
    )
    data = {
        "blocks": boxes(blocks, trainable, moving),
        "title": title,
        "focus": focus or hint or next((block.name for block in blocks if block.name in trainable), ""),
        "clickable": on_pick is not None,
        "marked": marked,
        "hint": hint,
        "verb": verb,
    }
    open_to = {block.name for block in blocks if block.parameters or verb == "look"}

    def clicked() -> None:
        name = st.session_state[key].toggled
        if on_pick is not None and name in open_to:
            on_pick(name)

    _strip(key=key, data=data, on_toggled_change=guarded(clicked))


def table(blocks: Sequence[BlockInfo], trainable: Collection[str]) -> None:
    """The strip as a plain table."""
    rows = [
        {
            "block": block.name,
            "kind": kind(block) + (", new" if block.new else ""),
            "state": {"trainable": f"{EMBER} trainable", "frozen": f"{ICE} frozen", "empty": "no weights"}[
                state(block, trainable)
            ],
            "parameters": count(block.parameters),
            "output of one image": shape(block.shape),
        }
        for block in blocks
    ]
    st.table(rows, border="horizontal", hide_index=True, alt="The blocks of the network in order")
