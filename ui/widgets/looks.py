"""What Plotly charts look like beside ice and ember, which are the theme's (`.streamlit/config.toml`).

Readable on light and dark, and never told apart by colour alone.
"""

from __future__ import annotations

FOR, AGAINST, QUIET, GOLD = "#0B7A5F", "#6D4BB8", "#8A919C", "#A67C00"
MOMENTS = ((QUIET, ""), (AGAINST, "/"), (FOR, "x"), (GOLD, "."))  # colour and pattern of bars, in order of time
RUNS = (  # colour, dash and mark of lines that lie over each other
    (GOLD, "solid", "circle"),
    ("#8A5CD1", "dash", "square"),
    ("#C2408F", "dot", "diamond"),
    ("#3E8E41", "dashdot", "triangle-up"),
    ("#7F7F7F", "longdash", "x"),
    ("#00877F", "longdashdot", "cross"),
    ("#7D8B1F", "solid", "star"),
    ("#D6456B", "dash", "triangle-down"),
)
