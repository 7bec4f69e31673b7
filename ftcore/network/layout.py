"""How what a block gives lies over the image: as maps, as maps whose channels come last, or as tokens in a row.

This module knows shapes alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

_IN_FRONT = 8  # a class token, one of distillation, and up to five registers are in use


@dataclass(frozen=True)
class Layout:
    """Channels at `side` x `side` places of the image.

    Of tokens, each patch of the image has one, row by row; the first `in_front` of them belong to no place, such as a
    class token.
    """

    kind: Literal["maps", "channels last", "tokens"]
    channels: int
    side: int
    in_front: int = 0

    def maps(self, x: Tensor) -> Tensor:
        """What a block gave for n images, as maps [n, channels, side, side]; tokens that have no place are left out."""
        if self.kind == "tokens":
            return x[:, self.in_front :].reshape(len(x), self.side, self.side, self.channels).permute(0, 3, 1, 2)
        return x.permute(0, 3, 1, 2) if self.kind == "channels last" else x


def layout(shape: Sequence[int]) -> Layout | None:
    """The layout of a block's output of this shape for one image; None where nothing in it belongs to a place."""
    if len(shape) == 3 and shape[1] == shape[2]:
        return Layout("maps", shape[0], shape[1])
    if len(shape) == 3 and shape[0] == shape[1]:
        return Layout("channels last", shape[2], shape[0])
    if len(shape) == 2:
        side = math.isqrt(shape[0])
        if shape[0] - side**2 <= _IN_FRONT:
            return Layout("tokens", shape[1], side, shape[0] - side**2)
    return None
