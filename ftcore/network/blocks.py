"""A network as a list of named blocks. They share their modules with the untouched model of its library.

So state-dict keys stay the library's. This module knows nothing about weights files, images or what is frozen.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from ftcore.errors import FtError
from ftcore.network.cut import Block, compute, located


class Network:
    """A model seen as a list of named blocks. Running all of them equals calling the model."""

    def __init__(self, backbone: str, model: nn.Module, blocks: tuple[Block, ...]) -> None:
        self.backbone, self.model, self.blocks = backbone, model, blocks
        self.names = tuple(block.name for block in blocks)
        self.refresh()

    def refresh(self) -> None:
        """Look the blocks' modules up again, after one of them was replaced in the model."""
        self._modules = {path: self.model.get_submodule(path) for block in self.blocks for path in block.paths}
        self._own = {path: located(self.model, path) for block in self.blocks for path in block.own}

    def block(self, name: str) -> Block:
        """The record of a block by its name; an unknown one raises `FtError`."""
        if name not in self.names:
            raise FtError(f"{self.backbone} has no block '{name}': choose among {', '.join(self.names)}.")
        return self.blocks[self.names.index(name)]

    def modules(self, name: str) -> list[nn.Module]:
        """The modules of a block, in the order in which they run; an unknown block raises `FtError`."""
        return [self._modules[path] for path in self.block(name).paths]

    def parameters(self, name: str) -> dict[str, nn.Parameter]:
        """The parameters of a block by their state-dict key."""
        own = {path: self._own[path] for path in self.block(name).own}
        inner = {key: p for path, m in self._located(name) for key, p in m.named_parameters(prefix=path)}
        return {**{path: p for path, p in own.items() if isinstance(p, nn.Parameter)}, **inner}

    def tensors(self, name: str) -> dict[str, Tensor]:
        """Parameters and buffers of a block by their state-dict key."""
        inner = {key: t for path, m in self._located(name) for key, t in m.state_dict(prefix=path + ".").items()}
        return {**{path: p.detach() for path, p in self.parameters(name).items() if path not in inner}, **inner}

    def run(self, x: Tensor, start: str | None = None, stop: str | None = None) -> Tensor:
        """Run the blocks from `start` (first) up to, not including, `stop` (to the end) on a batch [n, ...]."""
        first = self.names.index(start) if start else 0
        last = self.names.index(stop) if stop else len(self.names)
        for block in self.blocks[first:last]:
            x = self.step(block, x)
        return x

    def step(self, block: Block, x: Tensor) -> Tensor:
        """Run one block on a batch."""
        for segment in block.segments:
            alone = segment.module
            x = self._modules[alone](x) if alone else compute(segment, x, self._modules, self._own)
        return x

    def classify(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The features [n, f] that its last linear layer gets, and the logits, from what comes to the head's block."""
        noted: list[Tensor] = []

        def head(features: Tensor) -> Tensor:
            noted.append(features.clone())
            logits: Tensor = self.head(features)
            return logits

        modules: dict[str, Callable[..., Any]] = {**self._modules, self.head_path: head}
        for segment in self.blocks[-1].segments:
            x = compute(segment, x, modules, self._own)
        return noted[0], x

    def beside(self, name: str) -> Network:
        """This network with a copy of one block in its place, to be trained beside it; all else is shared."""
        other = copy.copy(self)
        block = self.block(name)
        modules, own = copy.deepcopy(({p: self._modules[p] for p in block.paths}, {p: self._own[p] for p in block.own}))
        other._modules, other._own = {**self._modules, **modules}, {**self._own, **own}
        return other

    def _located(self, name: str) -> list[tuple[str, nn.Module]]:
        modules = self.modules(name)
        return list(zip(self.block(name).paths, modules, strict=True))

    @property
    def head(self) -> nn.Linear:
        """The last linear layer, which gives the logits."""
        linear = self._modules[self.head_path]
        assert isinstance(linear, nn.Linear)
        return linear

    @property
    def head_path(self) -> str:
        """The head's place in the model, as in `model.fc`."""
        return next(path for path in reversed(self.blocks[-1].paths) if isinstance(self._modules[path], nn.Linear))
