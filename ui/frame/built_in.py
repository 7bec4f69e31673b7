"""What would have to be downloaded, and the way around it: a button for each thing that takes what is built in."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import streamlit as st

from ftcore.runs.needs import Need
from ui import address
from ui.callbacks import guarded


def offer(needs: Sequence[Need], key: str) -> None:
    """A button for each need; `key` tells those of different places apart."""
    with st.container(horizontal=True):
        for need in needs:
            take = functools.partial(address.choose, **{need.setting: need.instead})
            st.button(
                f"Take {need.built_in}, built in", icon=":material/inventory_2:", key=f"{key}-{need.setting}",
                on_click=guarded(take),
            )  # fmt: skip
