"""A small zip to try the page with, offered as a download."""

from __future__ import annotations

import streamlit as st

from course import content
from ftcore.data.own import example


@st.cache_data(show_spinner=False)
def _made() -> bytes:
    return example.made()


def offer() -> None:
    """The button that hands it out; it is made when it is pressed."""
    st.download_button(
        "A small set to try", _made, "thaw-example.zip", "application/zip", icon=":material/download:", key="example",
        help=content.section("sets", "example.help"),
    )  # fmt: skip
