"""What Thaw's own engine gets where an exercise asks for lines: the result that a learner's is compared with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F

from course.lines import found, given
from course.lines.given import CLASSES, Given
from ftcore.network import backbones, surgery
from ftcore.network.pixels import pixels
from ftcore.settings import HEAD, Phase
from ftcore.training.optimizer import make_optimizer, step

TAIL, LAST = ("layer4.0", "layer4.1", HEAD), ("layer4.1", HEAD)
_CPU = torch.device("cpu")


def facts(name: str, looks: tuple[str, ...], seed: int) -> dict[str, Any]:
    """The facts of an exercise as the engine leaves them."""
    start = given.make(name, seed)
    return found.of(start.names | RESULTS[name](start, seed), looks)


def before(name: str, looks: tuple[str, ...], seed: int) -> dict[str, Any]:
    """The facts as an exercise begins."""
    return found.of(given.make(name, seed).names, looks)


def _head(start: Given, seed: int) -> dict[str, Any]:
    surgery.replace_head(start.network, CLASSES, seed)
    return {}


def _freeze(start: Given, seed: int) -> dict[str, Any]:
    surgery.freeze(start.network, (HEAD,))
    return {}


def _modes(start: Given, seed: int) -> dict[str, Any]:
    surgery.set_mode(start.network, LAST, "keep")
    return {}


def _loss(start: Given, seed: int) -> dict[str, Any]:
    return {"loss": F.cross_entropy(start.more["logits"], start.labels)}


def _predict(start: Given, seed: int) -> dict[str, Any]:
    with torch.no_grad():
        return {"logits": start.network.run(start.images)}


def _normalise(start: Given, seed: int) -> dict[str, Any]:
    image = start.more["image"].permute(1, 2, 0)[None].numpy()
    return {"x": pixels(image, backbones.preprocess(given.BACKBONE), _CPU)[0]}


def _rates(start: Given, seed: int) -> dict[str, Any]:
    surgery.freeze(start.network, LAST)
    phase = Phase(lr=1e-3, trainable=LAST, depth_decay=0.1)
    return {"optimizer": make_optimizer(start.network, phase, _CPU)}


def _thaw(start: Given, seed: int) -> dict[str, Any]:
    surgery.freeze(start.network, TAIL)
    return {"optimizer": make_optimizer(start.network, Phase(lr=1e-4, trainable=TAIL), _CPU)}


def _leftover(start: Given, seed: int) -> dict[str, Any]:
    surgery.freeze(start.network, (HEAD,))
    step(start.more["optimizer"], F.cross_entropy(start.network.run(start.images), start.labels))
    return {}


def _features(start: Given, seed: int) -> dict[str, Any]:
    with torch.no_grad():
        return {"features": start.network.run(start.images, stop=HEAD)}


def _saved(start: Given, seed: int) -> dict[str, Any]:
    return {"fresh": start.network.model.eval()}


RESULTS: dict[str, Callable[[Given, int], dict[str, Any]]] = {
    "head": _head, "freeze": _freeze, "loss": _loss, "predict": _predict, "modes": _modes, "normalise": _normalise,
    "rates": _rates, "thaw": _thaw, "leftover": _leftover, "features": _features, "saved": _saved,
}  # fmt: skip
