"""The app's own web components: what they look like and do stands in `ui/widgets/assets`, a file of each name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

ASSETS = Path(__file__).parent / "assets"


def declare(name: str, html: str = "", before: str = "") -> Any:
    """Register a component with its `.js` and, if there is one, its `.css`; gives what mounts it.

    `before` names a `.js` that several share: it stands in front of the component's own.
    """
    style = ASSETS / f"{name}.css"
    css = style.read_text("utf-8") if style.exists() else None
    js = "\n".join((ASSETS / f"{part}.js").read_text("utf-8") for part in (before, name) if part)
    return st.components.v2.component(f"thaw_{name}", html=html or None, css=css, js=js)
