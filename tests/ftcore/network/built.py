"""Networks of the catalogue with random weights, for tests."""

from __future__ import annotations

import functools

import torch

from ftcore.network import backbones
from ftcore.network.blocks import Network

SHIPPED = "resnet18-tinyimagenet64"


@functools.cache
def network(name: str) -> Network:
    """A random network, shared by tests that only look at it."""
    torch.manual_seed(0)
    built = backbones.build(name)
    built.model.eval()
    return built
