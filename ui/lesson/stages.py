"""The six stages of the lesson in numbers: before, what happens, after, and the code that does it.

Pure functions from settings, blocks and a run's events to text; the words are in `assets/content/pipeline.md`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from course import content
from ftcore.export import glance
from ftcore.network import backbones
from ftcore.network.describe import BlockInfo, describe, features
from ftcore.settings import HEAD, RunSettings
from ftcore.training import recipes
from ui.runs.log import RunLog
from ui.words import apart, count, listed, percent, rate, several, times

IDS = ("load", "head", "freeze", "train", "thaw", "tune")
TITLES = ("Load", "New head", "Freeze", "Train head", "Thaw", "Fine-tune")
PARTS = ("heading", "before", "happens", "after", "why")
DONE, RUNNING, WAITING, NEXT, LATER = "done", "running", "waiting", "next", "later"


@dataclass(frozen=True)
class Stage:
    """One stage. `blocks` and `trainable` are the network as it stands when the stage is over."""

    id: str
    number: int
    title: str
    heading: str
    values: dict[str, str]
    before: str
    happens: str
    after: str
    why: str
    code: str
    blocks: tuple[BlockInfo, ...]
    trainable: tuple[str, ...]


def every(blocks: Sequence[BlockInfo]) -> tuple[str, ...]:
    """The blocks that have weights."""
    return tuple(block.name for block in blocks if block.parameters)


def size(blocks: Sequence[BlockInfo], names: Sequence[str] | None = None) -> int:
    """Parameters of the named blocks, or of all."""
    return sum(block.parameters for block in blocks if names is None or block.name in names)


def numbers(settings: RunSettings, classes: int, images: int) -> dict[str, str]:
    """Every token that the lesson's texts may ask for, counted for this backbone, data and settings."""
    old, new = describe(settings.backbone), describe(settings.backbone, classes)
    entry, prepared = backbones.entry(settings.backbone), backbones.preprocess(settings.backbone)
    first, second = recipes.lesson(settings)
    total, head = size(new), size(new, [HEAD])
    body = [block.name for block in new if block.in_body]
    thawed = [name for name in second.trainable if name != HEAD]
    moved = size(new, second.trainable)
    # two choices of one question: they never read the same
    head_share, thawed_share = apart(percent, head / total, size(new, thawed) / (total - head))
    return {
        "backbone": entry.title,
        "block_means": entry.block_means,
        **_of_old_head(settings.backbone, size(old, [HEAD])),
        "licence": backbones.licence(settings.backbone),
        "classes": count(classes),
        "chance": percent(1 / classes),
        "images": count(images),
        "shape": f"3×{prepared.side}×{prepared.side}",
        "old_total": count(size(old)),
        "head_without_bias": count(features(settings.backbone) * classes),
        "trunk": count(total - head),
        "total": count(total),
        "head": count(head),
        "head_share": head_share,
        "blocks": listed([f"`{name}`" for name in thawed if name in body] or [f"`{name}`" for name in thawed]),
        "moved": count(moved),
        "moved_share": percent(moved / total),
        "still": count(total - moved),
        "thawed_share": thawed_share,
        "norms_said": content.section(
            "pipeline", "norms.some" if any(row.batch_norms for row in new) else "norms.none"
        ),
        "thawed_part": _part(new, thawed, thawed_share),
        "epochs1": several(first.epochs, "epoch"),
        "epochs2": several(second.epochs, "epoch"),
        "lr1": rate(first.lr),
        "lr2": rate(second.lr),
        "rate_step": rate_step(first.lr, second.lr),
        "optimizer": {"adamw": "AdamW", "sgd": "SGD with momentum"}[first.optimizer],
    }


def _of_old_head(backbone: str, weights: int) -> dict[str, str]:
    """What the network learned before, and the head of so many weights that says so; some have none."""
    known, told = backbones.old_classes(backbone), backbones.accuracy(backbone)
    values = {
        "old_classes": count(len(known)),
        "features": count(features(backbone)),
        "old_head": count(weights),
        "published": percent(told) if told is not None else "",
    }
    gives = "none" if not known else "known" if told is not None else "untold"
    return values | {
        "learned": content.section("pipeline", "learned.classes" if known else "learned.none", values),
        "gives": content.section("pipeline", f"gives.{gives}", values),
        "old_head_said": content.section("pipeline", "old_head.some" if known else "old_head.none", values),
    }


def _part(blocks: Sequence[BlockInfo], thawed: Sequence[str], share: str) -> str:
    """How much of the trunk the thawed blocks are. They look small where few blocks hold most of its parameters."""
    trunk = [name for name in every(blocks) if name != HEAD]
    half_the_blocks, half_the_weights = len(trunk) / 2, size(blocks, trunk) / 2
    misleading = len(thawed) < half_the_blocks and size(blocks, thawed) > half_the_weights
    kind = "all" if len(thawed) == len(trunk) else "most" if misleading else "some"
    values = {"thawed_blocks": count(len(thawed)), "trunk_blocks": count(len(trunk)), "thawed_share": share}
    return content.section("pipeline", f"thawed.{kind}", values)


def rate_step(before: float, after: float) -> str:
    """How the rate after the thaw compares with the head's: less, the same or more."""
    kind = "same" if after == before else "lower" if after < before else "higher"
    values = {"lr_ratio": times(max(before, after) / min(before, after))}
    return content.section("pipeline", f"rate.{kind}", values)


def build(settings: RunSettings, classes: int, images: int, results: Mapping[str, str]) -> tuple[Stage, ...]:
    """The six stages for these settings, `classes` classes and `images` training images.

    `results` gives the tokens `head_result` and `tune_result`: what the learner's run reached.
    """
    old, new = describe(settings.backbone), describe(settings.backbone, classes)
    values = numbers(settings, classes, images) | dict(results)
    tuned = recipes.lesson(settings)[1].trainable
    networks = [(old, every(old)), (new, every(new)), (new, (HEAD,)), (new, (HEAD,)), (new, tuned), (new, tuned)]
    codes = glance.stages(settings, classes)
    stages = []
    for at, (name, title, (blocks, trainable)) in enumerate(zip(IDS, TITLES, networks, strict=True)):
        parts = {part: content.section("pipeline", f"{name}.{part}", values) for part in PARTS}
        stages.append(
            Stage(name, at + 1, title, **parts, values=values, code=codes[at], blocks=blocks, trainable=trainable)
        )
    return tuple(stages)


def progress(log: RunLog | None, state: str, settings: RunSettings) -> list[str]:
    """Where each stage stands in the learner's run: done, running, waiting for its turn, next or later.

    Without a run there is nothing to follow, so no stage is the next one.
    """
    if log is None:
        return [LATER] * len(IDS)
    if log.story.end is not None:
        return [DONE] * len(IDS)
    at = current(log, settings) if log.story.start is not None or log.story.epochs else 0
    here = {"running": RUNNING, "preparing": RUNNING, "queued": WAITING}.get(state, NEXT)
    return [DONE] * at + [here] + [LATER] * (len(IDS) - 1 - at)


def current(log: RunLog, settings: RunSettings) -> int:
    """The stage (from 0) that a started run is in: training the head, or fine-tuning."""
    return IDS.index("train" if log.phase(settings) == 1 else "tune")
