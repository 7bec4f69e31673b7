"""From bytes of pictures to what a network takes."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ftcore.preprocess import Preprocess

LOOK = 250
FILL = 100


def batch_size(preprocess: Preprocess, most: int = LOOK) -> int:
    """Images per pass without gradient: `most` at 64 px, fewer for larger pictures, to bound memory."""
    return max(8, min(most, most * 64 * 64 // preprocess.side**2))


def pixels(images: np.ndarray, preprocess: Preprocess, device: torch.device) -> Tensor:
    """Bytes [n, side, side, 3] to the network's input [n, 3, side, side], normalised, channels_last."""
    x = torch.from_numpy(np.array(images)).to(device).permute(0, 3, 1, 2).float().div_(255)
    mean, std = (torch.tensor(v, device=device)[:, None, None] for v in (preprocess.mean, preprocess.std))
    return x.sub_(mean).div_(std)
