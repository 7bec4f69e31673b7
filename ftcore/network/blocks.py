"""A network as a list of named blocks. They share their modules with the untouched torchvision model.

So state-dict keys stay torchvision's. This module knows nothing about weights files, images or what is frozen.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from ftcore.errors import FtError
from ftcore.settings import HEAD


@dataclass(frozen=True)
class Block:
    """A stretch of the network. `kind` is stem, conv, pool, hidden or head; `paths` name its modules in order."""

    name: str
    kind: str
    paths: tuple[str, ...]


Layout = Literal["resnet", "sequential"]


class Network:
    """A torchvision model seen as a list of named blocks. Running all of them equals calling the model."""

    def __init__(self, backbone: str, model: nn.Module, layout: Layout) -> None:
        self.backbone, self.model = backbone, model
        self.blocks = LAYOUTS[layout](model)
        self.names = tuple(block.name for block in self.blocks)
        self.refresh()

    def refresh(self) -> None:
        """Look the blocks' modules up again, after one of them was replaced in the model."""
        self._steps = {b.name: [self.model.get_submodule(path) for path in b.paths] for b in self.blocks}

    def modules(self, name: str) -> list[nn.Module]:
        """The modules of a block, in the order in which they run; an unknown block raises `FtError`."""
        if name not in self._steps:
            raise FtError(f"{self.backbone} has no block '{name}': choose among {', '.join(self.names)}.")
        return self._steps[name]

    def block(self, name: str) -> Block:
        """The record of a block by its name; an unknown one raises `FtError`."""
        self.modules(name)
        return self.blocks[self.names.index(name)]

    def parameters(self, name: str) -> dict[str, nn.Parameter]:
        """The parameters of a block by their state-dict key."""
        return {key: p for path, m in self._located(name) for key, p in m.named_parameters(prefix=path)}

    def tensors(self, name: str) -> dict[str, Tensor]:
        """Parameters and buffers of a block by their state-dict key."""
        return {key: t for path, m in self._located(name) for key, t in m.state_dict(prefix=path + ".").items()}

    def run(self, x: Tensor, start: str | None = None, stop: str | None = None) -> Tensor:
        """Run the blocks from `start` (first) up to, not including, `stop` (to the end) on a batch [n, ...]."""
        first = self.names.index(start) if start else 0
        last = self.names.index(stop) if stop else len(self.names)
        for block in self.blocks[first:last]:
            x = self.step(block, x)
        return x

    def step(self, block: Block, x: Tensor) -> Tensor:
        """Run one block on a batch."""
        for module in self._steps[block.name]:
            x = module(x)
        return torch.flatten(x, 1) if block.kind == "pool" else x

    def beside(self, name: str) -> Network:
        """This network with a copy of one block in its place, to be trained beside it; all else is shared."""
        other = copy.copy(self)
        other._steps = {**self._steps, name: copy.deepcopy(self.modules(name))}
        return other

    def _located(self, name: str) -> list[tuple[str, nn.Module]]:
        modules = self.modules(name)
        return list(zip(self.block(name).paths, modules, strict=True))

    @property
    def head(self) -> nn.Linear:
        """The last linear layer, which gives the logits."""
        linear = self.model.get_submodule(self.head_path)
        assert isinstance(linear, nn.Linear)
        return linear

    @property
    def head_path(self) -> str:
        """The head's place in the model, as in `model.fc`."""
        return self.blocks[-1].paths[-1]


def _resnet_blocks(model: nn.Module) -> tuple[Block, ...]:
    blocks = [Block("stem", "stem", ("conv1", "bn1", "relu", "maxpool"))]
    for stage in ("layer1", "layer2", "layer3", "layer4"):
        for name, _ in model.get_submodule(stage).named_children():
            blocks.append(Block(f"{stage}.{name}", "conv", (f"{stage}.{name}",)))
    return (*blocks, Block("pool", "pool", ("avgpool",)), Block(HEAD, "head", ("fc",)))


def _sequential_blocks(model: nn.Module) -> tuple[Block, ...]:
    """MobileNet, EfficientNet, ConvNeXt and VGG: `features`, `avgpool`, `classifier`."""
    # A plain nn.Sequential inside `features` is a stage (ConvNeXt, EfficientNet) and is cut into its blocks; one that
    # begins with a convolution or a norm is a single layer written as a list (ConvNeXt's downsampling). ReLU
    # and pooling join the convolution before them, so that a VGG block is what a paper's table calls a layer.
    groups: list[list[str]] = []
    for name, child in model.get_submodule("features").named_children():
        inner = list(child.named_children()) if type(child) is nn.Sequential else []
        if inner and not isinstance(inner[0][1], nn.Conv2d | nn.LayerNorm):
            groups += [[f"features.{name}.{key}"] for key, _ in inner]
        elif isinstance(child, nn.ReLU | nn.MaxPool2d):
            groups[-1].append(f"features.{name}")
        else:
            groups.append([f"features.{name}"])
    blocks = [Block("stem", "stem", tuple(groups[0]))]
    blocks += [Block(paths[0], "conv", tuple(paths)) for paths in groups[1:]]
    return tuple(blocks) + _classifier_blocks(model.get_submodule("classifier"))


def _classifier_blocks(classifier: nn.Module) -> tuple[Block, ...]:
    """What stands before the first linear layer joins the pool (norms) or the head (dropout)."""
    pool, linear = ["avgpool"], list[list[str]]()
    waiting: list[str] = []
    for name, child in classifier.named_children():
        path = f"classifier.{name}"
        if isinstance(child, nn.Linear):
            linear.append([*waiting, path])
            waiting = []
        elif linear:
            linear[-1].append(path)
        elif isinstance(child, nn.Dropout):
            waiting.append(path)
        else:
            pool.append(path)
    hidden = [Block(f"hidden{i}", "hidden", tuple(paths)) for i, paths in enumerate(linear[:-1], 1)]
    return (Block("pool", "pool", tuple(pool)), *hidden, Block(HEAD, "head", tuple(linear[-1])))


LAYOUTS: Mapping[Layout, Callable[[nn.Module], tuple[Block, ...]]] = {
    "resnet": _resnet_blocks,
    "sequential": _sequential_blocks,
}
