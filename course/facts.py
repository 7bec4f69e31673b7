"""Numbers that questions, cards and the cheat sheet ask for, counted for one backbone, data and run.

Nothing here is typed in: it comes from the network, the settings or a run's events. This module knows nothing
about how a number is written on a page.
"""

from __future__ import annotations

import math

from ftcore.network import backbones
from ftcore.network.describe import describe, features
from ftcore.settings import HEAD, RunSettings
from ftcore.story import Story
from ftcore.training import recipes
from ftcore.training.recipes import lesson


def of_network(settings: RunSettings, classes: int, images: int) -> dict[str, float]:
    """Counts for this backbone with a new head of `classes` outputs, and `images` training images."""
    rows, (_, second) = describe(settings.backbone, classes), lesson(settings)
    weights = {row.name: row.parameters for row in rows}
    last, two = recipes.last_blocks(settings.backbone, 1), recipes.last_blocks(settings.backbone, 2)
    body = sum(row.in_body for row in rows)
    moved = sum(weights[name] for name in second.trainable)
    start = next(at for at, row in enumerate(rows) if row.name in second.trainable and row.learns)
    operations = sum(row.forward_flops for row in rows)
    width = features(settings.backbone)
    old = sum(row.parameters for row in describe(settings.backbone) if row.name == HEAD)
    trunk = sum(weights.values()) - weights[HEAD]
    return {
        "classes": classes,
        "features": width,
        "total": sum(weights.values()),
        "trunk": trunk,
        "head": weights[HEAD],
        "head_without_bias": width * classes,
        "old_head": old,
        "old_classes": len(backbones.old_classes(settings.backbone)),
        "last_block": sum(weights[name] for name in last),
        "last_block_alone": sum(weights[name] for name in last if name != HEAD),
        "last_two_share": 100 * sum(weights[name] for name in two if name != HEAD) / trunk,
        "last_two_blocks": 100 * 2 / body,
        "thawed": moved,
        "thawed_share": 100 * (moved - weights[HEAD]) / trunk,
        "moments": 2 * moved,
        "chance": 100 / classes,
        "chance_loss": math.log(classes),
        "one_over": 1 / classes,
        "images": images,
        "batch": settings.batch_size,
        "steps": _steps(images, settings.batch_size),
        "steps_down": images // settings.batch_size,
        "frozen_forward": 100 * sum(row.forward_flops for row in rows[:start]) / operations,
        "frozen_weights": 100 * sum(row.parameters for row in rows[:start]) / sum(weights.values()),
        "blocks": len(rows),
        "norms": sum(row.batch_norms for row in rows),
        "norms_frozen": sum(row.batch_norms for row in rows if row.name not in second.trainable),
        "norms_thawed": sum(row.batch_norms for row in rows if row.name in second.trainable),
        "tune_rate": second.lr,
        "deep_rate": second.lr * 0.5**2,
        "deep_rate_once": second.lr * 0.5,
    }


def _steps(images: int, batch: int) -> int:
    """Steps of an epoch; a last batch of a single image joins the one before."""
    steps = math.ceil(images / batch)
    return steps - 1 if steps > 1 and images % batch == 1 else steps


def of_run(story: Story) -> dict[str, float]:
    """What a run with at least two epochs in each of two phases did; accuracies in percent, `gain` in points."""
    epochs, end = story.epochs, story.end
    head, last = [epoch for epoch in epochs if epoch.phase == 1][-1], epochs[-1]
    numbers = {
        "thaw_after": head.epoch,
        "thaw_next": head.epoch + 1,
        "head_accuracy": 100 * head.val_accuracy,
        "tuned_accuracy": 100 * last.val_accuracy,
        "gain": _points(head.val_accuracy, last.val_accuracy),
        "first_val": 100 * epochs[0].val_accuracy,
        "first_train": 100 * epochs[0].train_accuracy,
        "first_sample": 100 * epochs[0].sample_accuracy,
        "gap": _points(last.val_accuracy, last.sample_accuracy),
        "sample_accuracy": 100 * last.sample_accuracy,
        "test_accuracy": 100 * (end.test_accuracy if end is not None else last.val_accuracy),
    }
    return {f"run_{name}": float(value) for name, value in numbers.items()}


def _points(one: float, other: float) -> float:
    """How far two accuracies lie apart, as one who reads them with one decimal works it out."""
    return round(round(100 * other, 1) - round(100 * one, 1), 1)


def finished(story: Story) -> bool:
    """Whether a run has the numbers of `of_run`: it is over, with two epochs or more of the head and after a thaw."""
    counts = [sum(epoch.phase == number for epoch in story.epochs) for number in (1, 2)]
    return story.end is not None and story.settings.head_then_thaw and min(counts) >= 2


def usable(story: Story) -> bool:
    """Whether a run can be asked about: finished, and a usual one, for which holds what questions say of a run.

    After the thaw loss fell below what the head had reached, accuracy ends above it, and training images are known no
    worse than others.
    """
    if not finished(story):
        return False
    before, thawed = [epoch for epoch in story.epochs if epoch.phase == 1][-1], story.epochs[-1]
    fell = min(epoch.val_loss for epoch in story.epochs if epoch.phase == 2) < before.val_loss
    return fell and before.val_accuracy < thawed.val_accuracy <= thawed.sample_accuracy


def of_recorded(name: str, story: Story) -> dict[str, float]:
    """What a recorded run did, as `rec_<name>_...`; accuracies in percent. A single phase has no thaw."""
    epochs = story.epochs
    head = [epoch for epoch in epochs if epoch.phase == 1]
    thawed = [epoch for epoch in epochs if epoch.phase == 2] or epochs
    numbers = {
        "first": 100 * epochs[0].val_accuracy,
        "last": 100 * epochs[-1].val_accuracy,
        "sample": 100 * epochs[-1].sample_accuracy,
        "head": 100 * head[-1].val_accuracy,
        "thawed": 100 * thawed[0].val_accuracy,
        "lr": epochs[-1].lr,
        "val_loss": epochs[-1].val_loss,
        "val_loss_min": min(epoch.val_loss for epoch in epochs),
    }
    return {f"rec_{name}_{key}": float(value) for key, value in numbers.items()}
