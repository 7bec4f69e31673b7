"""Pretrained networks: where their weights are, and a network as a list of named blocks.

The blocks share their modules with the untouched torchvision model, so state-dict keys stay torchvision's.
This module knows nothing about images, training or what is frozen.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from ftcore import _torchvision  # noqa: F401
from ftcore.settings import HEAD, ROOT, FtError, Preprocess

from torchvision import models  # isort: skip

SHIPPED = ROOT / "assets" / "weights"


@dataclass(frozen=True)
class Backbone:
    """One entry of the catalogue. `weights` names torchvision's own weights entry, or is None for a shipped file."""

    name: str
    title: str
    arch: str
    family: str
    weights: str | None
    block_means: str
    note: str


CATALOGUE: dict[str, Backbone] = {
    entry.name: entry
    for entry in (
        Backbone(
            "resnet18-tinyimagenet64",
            "ResNet-18, 64 px",
            "resnet18",
            "resnet",
            None,
            "a residual block: two 3x3 convolutions and a shortcut around them",
            "Built in, works offline. It learned 200 kinds of things from small photographs.",
        ),
        Backbone(
            "resnet50",
            "ResNet-50",
            "resnet50",
            "resnet",
            "IMAGENET1K_V2",
            "a residual block: three convolutions (1x1, 3x3, 1x1) and a shortcut around them",
            "The classic of fine-tuning lessons.",
        ),
        Backbone(
            "resnet18",
            "ResNet-18",
            "resnet18",
            "resnet",
            "IMAGENET1K_V1",
            "a residual block: two 3x3 convolutions and a shortcut around them",
            "The smallest ResNet, at full resolution.",
        ),
        Backbone(
            "mobilenet_v3_small",
            "MobileNetV3-Small",
            "mobilenet_v3_small",
            "sequential",
            "IMAGENET1K_V1",
            "an inverted residual block: widen, filter each channel alone, narrow",
            "Made for phones: few parameters, quick on a processor.",
        ),
        Backbone(
            "efficientnet_b0",
            "EfficientNet-B0",
            "efficientnet_b0",
            "sequential",
            "IMAGENET1K_V1",
            "an inverted residual block with channel attention",
            "Accurate for its size.",
        ),
        Backbone(
            "convnext_tiny",
            "ConvNeXt-Tiny",
            "convnext_tiny",
            "sequential",
            "IMAGENET1K_V1",
            "a ConvNeXt block: one 7x7 convolution per channel, then two linear layers; LayerNorm, no BatchNorm",
            "A modern convolutional network without BatchNorm.",
        ),
        Backbone(
            "vgg16",
            "VGG-16",
            "vgg16",
            "sequential",
            "IMAGENET1K_V1",
            "one 3x3 convolution with its activation, and the pooling after it if there is one",
            "An old network of plain convolutions with very large linear layers.",
        ),
    )
}


@dataclass(frozen=True)
class Block:
    """A stretch of the network. `kind` is stem, conv, pool, hidden or head; `paths` name its modules in order."""

    name: str
    kind: str
    paths: tuple[str, ...]


@dataclass(frozen=True)
class WeightsState:
    """Where an entry's weights are: `place` is shipped, found or missing; `sentence` says it to a person."""

    place: str
    file: Path
    megabytes: float
    sentence: str


class Network:
    """A torchvision model seen as a list of named blocks. Running all of them equals calling the model."""

    def __init__(self, backbone: str, model: nn.Module) -> None:
        self.backbone, self.model = backbone, model
        self.blocks = _blocks(entry(backbone).family, model)
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

    def _located(self, name: str) -> list[tuple[str, nn.Module]]:
        modules = self.modules(name)
        return list(zip(self.blocks[self.names.index(name)].paths, modules, strict=True))

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


def _blocks(family: str, model: nn.Module) -> tuple[Block, ...]:
    return _resnet_blocks(model) if family == "resnet" else _sequential_blocks(model)


def _resnet_blocks(model: nn.Module) -> tuple[Block, ...]:
    blocks = [Block("stem", "stem", ("conv1", "bn1", "relu", "maxpool"))]
    for stage in ("layer1", "layer2", "layer3", "layer4"):
        for name, _ in model.get_submodule(stage).named_children():
            blocks.append(Block(f"{stage}.{name}", "conv", (f"{stage}.{name}",)))
    return (*blocks, Block("pool", "pool", ("avgpool",)), Block(HEAD, "head", ("fc",)))


def _sequential_blocks(model: nn.Module) -> tuple[Block, ...]:
    """MobileNet, EfficientNet, ConvNeXt and VGG: `features`, `avgpool`, `classifier`."""
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


def entry(name: str) -> Backbone:
    """The catalogue's record; an unknown name raises `FtError` with the names there are."""
    if name not in CATALOGUE:
        raise FtError(f"There is no backbone '{name}': choose among {', '.join(CATALOGUE)}.")
    return CATALOGUE[name]


def _published(name: str) -> Any:
    found = entry(name)
    return models.get_model_weights(found.arch)[found.weights] if found.weights else None


