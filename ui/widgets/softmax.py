"""Softmax worked out in columns, with the numbers of one image. Knows nothing about networks."""

from __future__ import annotations

from collections.abc import Sequence

from ftcore.analysis.trace import Columns
from ui.widgets import component
from ui.words import percent

ROWS = 12
_table = component.declare(
    "softmax",
    '<div class="scroll"><table><caption aria-live="polite"></caption><tbody></tbody></table></div>',
)


def draw(columns: Columns, logits: Sequence[float], classes: Sequence[str], truth: str, temperature: float) -> None:
    """The columns with the largest probability first; of many classes the first `ROWS`, the others summed up."""
    order = sorted(range(len(classes)), key=lambda c: -columns.probabilities[c])
    shown, rest = order[:ROWS], order[ROWS:]
    rows = []
    for c in shown:
        share = float(columns.probabilities[c])
        numbers = [
            f"{logits[c]:.3f}",
            f"{columns.scaled[c]:.3f}",
            f"{columns.lowered[c]:.3f}",
            small(columns.exponentials[c]),
        ]
        told = (
            f"{classes[c]}: {logits[c]:.3f} ÷ {temperature:g} = {columns.scaled[c]:.3f}; less the largest "
            f"({columns.scaled.max():.3f}) {columns.lowered[c]:.3f}; e to that {small(columns.exponentials[c])}; "
            f"÷ {columns.total:.4f} = {percent(share)}"
        )
        numbers.append(percent(share))
        rows.append(
            {"name": classes[c], "numbers": numbers, "share": share, "told": told, "truth": classes[c] == truth}
        )
    left = sum(float(columns.probabilities[c]) for c in rest)
    foot = [f"{len(rest)} more classes" if rest else "sum", "", "", "", f"{columns.total:.4f}" if not rest else "", ""]
    foot = [*foot[:5], percent(left if rest else float(columns.probabilities.sum())), ""]
    heads = ("class", "logit", f"÷ {temperature:g}", "less the largest", "e to that", "÷ sum", "probability")
    _table(key="softmax", data={"rows": rows, "heads": heads, "foot": foot})


def small(value: float) -> str:
    """0.0312 -> '0.0312', 0.00000124 -> '1.24e-6'."""
    if value >= 0.0001 or value == 0:
        return f"{value:.4f}"
    mantissa, exponent = f"{value:.2e}".split("e")
    return f"{mantissa}e{int(exponent)}"
