"""Ready-made phases: the classic lesson, training from scratch, and which blocks they thaw. Loads nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from ftcore.errors import FtError
from ftcore.names import shown
from ftcore.network.describe import describe
from ftcore.settings import HEAD, Phase, RunSettings

SMOOTHING = 0.1
DEPTH_DECAY = 0.7  # a block's share of the rate of the one behind it


def check_settings(settings: RunSettings) -> None:
    """Raise `FtError` unless each phase names blocks of the backbone, one of them with weights. Loads nothing."""
    weighty = {row.name: row.learns for row in describe(settings.backbone)}
    for phase in settings.phases:
        unknown = [name for name in phase.trainable if name not in weighty]
        if unknown:
            raise FtError(f"{settings.backbone} has no block '{shown(unknown[0])}': choose among {', '.join(weighty)}.")
        if not any(weighty[name] for name in phase.trainable):
            raise FtError("Nothing is trainable: thaw at least one block that has weights, such as the head.")


def last_blocks(backbone: str, count: int) -> tuple[str, ...]:
    """The last `count` blocks of the body and every block with weights behind them, the head included."""
    rows = describe(backbone)
    body = [i for i, row in enumerate(rows) if row.in_body]
    if not 0 <= count <= len(body):
        raise FtError(
            f"{backbone} has {len(body)} blocks between stem and pooling, so {count} cannot be thawed: choose fewer."
        )
    if count == 0:
        return (HEAD,)
    return tuple(row.name for row in rows[body[-count] :] if row.learns)


def every_block(backbone: str) -> tuple[str, ...]:
    """All blocks that have weights."""
    return tuple(row.name for row in describe(backbone) if row.learns)


def classic(backbone: str, thaw: int = 2, epochs: tuple[int, int] = (5, 10)) -> tuple[Phase, Phase]:
    """The classic lesson: train the new head, then thaw the last blocks at a tenth of the rate."""
    return (
        Phase(epochs=epochs[0]),
        Phase(name="Fine-tune", epochs=epochs[1], lr=1e-4, trainable=last_blocks(backbone, thaw)),
    )


def for_photos(settings: RunSettings) -> RunSettings:
    """These settings as own photos want them: labels are smoothed, decay acts on matrices alone.

    What follows the first phase warms up and ends on a cosine. `benchmarks/photos.py` measures it against the plain lesson.
    """
    first, *later = (dataclasses.replace(phase, decay_on="matrices") for phase in settings.phases)
    slower = [dataclasses.replace(p, schedule="cosine", warm_up=min(1.0, p.epochs / 2)) for p in later]
    return dataclasses.replace(settings, label_smoothing=SMOOTHING, phases=(first, *slower))


def whole(settings: RunSettings, lr: float = 1e-3, epochs: tuple[int, int] = (1, 5)) -> RunSettings:
    """The head alone for a moment, then everything along a cosine, each block at `DEPTH_DECAY` of the next one's rate.

    `benchmarks/photos.py` measures it too.
    """
    blocks = every_block(settings.backbone)
    later = Phase(name="Fine-tune", epochs=epochs[1], lr=lr, trainable=blocks, depth_decay=DEPTH_DECAY)
    made = for_photos(_phased(settings, (Phase(epochs=epochs[0]), later)))
    return dataclasses.replace(made, batch_norm="update")


def _phased(settings: RunSettings, phases: tuple[Phase, ...]) -> RunSettings:
    return dataclasses.replace(settings, phases=phases)


STEPS, MOST_EPOCHS = (40, 80), (20, 40)  # of the head alone, and of what follows
PATIENCE = 4  # epochs


def longer(settings: RunSettings, images: int) -> RunSettings:
    """With more epochs where few `images` to train on make few steps: with too few, a phase ends before it has learned."""
    each = -(-images // settings.batch_size)
    phases = [
        dataclasses.replace(phase, epochs=max(phase.epochs, min(MOST_EPOCHS[at > 0], -(-STEPS[at > 0] // each))))
        for at, phase in enumerate(settings.phases)
    ]
    return dataclasses.replace(settings, phases=tuple(phases))


WEAK_HEAD = 0.85  # accuracy of a head alone below which "whole" is to begin with: `benchmarks/photos.md`
UNEVEN = 2  # times as many training pictures as the rarest class has


def fitted(settings: RunSettings, counts: Sequence[int]) -> dict[str, tuple[RunSettings, tuple[str, ...]]]:
    """Recipes made to fit own photos, "tail" thawing the last blocks and "whole" every one, each with its reasons.

    `counts` are the training pictures of each class. `benchmarks/photos.md` has what the recipes are worth.
    """
    normed = any(row.batch_norms for row in describe(settings.backbone))
    base = {
        "tail": (for_photos(_phased(settings, classic(settings.backbone))), ["tail"]),
        "whole": (whole(settings), ["whole", "falling", *(["statistics"] if normed else [])]),
    }
    return {name: _to_fit(made, reasons, counts) for name, (made, reasons) in base.items()}


def _to_fit(made: RunSettings, reasons: list[str], counts: Sequence[int]) -> tuple[RunSettings, tuple[str, ...]]:
    reasons = [*reasons, "smoothing", "cosine", "matrices"]
    lasting = longer(made, sum(counts))
    if lasting != made:  # what suffices for some sets is learned by heart in others
        lasting = dataclasses.replace(lasting, patience=PATIENCE)
        reasons += ["longer", "stopping"]
    if max(counts) >= UNEVEN * min(counts):
        return dataclasses.replace(lasting, class_weights="balanced"), (*reasons, "weights")
    return lasting, tuple(reasons)


def scratch(backbone: str, epochs: int = 15) -> tuple[Phase]:
    """One phase with everything trainable, for a network that starts from random weights."""
    return (Phase(name="From scratch", epochs=epochs, lr=1e-3, trainable=every_block(backbone)),)


def lesson(settings: RunSettings) -> tuple[Phase, Phase]:
    """The settings' own two phases if they are head first, then more blocks; else the classic lesson."""
    if settings.head_then_thaw:
        return settings.phases[0], settings.phases[1]
    return classic(settings.backbone)
