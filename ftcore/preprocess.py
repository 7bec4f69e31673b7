"""How a picture becomes a network's input.

Knows nothing about networks or files.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Preprocess:
    """How a picture becomes a network's input, as the weights' authors did it.

    The shorter side is resized to `resize` pixels, the middle `side` x `side` is cut out, bytes are scaled
    to 0..1, `mean` is taken off and the result divided by `std` (three channels, red green blue).
    """

    side: int
    resize: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    interpolation: str = "bilinear"

    @property
    def kind(self) -> tuple[int, int, str]:
        """What two networks must agree in to get the same pixels of a picture."""
        return self.resize, self.side, self.interpolation
