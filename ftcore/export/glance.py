"""The lesson's six stages in a few PyTorch lines each, to be read at a glance beside the whole code of `lines`."""

from __future__ import annotations

from collections.abc import Sequence

from ftcore.export.lines import expression, load_lines, optimizer_call, outline
from ftcore.network.describe import features
from ftcore.settings import HEAD, RunSettings
from ftcore.training import recipes


def stages(settings: RunSettings, classes: int) -> tuple[str, str, str, str, str, str]:
    """Load, new head, freeze, train the head, thaw, fine-tune; imports are left out."""
    network = outline(settings.backbone)
    first, second = recipes.lesson(settings)
    head = expression(network.head_path)
    thawed = [
        path
        for name in second.trainable
        if name != HEAD
        for path, module in zip(network.block(name).paths, network.modules(name), strict=True)
        if next(module.parameters(), None) is not None
    ]
    return (
        load_lines(settings.backbone).partition("\n\n")[2],
        f"{head} = nn.Linear({features(settings.backbone)}, {classes})",
        f"model.requires_grad_(False)\n{head}.requires_grad_(True)\n# before each epoch, for BatchNorm\nmodel.eval()",
        f"optimizer = {optimizer_call(first, f'{head}.parameters()')}\ntrain(model, optimizer, epochs={first.epochs})",
        _thaw(thawed),
        "weights = [p for p in model.parameters() if p.requires_grad]\n"
        f"optimizer = {optimizer_call(second, 'weights')}\ntrain(model, optimizer, epochs={second.epochs})",
    )


def _thaw(paths: Sequence[str]) -> str:
    """The lines that let these modules learn again: one each, or a loop when they are many."""
    if len(paths) <= 3:
        return "\n".join(f"{expression(path)}.requires_grad_(True)" for path in paths)
    names = ", ".join(f'"{path}"' for path in paths)
    return f"for path in ({names}):\n    model.get_submodule(path).requires_grad_(True)"
