"""The training itself as PyTorch code: the loss, the loop over batches, the rate over time.

What it prints stands behind the lines of `lines` and runs with them, given `batches` of images and labels; it says only
what the settings ask for. This module knows nothing about pages.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from ftcore.network import backbones
from ftcore.settings import Phase, RunSettings
from ftcore.training.augment import SMALLEST, WHOLE
from ftcore.training.optimizer import PLATEAU_FACTOR, PLATEAU_PATIENCE

_PLAIN = "nn.functional.cross_entropy"
_BALANCED = """labels_of_all = torch.cat([labels for images, labels in batches])
balanced = len(labels_of_all) / ({classes} * torch.bincount(labels_of_all, minlength={classes}).float())"""
_VALIDATION = """def validation_loss():  # val_batches: a DataLoader of your validation images
    model.eval()
    with torch.no_grad():
        losses = [nn.functional.cross_entropy(model(images), labels, reduction="sum") for images, labels in val_batches]
    return sum(losses) / sum(len(labels) for images, labels in val_batches)"""
_WHY_FIXED = "# they stay as they are, so what frozen blocks make of them can be computed once and kept\n"
_FIXED = """images, labels = map(torch.cat, zip(*batches))
{why}views = [images, *(torch.stack([augment(image) for image in images]) for _ in range({more}))]
loaders = [DataLoader(TensorDataset(view, labels), batch_size={size}, shuffle=True) for view in views]
turns = itertools.cycle(loaders)"""


def lines(settings: RunSettings, phases: Sequence[Phase], classes: int) -> str:
    """What alters the pictures, the loss where it is not plain, and a `train` that does what any of these phases asks for."""
    loss = _loss(settings, classes)
    validation = _VALIDATION if any(phase.schedule == "plateau" for phase in phases) else ""
    parts = (_pictures(settings, classes), loss, validation, _loop(settings, phases, plain=not loss))
    return "\n\n".join(part for part in parts if part)


def usual(settings: RunSettings, phase: Phase) -> bool:
    """Is the training the plain one: cross-entropy at a rate that stays, nothing done to pictures, loss or gradients?"""
    return not (_pictures(settings, 2) or _loss(settings, 2) or _options(phase))


def _pictures(settings: RunSettings, classes: int) -> str:
    """The lines that make what alters or mixes pictures; "" where they are learned from as they are."""
    fixed, made = settings.augmentation == "fixed", []
    if settings.augmentation != "none":
        made.append(_augment(settings))
    if fixed:
        why = "" if settings.mixup else _WHY_FIXED
        made.append(_FIXED.format(why=why, more=settings.views - 1, size=settings.batch_size))
    if settings.mixup:
        made.append(f"mix = v2.MixUp(alpha={settings.mixup:g}, num_classes={classes})")
    loaders = "import itertools\n\nfrom torch.utils.data import DataLoader, TensorDataset\n" if fixed else ""
    return "\n".join([f"{loaders}from torchvision.transforms import v2\n", *made]) if made else ""


def _augment(settings: RunSettings) -> str:
    side = backbones.preprocess(settings.backbone).side
    steps = [f"v2.RandomResizedCrop({side}, scale=({SMALLEST:g}, {WHOLE:g}))"]
    if settings.mirror:
        steps.append("v2.RandomHorizontalFlip()")
    return f"augment = v2.Compose([{', '.join(steps)}])"


def _loss(settings: RunSettings, classes: int) -> str:
    """The lines that make `loss_of`; "" where cross-entropy is plain."""
    given, first = [], ""
    if settings.class_weights == "balanced":
        first = _BALANCED.format(classes=classes) + "\n"
        given.append("weight=balanced")
    if settings.label_smoothing:
        given.append(f"label_smoothing={settings.label_smoothing:g}")
    return f"{first}loss_of = nn.CrossEntropyLoss({', '.join(given)})" if given else ""


def _loop(settings: RunSettings, phases: Sequence[Phase], *, plain: bool) -> str:
    """The function `train`, with an argument for each thing that some phase asks for."""
    kind = settings.augmentation
    taken = "next(turns):  # each epoch the next view" if kind == "fixed" else "batches:  # a DataLoader of your images"
    wanted = {name for phase in phases for name in _options(phase)}
    names = [name for name in ("clip", "schedule", "plateau") if name in wanted]
    step = [
        *(["images = torch.stack([augment(image) for image in images])"] if kind == "random" else []),
        *(["images, labels = mix(images, labels)"] if settings.mixup else []),
        f"loss = {_PLAIN if plain else 'loss_of'}(model(images), labels)",
        "optimizer.zero_grad()",
        "loss.backward()",
        *(["if clip:", "    nn.utils.clip_grad_norm_(model.parameters(), clip)"] if "clip" in wanted else []),
        "optimizer.step()",
        *(["if schedule:", "    schedule.step()"] if "schedule" in wanted else []),
    ]
    end = ["if plateau:", "    plateau.step(validation_loss())"] if "plateau" in wanted else []
    return "\n".join(
        [
            f"def train(optimizer, epochs{''.join(f', {name}=None' for name in names)}):",
            "    for epoch in range(epochs):",
            "        set_mode()",
            f"        for images, labels in {taken}",
            textwrap.indent("\n".join(step), " " * 12),
            *([textwrap.indent("\n".join(end), " " * 8)] if end else []),
        ]
    )


def call(phase: Phase) -> str:
    """What makes a phase's schedule, where it has one, and trains."""
    options = _options(phase)
    made = [text for name, text in options.items() if name != "clip"]
    given = [f"clip={phase.clip:g}" if name == "clip" else f"{name}={name}" for name in options]
    return "\n".join([*made, f"train(optimizer, {', '.join([f'epochs={phase.epochs}', *given])})"])


def _options(phase: Phase) -> dict[str, str]:
    """What a phase gives to `train` beside optimizer and epochs, with the lines that make it."""
    options = {"clip": ""} if phase.clip else {}
    if phase.warm_up or phase.schedule == "cosine":
        options["schedule"] = _schedule(phase)
    if phase.schedule == "plateau":
        known = f"factor={PLATEAU_FACTOR}, patience={PLATEAU_PATIENCE}"
        options["plateau"] = f"plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, {known})"
    return options


def _schedule(phase: Phase) -> str:
    """The rate at each step: up in a straight line, then as it is, or down half a cosine."""
    steps = f"{phase.epochs} * len(batches)"
    if not phase.warm_up:
        return f"schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max={steps})"
    up = f"warm = round({phase.warm_up:g} * len(batches))\n"
    rise = "torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=1 / max(warm, 1), total_iters=max(warm - 1, 1))"
    if phase.schedule != "cosine" or phase.warm_up >= phase.epochs:
        return f"{up}schedule = {rise}"
    return (
        f"{up}rise = {rise}\n"
        f"fall = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max={steps} - warm)\n"
        "schedule = torch.optim.lr_scheduler.SequentialLR(optimizer, [rise, fall], milestones=[warm])"
    )
