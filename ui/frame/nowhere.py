"""What stands at an address that is none of a page: what is wrong with it, and the ways on."""

from __future__ import annotations

import streamlit as st

from course import content
from ui import address
from ui.frame import page
from ui.words import plain


def draw(asked: str) -> None:
    """The page in place of the one that was `asked` for and does not exist; the sidebar leads to those that do."""
    with page.errors():
        page.begin("nowhere")
        st.title("There is no such page")
        st.error(content.section("frame", "nowhere", {"asked": plain(asked)}))
        st.page_link("pages/pipeline.py", label="Go to the page Pipeline", query_params=address.link())
