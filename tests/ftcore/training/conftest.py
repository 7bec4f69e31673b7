"""What tests of training share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ftcore.network import backbones
from ftcore.settings import RunSettings
from ftcore.training import loop
from ftcore.training.start import start_network
from tests.ftcore.training.trained import CLASSES, Images, Run


@pytest.fixture
def run(images: Images) -> Callable[..., Run]:
    """`run(settings, **options)` trains and gives back the network and all events."""

    def run_(settings: RunSettings, **options: Any) -> Run:
        network = start_network(settings, CLASSES)
        return network, list(loop.train(settings, images(backbones.preprocess(settings.backbone)), network, **options))

    return run_
