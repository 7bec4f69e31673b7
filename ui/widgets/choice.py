"""A row of choices of which one is always taken: it breaks into lines where Streamlit would cut it off."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st


def row(label: str, options: Sequence[Any], **more: Any) -> Any:
    """Draw it and give what is taken; `more` is whatever else `st.segmented_control` takes."""
    return st.segmented_control(label, options, required=True, wrap=True, **more)


def pills(label: str, options: Sequence[Any], **more: Any) -> Any:
    """The same as single buttons, of which none may be taken; `more` is whatever else `st.pills` takes."""
    return st.pills(label, options, wrap=True, **more)
