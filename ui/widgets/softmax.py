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


def draw(found: Columns, logits: Sequence[float], classes: Sequence[str], truth: str, temperature: float) -> None:
    """The columns with the largest probability first; of many classes the first `ROWS`, the others summed up."""
    order = sorted(range(len(classes)), key=lambda c: -found.probabilities[c])
    shown, rest = order[:ROWS], order[ROWS:]
    rows = []
    for c in shown:
        share = float(found.probabilities[c])
        numbers = [
            f"{logits[c]:.3f}",
            f"{found.scaled[c]:.3f}",
            f"{found.lowered[c]:.3f}",
            small(found.exponentials[c]),
        ]
        told = (
            f"{classes[c]}: {logits[c]:.3f} ÷ {temperature:g} = {found.scaled[c]:.3f}; less the largest "
            f"({found.scaled.max():.3f}) {found.lowered[c]:.3f}; e to that {small(found.exponentials[c])}; "
            f"÷ {found.total:.4f} = {percent(share)}"
        )
        numbers.append(percent(share))
        rows.append(
            {"name": classes[c], "numbers": numbers, "share": share, "told": told, "truth": classes[c] == truth}
        )
    left = sum(float(found.probabilities[c]) for c in rest)
    foot = [f"{len(rest)} more classes" if rest else "sum", "", "", "", f"{found.total:.4f}" if not rest else "", ""]
    foot = [*foot[:5], percent(left if rest else float(found.probabilities.sum())), ""]
    heads = ("class", "logit", f"÷ {temperature:g}", "less the largest", "e to that", "÷ sum", "probability")
    _table(key="softmax", data={"rows": rows, "heads": heads, "foot": foot})


def small(value: float) -> str:
    """0.0312 -> '0.0312', 0.00000124 -> '1.24e-6'."""
    if value >= 0.0001 or value == 0:
        return f"{value:.4f}"
    mantissa, exponent = f"{value:.2e}".split("e")
    return f"{mantissa}e{int(exponent)}"
