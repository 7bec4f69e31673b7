"""No short cut changes a run: neither kept activations, however few find room, nor taps on convolutions."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
import torch

from ftcore import store
from ftcore.events import CacheProgress, CacheSkipped, RunEnd
from ftcore.settings import Phase, RunSettings
from tests.ftcore.training.trained import Images, Run, numbers, state


@pytest.mark.parametrize("rule", ["keep", "update"])
def test_cached_run_equals_uncached_run(run: Callable[..., Run], small: RunSettings, rule: str) -> None:
    small = dataclasses.replace(small, batch_norm=rule)
    cached, told = run(small)
    plain, told_plain = run(dataclasses.replace(small, cache=False))
    assert any(isinstance(e, CacheProgress) and e.total for e in told)
    assert not any(isinstance(e, CacheProgress) and e.total for e in told_plain)
    for a, b in zip(numbers(told), numbers(told_plain), strict=True):
        assert a == pytest.approx(b, rel=1e-4, abs=1e-5)
    for key, tensor in state(plain).items():
        # AdamW divides by the gradient's size, so a last digit can turn into a whole step of 1e-4
        torch.testing.assert_close(state(cached)[key], tensor, rtol=1e-3, atol=2e-4)


def test_too_small_cache_gives_the_same_run(
    run: Callable[..., Run], small: RunSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, told = run(small)
    monkeypatch.setenv("THAW_CACHE_GB", "0")
    store.prune(0)
    _, told_live = run(small)
    assert sum(isinstance(e, CacheSkipped) for e in told_live) >= 4
    for a, b in zip(numbers(told), numbers(told_live), strict=True):
        assert a == pytest.approx(b, rel=1e-4, abs=1e-5)


def test_earlier_phase_may_train_deeper_blocks(run: Callable[..., Run], small: RunSettings) -> None:
    turned = dataclasses.replace(
        small, phases=(small.phases[1], Phase(epochs=2), Phase(epochs=1, lr=1e-5, trainable=("layer3.1", "head")))
    )
    _, told = run(turned)
    _, told_plain = run(dataclasses.replace(turned, cache=False))
    for a, b in zip(numbers(told), numbers(told_plain), strict=True):
        assert a == pytest.approx(b, rel=1e-4, abs=1e-5)
    assert isinstance(told[-1], RunEnd)
    assert isinstance(told_plain[-1], RunEnd)
    assert told[-1].test_loss == pytest.approx(told_plain[-1].test_loss, rel=1e-4)


def test_taps_give_the_same_run(run: Callable[..., Run], small: RunSettings, images: Images) -> None:
    names = ("layer4.0.conv2", "layer4.1.conv1", "layer4.1.conv2")
    plain, by_taps = run(small), run(small, taps=lambda network, batch: names)
    for a, b in zip(numbers(plain[1]), numbers(by_taps[1]), strict=True):
        assert a == pytest.approx(b, rel=1e-3, abs=1e-4)
    assert "forward" not in vars(by_taps[0].model.get_submodule(names[0]))
