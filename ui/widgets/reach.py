"""Tables that are wider than the screen can be reached by Tab and scrolled by the arrow keys.

Not every browser gives a scrolling region a tab stop by itself, and Streamlit's tables have none. Narrow tables stay
out of the way. This module knows nothing about what the tables show.
"""

from __future__ import annotations

from ui.widgets import component

_watch = component.declare("reach")


def tables() -> None:
    """Watch over all tables of the page. Mounted once on every page; takes no room."""
    _watch(key="thaw_reach")
