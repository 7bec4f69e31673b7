"""Where the tokens of a vision transformer look: the attention of each head of a block, for one image.

Read from torch's own attention functions while the block runs, so it holds for any library's blocks that call them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from ftcore.analysis.trace import tensor
from ftcore.network.blocks import Network
from ftcore.network.describe import describe
from ftcore.network.layout import layout

_CLASS_TOKENS = ("class_token", "cls_token")  # as torchvision and timm call it


@dataclass(frozen=True)
class Attention:
    """How much each token of a block takes from each other, for one image.

    `weights` [heads, tokens, tokens]: row i says where token i looks; it sums to 1. `side` patches lie in a row, after
    `in_front` tokens that belong to no place, the first of which is the class token.
    """

    weights: np.ndarray
    side: int
    in_front: int

    @property
    def by_class_token(self) -> np.ndarray:
        """Where the class token looks, head by head: [heads, side, side]; what it takes from other tokens is left out."""
        seen: np.ndarray = self.weights[:, 0, self.in_front :].reshape(-1, self.side, self.side)
        return seen


class _Watching(TorchFunctionMode):
    """Within this, attention weights [n, heads, queries, keys] are noted as torch's functions are called."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Tensor] = []

    def __torch_function__(
        self, func: Callable[..., Any], types: Sequence[type], args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:  # fmt: skip
        given = dict(kwargs or {})
        if func is F.multi_head_attention_forward:
            out, weights = func(*args, **{**given, "need_weights": True, "average_attn_weights": False})
            self.seen.append(weights)
            return out, None
        if func is F.scaled_dot_product_attention:
            self.seen.append(_weights(*args, **given))
        return func(*args, **given)


def _weights(
    query: Tensor, key: Tensor, _: Tensor, attn_mask: Tensor | None = None, *__: object, scale: float | None = None,
    **___: object,
) -> Tensor:  # fmt: skip
    """softmax(q k / sqrt(d)), arXiv 1706.03762, eq. 1, with what a mask or a bias adds before the softmax."""
    scores = query @ key.transpose(-2, -1) * (scale if scale is not None else 1 / math.sqrt(query.shape[-1]))
    if attn_mask is not None:
        scores = scores.masked_fill(~attn_mask, -torch.inf) if attn_mask.dtype == torch.bool else scores + attn_mask
    return scores.softmax(-1)


def has_class_token(network: Network) -> bool:
    """Stands a token that belongs to no place before those of the patches, to become the answer?"""
    return any(path.rpartition(".")[2] in _CLASS_TOKENS for block in network.blocks for path in block.own)


def looking(network: Network) -> tuple[str, ...]:
    """The blocks in which a class token looks at all others; none in networks without such a token."""
    if not has_class_token(network):
        return ()
    rows = describe(network.backbone)
    return tuple(row.name for row in rows if row.kind == "attention" and row.layout and row.layout.in_front)


@torch.no_grad()
def attention(network: Network, image: np.ndarray, block: str) -> Attention | None:
    """The attention of a block for an image uint8 [side, side, 3]; the network must be in eval mode.

    None where no class token looks at all others at once.
    """
    if block not in looking(network):
        return None
    given = network.run(tensor(network, image), stop=block)
    lies = layout(given.shape[1:])
    with _Watching() as watching:
        network.step(network.block(block), given)
    found = [weights for weights in watching.seen if weights.shape[-2:] == (given.shape[1],) * 2]
    if lies is None or len(found) != 1:
        return None
    return Attention(found[0][0].numpy(), lies.side, lies.in_front)
