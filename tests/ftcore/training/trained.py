"""What a training run told and what it left in its network, for tests."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ftcore.data.sets import ImageSet
from ftcore.events import EpochEnd, Event
from ftcore.network.blocks import Network
from ftcore.preprocess import Preprocess
from ftcore.settings import RunSettings

Images = Callable[[Preprocess], ImageSet]
Run = tuple[Network, list[Event]]
TAIL = ("layer4.0", "layer4.1", "head")
CLASSES = 3


def epochs(events: list[Event]) -> list[EpochEnd]:
    return [event for event in events if isinstance(event, EpochEnd)]


def numbers(events: list[Event]) -> list[tuple[float, ...]]:
    """Everything measured in an epoch but the seconds."""
    rows = [dataclasses.astuple(dataclasses.replace(event, seconds=0.0, drift={})) for event in epochs(events)]
    return [tuple(v for v in row if isinstance(v, int | float)) for row in rows]


def state(network: Network) -> dict[str, Tensor]:
    return {key: tensor.clone() for key, tensor in network.model.state_dict().items()}


def assert_same(first: Network, second: Network) -> None:
    a, b = state(first), state(second)
    assert a.keys() == b.keys()
    assert [key for key in a if not torch.equal(a[key], b[key])] == []


def phase(settings: RunSettings, **changes: Any) -> RunSettings:
    """The settings with one phase only, changed."""
    return dataclasses.replace(settings, phases=(dataclasses.replace(settings.phases[0], **changes),))
