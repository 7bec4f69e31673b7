"""The parts of the Freeze lab: presets, what is odd about a pattern, and tables of what was counted or measured.

Pure functions from blocks and measurements to rows and words; nothing here draws or trains.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from course import content
from ftcore import files
from ftcore.analysis.steps import Movement, OneStep
from ftcore.costs.flops import BlockCost
from ftcore.export import learning, lines
from ftcore.network.describe import BlockInfo, describe
from ftcore.settings import HEAD, Phase, RunSettings
from ftcore.training import recipes
from ui.widgets import strip
from ui.words import EMBER, ICE, count, fixed, flops, listed, moved, power, rate, shape

SCRATCH = "From scratch"
DIGITS = 9  # of a weight: about as many as float32 has


def presets(backbone: str) -> dict[str, tuple[str, ...]]:
    """Freeze patterns by name; a pattern that equals an earlier one is left out.

    The last stage are the blocks that share the size of the last one's maps, where there are others.
    """
    body = [row for row in describe(backbone) if row.in_body]
    sides = [row.layout.side if row.layout else 0 for row in body]
    stage = len([*itertools.takewhile(lambda side: side == sides[-1], reversed(sides))])
    patterns = {
        "Head only": (HEAD,),
        "Last block": recipes.last_blocks(backbone, 1),
        "Last two blocks": recipes.last_blocks(backbone, min(2, len(body))),
        **({"Last stage": recipes.last_blocks(backbone, stage)} if stage < len(body) else {}),
        "Everything": recipes.every_block(backbone),
    }
    first = {blocks: name for name, blocks in reversed(patterns.items())}
    return {name: blocks for name, blocks in patterns.items() if first[blocks] == name}


def parse(text: str | None, blocks: Sequence[BlockInfo], otherwise: Sequence[str]) -> tuple[str, ...]:
    """The pattern in the address: block names joined by '+', '-' for none; names of another network are left out."""
    if text is None:
        return tuple(otherwise)
    named = text.replace(" ", "+").split("+")
    return tuple(block.name for block in blocks if block.name in named and block.parameters)


def text(pattern: Collection[str], blocks: Sequence[BlockInfo]) -> str:
    """The pattern for the address."""
    return "+".join(block.name for block in blocks if block.name in pattern) or "-"


def with_pattern(settings: RunSettings, pattern: tuple[str, ...]) -> RunSettings:
    """The run that trains this pattern: the head first, then the pattern; head alone or from scratch in one phase."""
    first, last = settings.phases[0], settings.phases[-1]
    if settings.weights == "random":
        phases: tuple[Phase, ...] = (dataclasses.replace(recipes.scratch(settings.backbone)[0], trainable=pattern),)
    elif pattern == (HEAD,):
        phases = (dataclasses.replace(first, trainable=pattern, name=Phase().name),)
    else:
        tune = last if len(settings.phases) > 1 else recipes.classic(settings.backbone)[1]
        head = first if first.head_only else Phase()
        phases = (head, dataclasses.replace(tune, trainable=pattern))
    return dataclasses.replace(settings, phases=phases)


def oddities(settings: RunSettings, pattern: Collection[str], blocks: Sequence[BlockInfo]) -> list[str]:
    """What is unusual about a pattern, each with its reason; empty for a usual one."""
    weighted = [block.name for block in blocks if block.parameters]
    learning = [name for name in weighted if name in pattern]
    if not learning:
        return [content.section("freeze", "odd.nothing")]
    if settings.weights == "random":
        return [content.section("freeze", "odd.scratch")]
    sentences = []
    frozen_behind = [name for name in weighted[weighted.index(learning[0]) :] if name not in pattern]
    if HEAD not in pattern:
        sentences.append(content.section("freeze", "odd.headless"))
    gap = [name for name in frozen_behind if name != HEAD]
    if gap:
        early = [f"`{name}`" for name in learning if weighted.index(name) < weighted.index(gap[0])]
        sentences.append(
            content.section("freeze", "odd.gap", {"early": listed(early), "late": listed([f"`{n}`" for n in gap])})
        )
    if len(learning) == len(weighted):
        sentences.append(content.section("freeze", "odd.everything"))
    return sentences


def code(settings: RunSettings, pattern: tuple[str, ...], classes: int) -> str:
    """The lines that produce this pattern, its mode and its optimizer; those of the training where it is no plain one."""
    backbone, rule = settings.backbone, settings.batch_norm
    if not pattern:
        return lines.freeze_lines(backbone, ())
    phase = with_pattern(settings, pattern).phases[-1]
    if learning.usual(settings, phase):
        learn = ["# before each epoch\n" + lines.mode_lines(backbone, pattern, rule)]
    else:
        function = lines.mode_function(backbone, pattern, rule)
        learn = [function, learning.lines(settings, (phase,), classes), learning.call(phase)]
    parts = (
        lines.head_lines(backbone, classes, settings.dropout) if settings.dropout else "",
        lines.freeze_lines(backbone, pattern),
        f"{lines.MOVING}\n{lines.optimizer_lines(phase)}",
        *learn,
        lines.other_lines(settings, phase),
    )
    return "\n\n".join(part for part in parts if part)


def block_table(
    blocks: Sequence[BlockInfo], costs: Sequence[BlockCost], pattern: Collection[str], batch_norm: str
) -> list[dict[str, str]]:
    """One row per block: state, size, BatchNorm, operations and bytes for one image."""
    rows = []
    for block, cost in zip(blocks, costs, strict=True):
        state = strip.state(block, pattern)
        follows = state == "trainable" and batch_norm == "update"
        norms = f"{block.batch_norms}, statistics {'follow' if follows else 'kept'}" if block.batch_norms else "none"
        rows.append(
            {
                "block": block.name,
                "kind": strip.kind(block),
                "state": {
                    "trainable": f"{EMBER}\u00a0trainable",
                    "frozen": f"{ICE}\u00a0frozen",
                    "empty": "no weights",
                }[state],
                "output": shape(block.shape),
                "parameters": count(block.parameters),
                "BatchNorm layers": norms,
                "forward": flops(cost.forward_flops),
                "backward": flops(cost.backward_flops),
                "activation": files.size(cost.activation_bytes),
            }
        )
    return rows


def movement_table(rows: Sequence[Movement]) -> list[dict[str, str]]:
    """What ten steps did, one row per block."""
    return [
        {
            "block": row.name,
            "state": f"{EMBER}\u00a0trainable" if row.trainable else f"{ICE}\u00a0frozen",
            "weights moved by": moved(row.weights),
            "BatchNorm statistics moved by": moved(row.statistics),
        }
        for row in rows
    ]


def movement_words(rows: Sequence[Movement], batch_norm: str, *, plain: bool = False) -> str:
    """The finding in words, with its own numbers: of the steps of a run, or of plain ones."""
    kept = [row for row in rows if row.trainable != plain and row.statistics]
    most = max(kept, key=lambda row: row.statistics or 0.0, default=rows[-1])
    frozen = [row for row in rows if not row.trainable]
    parts = [row.weights for row in frozen] + [row.statistics or 0.0 for row in frozen if not plain]
    values = {"most": moved(most.statistics), "block": most.name, "still": moved(max(parts, default=0.0))}
    return content.section("freeze", _finding(rows, batch_norm, bool(kept), plain), values)


def _finding(rows: Sequence[Movement], batch_norm: str, moving: bool, plain: bool) -> str:
    """The section that tells it; `moving` says that statistics moved which the finding is about."""
    if all(row.trainable for row in rows):
        return "frozen.nothing"
    if plain:
        return "frozen.plain" if moving else "frozen.plain_none"
    if all(row.statistics is None for row in rows):
        return "frozen.weights"
    if batch_norm == "keep":
        return "frozen.keep"
    return "frozen.update" if moving else "frozen.update_none"


def step_table(step: OneStep, optimizer: str) -> list[dict[str, str]]:
    """One step, line by line, by the formulas that stand there: whoever works them out gets these very digits."""
    formula = "lr · g / (|g| + 1e-8)" if optimizer == "adamw" else "lr · g"
    before, shrink, move = (Decimal(f"{part:.{DIGITS}f}") for part in (step.before, step.shrink, step.move))
    tiny = 0 < abs(step.gradient) < 1e-4
    rows: Mapping[str, str] = {
        "w, the weight before": fixed(before, DIGITS),
        "g, its gradient": power(step.gradient, 7) if tiny else fixed(step.gradient, DIGITS),
        "lr, the learning rate": rate(step.lr),
        f"decay = lr · {step.decay:g} · w": fixed(shrink, DIGITS),
        f"move = {formula}": fixed(move, DIGITS),
        "new w = w − decay − move": fixed(before - shrink - move, DIGITS),
    }
    return [{"what": what, "value": value} for what, value in rows.items()]
