"""The numbers that a run tells, against the same computed by hand or in plain torch."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch.nn import functional as F

from ftcore.events import Baseline, RunEnd
from ftcore.network import backbones, pixels
from ftcore.settings import RunSettings
from ftcore.training import features, passes
from ftcore.training.start import start_network
from tests.ftcore.training.trained import CLASSES, TAIL, Images, Run, epochs, phase, state


def test_baseline_is_the_fresh_head(run: Callable[..., Run], small: RunSettings, images: Images) -> None:
    _, events = run(small)
    (baseline,) = [e for e in events if isinstance(e, Baseline)]
    network, val = start_network(small, CLASSES), images(backbones.preprocess(small.backbone)).val
    with torch.no_grad():
        logits = network.model(pixels.pixels(val.images, backbones.preprocess(small.backbone), torch.device("cpu")))
    labels = torch.tensor(val.labels)
    assert baseline.val_loss == pytest.approx(F.cross_entropy(logits, labels).item(), rel=1e-5)
    assert baseline.val_accuracy == pytest.approx((logits.argmax(1) == labels).double().mean().item())


def test_numbers_of_the_last_epoch_are_those_of_the_final_network(
    run: Callable[..., Run], small: RunSettings, images: Images
) -> None:
    network, events = run(small)
    made, last = images(backbones.preprocess(small.backbone)), epochs(events)[-1]
    found = []
    for split in (made.train, made.val, made.test):
        source = features.source(network, "stem", split, backbones.preprocess(small.backbone), torch.device("cpu"))
        found.append(passes.evaluate(network, source, torch.arange(len(split))))
    assert (last.sample_loss, last.sample_accuracy) == pytest.approx(found[0], rel=1e-4)
    assert (last.val_loss, last.val_accuracy) == pytest.approx(found[1], rel=1e-4)
    assert isinstance(events[-1], RunEnd)
    assert (events[-1].test_loss, events[-1].test_accuracy) == pytest.approx(found[2], rel=1e-4)


def test_one_epoch_equals_plain_torch(run: Callable[..., Run], small: RunSettings, images: Images) -> None:
    """The same steps written out: what the loop calls training loss and what its weights become."""
    settings = phase(small, epochs=1, trainable=TAIL, optimizer="sgd", lr=0.01, weight_decay=0.0)
    network, events = run(settings)
    plain, made = start_network(settings, CLASSES).model, images(backbones.preprocess(settings.backbone)).train
    x, y = (
        pixels.pixels(made.images, backbones.preprocess(settings.backbone), torch.device("cpu")),
        torch.tensor(made.labels),
    )
    torch.manual_seed(settings.seed * 100_003 + 1)
    optimizer, total = (
        torch.optim.SGD([p for k, p in plain.named_parameters() if k.startswith(("layer4", "fc"))], 0.01, 0.9),
        0.0,
    )
    for part in torch.randperm(24).split(8):
        loss = F.cross_entropy(plain(x[part]), y[part])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(part)
    assert epochs(events)[0].train_loss == pytest.approx(total / 24, rel=1e-5)
    for key, tensor in plain.state_dict().items():
        torch.testing.assert_close(state(network)[key], tensor, rtol=1e-4, atol=1e-6)


def test_drift_by_hand(run: Callable[..., Run], small: RunSettings) -> None:
    before = state(start_network(small, CLASSES))
    network, events = run(small)
    first, last = epochs(events)[0], epochs(events)[-1]
    assert first.drift.keys() == set(TAIL)
    assert first.drift["layer4.0"] == first.drift["layer4.1"] == 0.0
    assert first.drift["head"] > 0
    for name in TAIL:
        keys, after = list(network.parameters(name)), state(network)
        then = torch.cat([before[k].flatten() for k in keys]).double()
        now = torch.cat([after[k].flatten() for k in keys]).double()
        assert last.drift[name] == pytest.approx(((now - then).norm() / then.norm()).item(), rel=1e-4)
