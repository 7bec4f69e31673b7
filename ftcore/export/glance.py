"""The lesson's six stages in a few PyTorch lines each, to be read at a glance beside the whole code of `lines`.

Each stage goes on where the one before left off; together they run as they stand, given `batches` of images and labels.
"""

from __future__ import annotations

from ftcore.export import learning, lines
from ftcore.export.lines import expression, outline
from ftcore.settings import HEAD, Phase, RunSettings
from ftcore.training import recipes


def stages(settings: RunSettings, classes: int) -> tuple[str, str, str, str, str, str]:
    """Load, new head, freeze, train the head, thaw, fine-tune."""
    first, second = recipes.lesson(settings)
    head = expression(outline(settings.backbone).head_path)
    return (
        lines.load_lines(settings.backbone),
        lines.head_lines(settings.backbone, classes, settings.dropout),
        f"{lines.freeze_lines(settings.backbone, (HEAD,))}\n\n"
        f"{lines.mode_function(settings.backbone, second.trainable, settings.batch_norm)}",
        f"import torch\n\n{learning.lines(settings, (first, second), classes)}\n\n"
        f"{_optimized(first, f'{head}.parameters()')}",
        _thaw(settings.backbone, second),
        f"weights = [p for p in model.parameters() if p.requires_grad]\n{_optimized(second, 'weights')}",
    )


def _optimized(phase: Phase, weights: str) -> str:
    return f"{lines.optimizer_lines(phase, weights)}\n{learning.call(phase)}"


def _thaw(backbone: str, second: Phase) -> str:
    """The lines that let what else this phase trains learn too."""
    added = [
        module for module in lines.modules(backbone, second.trainable) if module not in lines.modules(backbone, (HEAD,))
    ]
    return lines.thaw_lines(added, lines.own(backbone, second.trainable), "+=")
