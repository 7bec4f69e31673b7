"""The run as PyTorch code that a learner can paste: load, replace the head, freeze, optimize.

What it prints runs as it stands and leaves the same parameters trainable as the engine. This module knows
nothing about pages.
"""

from __future__ import annotations

import functools
import re
import textwrap
from collections.abc import Sequence

from torch import nn

from ftcore import fields
from ftcore.network import backbones
from ftcore.network.blocks import Network
from ftcore.network.describe import describe, features
from ftcore.settings import Phase, RunSettings

# what other lines say, or what is no business of code: a path of this machine
_SAID = {
    "backbone",
    "data",
    "labels",
    "weights",
    "batch_norm",
    "skip_bad",
    "label_smoothing",
    "class_weights",
    "dropout",
    "augmentation",
    "views",
    "mirror",
    "mixup",
}
_SAID_OF_PHASE = {
    "name",
    "lr",
    "trainable",
    "optimizer",
    "weight_decay",
    "epochs",
    "decay_on",
    "schedule",
    "warm_up",
    "clip",
}


@functools.cache
def outline(backbone: str) -> Network:
    """The network's names and modules, to be read and never changed: pages ask for them at every rerun."""
    return backbones.skeleton(backbone)


def expression(path: str) -> str:
    """A module's path as Python, as in `model.layer4[0]` for `layer4.0`."""
    return "model." + re.sub(r"\.(\d+)", r"[\1]", path)


def load_lines(backbone: str) -> str:
    """Build the architecture and put the pretrained weights into it."""
    entry = backbones.entry(backbone)
    if entry.weights:
        return f'from torchvision.models import {entry.arch}\n\nmodel = {entry.arch}(weights="{entry.weights}")'
    if entry.of_hub:
        side = f", img_size={entry.side}" if entry.side else ""
        return f'import timm\n\nmodel = timm.create_model("{entry.arch}", pretrained=True{side})'
    count, file = len(backbones.old_classes(backbone)), backbones.weights_state(backbone).file
    imports = "from safetensors.torch import load_file"
    if entry.library == "timm":
        imports, made = f"import timm\n{imports}", f'timm.create_model("{entry.arch}", num_classes={count})'
    else:
        imports, made = f"{imports}\nfrom torchvision.models import {entry.arch}", f"{entry.arch}(num_classes={count})"
    return (
        f"{imports}\n\nmodel = {made}\n"
        f'weights = load_file("{file.name}")\n'
        "model.load_state_dict({name: w.float() if w.is_floating_point() else w for name, w in weights.items()})"
    )


def head_lines(backbone: str, classes: int, dropout: float = 0.0) -> str:
    """Swap the last linear layer for one with `classes` outputs, with dropout before it where some is asked for.

    A network that came without classes has nothing in its place.
    """
    head = expression(outline(backbone).head_path)
    width = f"{head}.in_features" if backbones.old_classes(backbone) else str(features(backbone))
    made = f"nn.Linear({width}, {classes})"
    return f"from torch import nn\n\n{head} = {f'nn.Sequential(nn.Dropout({dropout:g}), {made})' if dropout else made}"


def modules(backbone: str, trainable: Sequence[str]) -> list[str]:
    """The modules of the named blocks as Python, in the network's order: those with weights, and dropout."""
    network = outline(backbone)
    return [
        expression(path)
        for name in network.names
        if name in trainable and network.parameters(name)
        for path, module in zip(network.block(name).paths, network.modules(name), strict=True)
        if any(True for _ in module.parameters()) or isinstance(module, nn.Dropout)
    ]


def own(backbone: str, trainable: Sequence[str]) -> list[str]:
    """The weights of the named blocks that stand outside of modules, such as a class token, as Python."""
    network = outline(backbone)
    named = [name for name in network.names if name in trainable]
    return [expression(path) for name in named for path in network.block(name).own if path in network.parameters(name)]


def thaw_lines(named: Sequence[str], weights: Sequence[str], assign: str = "=") -> str:
    """What lets these modules, and weights outside of modules, learn; `assign` says whether others are thawed already."""
    listed = "".join(f"    {module},\n" for module in named)
    lines = [f"thawed {assign} [\n{listed}]\nfor module in thawed:\n    module.requires_grad_(True)"]
    if weights:
        lines.append(f"for weight in ({', '.join(weights)},):\n    weight.requires_grad_(True)")
    return "\n".join(lines)


def freeze_lines(backbone: str, trainable: Sequence[str]) -> str:
    """Freeze everything, then thaw the named blocks, and put frozen ones in eval mode."""
    lines = ["model.requires_grad_(False)"]
    if named := modules(backbone, trainable):
        lines.append(thaw_lines(named, own(backbone, trainable)))
    return "\n".join(lines)


def mode_lines(backbone: str, trainable: Sequence[str], batch_norm: str) -> str:
    """What to call before each epoch, so that BatchNorm statistics do what the settings say."""
    if not trainable:
        return "model.eval()"
    lines = ["model.eval()", "for module in thawed:\n    module.train()"]
    rows = {row.name: row for row in describe(backbone)}
    if batch_norm == "keep" and any(rows[name].batch_norms for name in trainable):
        lines.append(
            "    for layer in module.modules():\n        if isinstance(layer, nn.BatchNorm2d):\n            layer.eval()"
        )
    return "\n".join(lines)


def mode_function(backbone: str, trainable: Sequence[str], batch_norm: str) -> str:
    """The lines that put each layer into its mode, as a function: also right once more is thawed."""
    body = mode_lines(backbone, trainable, batch_norm)
    return f"def set_mode():  # before each epoch\n{textwrap.indent(body, '    ')}"


def other_lines(settings: RunSettings, phase: Phase) -> str:
    """Comments that name what else is not as usual, settings first, then those of the phase; "" for nothing."""
    lines = []
    for record, said in ((settings, _SAID), (phase, _SAID_OF_PHASE)):
        for f in fields.plain(record):
            value = getattr(record, f.name)
            if f.name not in said and value != f.default:
                lines.append(f"# {f.metadata['label']}: {value}")
    return "\n".join(lines)


def optimizer_lines(phase: Phase, moving: str = "moving") -> str:
    """The optimizer over the parameters that this expression gives, which are those that learn."""
    if phase.decay_on == "everything":
        return f"optimizer = torch.optim.{optimizer_call(phase, moving)}"
    return (
        f"matrices = [p for p in {moving} if p.ndim > 1]\nvectors = [p for p in {moving} if p.ndim <= 1]\n"
        'groups = [{"params": matrices}, {"params": vectors, "weight_decay": 0.0}]\n'
        f"optimizer = torch.optim.{optimizer_call(phase, 'groups')}"
    )


MOVING = "import torch\nfrom torch import nn\n\nmoving = [p for p in model.parameters() if p.requires_grad]"


def optimizer_call(phase: Phase, parameters: str) -> str:
    """The call that makes a phase's optimizer, as in `AdamW(moving, lr=1e-4, weight_decay=0.01)`."""
    rates = f"lr={_rate(phase.lr)}, weight_decay={phase.weight_decay:g}"
    return (
        f"AdamW({parameters}, {rates})" if phase.optimizer == "adamw" else f"SGD({parameters}, momentum=0.9, {rates})"
    )


def _rate(value: float) -> str:
    """A learning rate as people write it, if that is the same number: 0.0001 -> '1e-4'."""
    mantissa, _, exponent = f"{value:e}".partition("e")
    text = f"{float(mantissa):g}e{int(exponent)}" if value < 0.1 else f"{value:g}"
    return text if float(text) == value else repr(value)
