"""The lesson's six stages in a few PyTorch lines each, to be read at a glance beside the whole code of `lines`.

Each stage goes on where the one before left off; together they run as they stand, given `batches` of images and labels.
"""

from __future__ import annotations

import textwrap

from ftcore.export import lines
from ftcore.export.lines import expression, outline
from ftcore.settings import HEAD, Phase, RunSettings
from ftcore.training import recipes

_TRAIN = """def train(optimizer, epochs):
    for epoch in range(epochs):
        set_mode()
        for images, labels in batches:  # a DataLoader of your images
            loss = nn.functional.cross_entropy(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()"""


def stages(settings: RunSettings, classes: int) -> tuple[str, str, str, str, str, str]:
    """Load, new head, freeze, train the head, thaw, fine-tune."""
    first, second = recipes.lesson(settings)
    head = expression(outline(settings.backbone).head_path)
    return (
        lines.load_lines(settings.backbone),
        lines.head_lines(settings.backbone, classes),
        f"{lines.freeze_lines(settings.backbone, (HEAD,))}\n\n{_mode(settings, second)}",
        f"import torch\n\n{_TRAIN}\n\n{_optimized(first, f'{head}.parameters()')}",
        _thaw(settings.backbone, second),
        f"weights = [p for p in model.parameters() if p.requires_grad]\n{_optimized(second, 'weights')}",
    )


def _mode(settings: RunSettings, second: Phase) -> str:
    """The lines that put each layer into its mode, as a function: also right once more is thawed."""
    body = lines.mode_lines(settings.backbone, second.trainable, settings.batch_norm)
    return f"def set_mode():  # before each epoch\n{textwrap.indent(body, '    ')}"


def _optimized(phase: Phase, weights: str) -> str:
    made = lines.optimizer_call(phase, weights)
    return f"optimizer = torch.optim.{made}\ntrain(optimizer, epochs={phase.epochs})"


def _thaw(backbone: str, second: Phase) -> str:
    """The lines that let what else this phase trains learn too."""
    added = [
        module for module in lines.modules(backbone, second.trainable) if module not in lines.modules(backbone, (HEAD,))
    ]
    listed = "".join(f"    {module},\n" for module in added)
    return f"thawed += [\n{listed}]\nfor module in thawed:\n    module.requires_grad_(True)"
