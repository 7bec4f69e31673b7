"""A warning before the start in one line: what was measured at such a learning rate. The pages say it in the same words.

Knows nothing about arguments.
"""

from __future__ import annotations

from collections import Counter

from ftcore import rates
from ftcore.names import shown
from ftcore.numerals import listed, rate, several
from ftcore.rates import Measured, Risk
from ftcore.settings import RunSettings

ENDS = {
    "diverged": "the loss left its bounds",
    "chance": "the end was no better than guessing",
    "memorised": "only the training images were known",
    "damaged": "this phase cost accuracy",
    "lost": "this phase cost accuracy on validation images",
}


def warnings(settings: RunSettings) -> list[str]:
    """A line for each phase whose rate is known to end badly. A table that cannot be read raises `FtError`."""
    table = rates.load()
    return [words(risk, settings, table.measured) for risk in rates.risks(settings, table)]


def words(risk: Risk, settings: RunSettings, measured: Measured) -> str:
    """One warning."""
    ends = Counter(risk.ends).most_common()
    (first, count), others = ends[0], [f"in {count} {ENDS[kind]}" for kind, count in ends[1:]]
    parts = [f"in {count} of {len(risk.ends)} short runs {ENDS[first]}", *others]
    already = "" if risk.at == risk.lr else f"already at {rate(risk.at)}, "
    images, epochs = several(measured.train_per_class, "image"), several(measured.epochs, "epoch")
    return (
        f"{shown(settings.phases[risk.phase - 1].name, 60)} at {rate(risk.lr)}: {already}{listed(parts)}; "
        f"{rate(risk.well)} went well in {risk.well_tries} of {risk.well_tries}. Measured with this network on "
        f"{listed(measured.data)}: {images} a class, {epochs}{' after a phase of the head alone' * (risk.phase > 1)}."
    )
