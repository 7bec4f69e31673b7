"""Softmax worked out in columns, with the numbers of one image. Knows nothing about networks."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from ftcore.analysis.trace import Columns
from ui.widgets import component
from ui.words import adding, fixed, number, shares

ROWS = 12
TINY = 1e-4  # what has fewer digits than a column's four is written as a power of ten
_table = component.declare(
    "softmax",
    '<div class="scroll"><table><caption aria-live="polite"></caption><tbody></tbody></table></div>',
)


def draw(columns: Columns, logits: Sequence[float], classes: Sequence[str], truth: str, temperature: float) -> None:
    """The columns with the largest probability first; of many classes the first `ROWS`, the others summed up."""
    _table(key="softmax", data=table(columns, logits, classes, truth, temperature))


def table(
    columns: Columns, logits: Sequence[float], classes: Sequence[str], truth: str, temperature: float
) -> dict[str, Any]:
    """What `draw` shows: each column adds up, and less the largest is what the column before it says."""
    order = sorted(range(len(classes)), key=lambda c: -columns.probabilities[c])
    shown, rest = order[:ROWS], order[ROWS:]
    scaled = [float(f"{value:.3f}") for value in columns.scaled]
    others = [float(columns.exponentials[rest].sum())] if rest else []
    powers, total = _powers([*(float(columns.exponentials[c]) for c in shown), *others])
    left = [float(columns.probabilities[rest].sum())] if rest else []
    parts = shares([*(float(columns.probabilities[c]) for c in shown), *left])
    rows = []
    for c, power, share in zip(shown, powers, parts, strict=False):
        numbers = [fixed(logits[c]), fixed(scaled[c]), fixed(scaled[c] - max(scaled)), power, share]
        told = (
            f"{classes[c]}: {numbers[0]} ÷ {temperature:g} = {numbers[1]}; less the largest ({fixed(max(scaled))}) "
            f"{numbers[2]}; e to that {power}; ÷ {total} = {share}"
        )
        at = {"share": float(columns.probabilities[c]), "told": told, "truth": classes[c] == truth}
        rows.append({"name": classes[c], "numbers": numbers, **at})
    more = "1 more class" if len(rest) == 1 else f"{len(rest)} more classes"
    foot = [more, "", "", "", powers[-1], parts[-1], ""] if rest else ["sum", "", "", "", total, "100\u00a0%", ""]
    heads = ("class", "logit", f"÷ {temperature:g}", "less the largest", "e to that", "÷ sum", "probability")
    return {"rows": rows, "heads": heads, "foot": foot}


def _powers(values: Sequence[float]) -> tuple[list[str], str]:
    """The exponentials as they are written, and their sum, which those add up to with its four decimals."""
    large = [value for value in values if not 0 < value < TINY]
    digits = iter(adding(large, sum(large), 4))
    said = [number(value) if 0 < value < TINY else fixed(next(digits), 4) for value in values]
    if "no number" in said:
        return said, "no number"
    return said, fixed(sum((Decimal(text) for text in said), Decimal(0)), 4)