def preprocess(name: str) -> Preprocess:
    """Size, scaling and normalisation that the weights expect, from torchvision's own entry."""
    published = _published(name)
    if published is None:
        return Preprocess(64, 64, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    t = published.transforms()
    (r, g, b), (r2, g2, b2) = t.mean, t.std
    return Preprocess(t.crop_size[0], t.resize_size[0], (r, g, b), (r2, g2, b2), t.interpolation.value)


@functools.cache
def old_classes(name: str) -> tuple[str, ...]:
    """Names of the classes that the pretrained head knows, in output order."""
    published = _published(name)
    if published is None:
        return tuple(row["name"] for row in json.loads((SHIPPED / "classes.json").read_text("utf-8")))
    return tuple(published.meta["categories"])


@functools.cache
def accuracy(name: str) -> float:
    """Published top-1 accuracy (0..1) of the pretrained network on its own classes."""
    published = _published(name)
    if published is None:
        return float(_card(r"top-1 (0\.\d+)"))
    return round(float(published.meta["_metrics"]["ImageNet-1K"]["acc@1"]) / 100, 5)


def _card(pattern: str) -> str:
    found = re.search(pattern, (SHIPPED / "CARD.md").read_text("utf-8").split("**Measured", 1)[-1]) or re.search(
        pattern, (SHIPPED / "CARD.md").read_text("utf-8")
    )
    if not found:
        raise FtError(f"{SHIPPED / 'CARD.md'} is damaged: restore it from the repository.")
    return found[1]


def checkpoints() -> Path:
    """The folder where torch keeps downloaded weights, and where a file can be put by hand."""
    return Path(torch.hub.get_dir()) / "checkpoints"


def weights_state(name: str) -> WeightsState:
    """Where the weights of an entry are now; touches no network."""
    published = _published(name)
    if published is None:
        file = SHIPPED / f"{name}.safetensors"
        size = file.stat().st_size / 2**20 if file.exists() else 0.0
        if not size:
            return WeightsState("missing", file, 0.0, f"{file} is missing: restore it from the repository.")
        return WeightsState("shipped", file, size, f"built in ({size:.0f} MB)")
    file = checkpoints() / published.url.rsplit("/", 1)[-1]
    size = float(published.meta["_file_size"])
    if file.is_file():
        return WeightsState("found", file, size, f"on this machine ({file})")
    return WeightsState(
        "missing", file, size, f"to be downloaded once ({size:.0f} MB), or put {file.name} into {file.parent}"
    )


def build(name: str, classes: int | None = None) -> Network:
    """The architecture with torchvision's random initial weights and `classes` outputs (its own if None)."""
    count = classes or len(old_classes(name))
    return Network(name, models.get_model(entry(name).arch, weights=None, num_classes=count))


def load(name: str, progress: Callable[[int, int], None] | None = None) -> Network:
    """The pretrained network with its own head, in eval mode, on the CPU.

    `progress` gets bytes done and bytes in all during a download. Raises `FtError` when the weights are
    neither shipped, nor on this machine, nor to be had from the net, or when their file is damaged.
    """
    state = weights_state(name)
    if state.place == "missing":
        published = _published(name)
        if published is None:
            raise FtError(state.sentence)
        _download(name, published.url, state, progress)
    with torch.device("meta"):
        network = build(name)
    network.model.load_state_dict(_read(state.file, entry(name), network), assign=True)
    network.model.requires_grad_(True)
    return Network(name, network.model.eval())


def _read(file: Path, found: Backbone, network: Network) -> dict[str, Tensor]:
    try:
        if found.weights is None:
            if hashlib.sha256(file.read_bytes()).hexdigest() != _card(r"sha256 `([0-9a-f]{64})`"):
                raise ValueError("its sha256 is not the one in CARD.md")
            state = {k: v.float() if v.is_floating_point() else v for k, v in load_file(file).items()}
        else:
            state = torch.load(file, map_location="cpu", weights_only=True)
        wanted = network.model.state_dict()
        wrong = sorted(set(state) ^ set(wanted)) or [k for k in wanted if state[k].shape != wanted[k].shape]
        if wrong:
            raise ValueError(f"{wrong[0]} does not fit {found.arch}")
        return state
    except Exception as error:  # torch, pickle, zip and safetensors each raise their own kinds for a damaged file
        raise FtError(f"The weights file {file} cannot be used ({error}): delete it and try again.") from error


def _download(name: str, url: str, state: WeightsState, progress: Callable[[int, int], None] | None) -> None:
    """Stream into a temporary name, compare the hash that the file name carries, rename."""
    digest, part = hashlib.sha256(), state.file.with_suffix(f".{os.getpid()}.part")
    try:
        state.file.parent.mkdir(parents=True, exist_ok=True)
        with urllib.request.urlopen(url, timeout=20) as source, part.open("wb") as target:  # noqa: S310 - torchvision's own https address
            total, done = int(source.headers.get("Content-Length") or 0), 0
            while chunk := source.read(1 << 20):
                target.write(chunk)
                digest.update(chunk)
                done += len(chunk)
                if progress:
                    progress(done, total)
        if not digest.hexdigest().startswith(state.file.stem.rsplit("-", 1)[-1]):
            raise OSError("the file arrived damaged")
        os.replace(part, state.file)
    except (OSError, urllib.error.URLError) as error:
        raise FtError(
            f"The weights of {name} are not on this machine and could not be downloaded: connect it to the internet, "
            f"or put the file {state.file.name} ({state.megabytes:.0f} MB) into the folder {state.file.parent}, "
            f"or choose a backbone that is built in."
        ) from error
    finally:
        part.unlink(missing_ok=True)
