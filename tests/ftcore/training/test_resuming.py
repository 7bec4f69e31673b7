"""A run that was interrupted, wherever, ends as if it had not been."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ftcore.data import sets
from ftcore.errors import FtError
from ftcore.events import Baseline, EpochEnd, Event, PhaseEnd
from ftcore.network import backbones, tapconv
from ftcore.settings import Phase, RunSettings
from ftcore.training import loop
from ftcore.training.start import start_network
from tests.conftest import TAIL
from tests.ftcore.training.trained import CLASSES, Images, Run, assert_same, epochs, numbers


def cut(events: Iterator[Event], stop: Callable[[Event], bool]) -> list[Event]:
    """Close a run right after the event for which `stop` holds."""
    seen = []
    for event in events:
        seen.append(event)
        if stop(event):
            events.close()  # type: ignore[attr-defined]
            return seen
    raise AssertionError("the run ended before it was to be cut")


CUTS: dict[str, Callable[[Event], bool]] = {
    "before the first epoch": lambda e: isinstance(e, Baseline),
    "in epoch 1": lambda e: getattr(e, "step", 0) == 1,
    "after epoch 1": lambda e: isinstance(e, EpochEnd) and e.epoch == 1,
    "at the border, epoch told": lambda e: isinstance(e, EpochEnd) and e.epoch == 2,
    "at the border, phase told": lambda e: isinstance(e, PhaseEnd),
    "in epoch 3": lambda e: getattr(e, "step", 0) == 1 and getattr(e, "epoch", 0) == 3,
    "after epoch 3": lambda e: isinstance(e, EpochEnd) and e.epoch == 3,
    "before the test": lambda e: isinstance(e, PhaseEnd) and e.phase == 2,
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, noise: Path) -> tuple[RunSettings, Run]:
    """Settings with which all that a checkpoint keeps matters, and a run that nothing disturbed."""
    phases = (Phase(epochs=2), Phase(name="Fine-tune", epochs=2, lr=1e-4, trainable=TAIL))
    settings = RunSettings(data=str(noise), phases=phases, batch_size=8, batch_norm="update", best_weights=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("THAW_HOME", str(tmp_path_factory.mktemp("undisturbed")))
        network = start_network(settings, CLASSES)
        made = sets.load(settings.data, backbones.preprocess(settings.backbone))
        return settings, (network, list(loop.train(settings, made, network)))


@pytest.mark.parametrize("where", CUTS)
def test_resumed_equals_undisturbed(
    run: Callable[..., Run], whole: tuple[RunSettings, Run], images: Images, tmp_path: Path, where: str
) -> None:
    small, (undisturbed, told) = whole
    begun = loop.train(
        small,
        images(backbones.preprocess(small.backbone)),
        start_network(small, CLASSES),
        save_to=tmp_path / "c.pt",
    )
    seen = cut(begun, CUTS[where])
    resumed, told_again = run(small, save_to=tmp_path / "c.pt")
    assert_same(undisturbed, resumed)
    assert numbers(told) == numbers(told_again)
    assert [e.drift for e in epochs(told)] == [e.drift for e in epochs(told_again)]
    assert [e.seconds for e in epochs(seen)] == [e.seconds for e in epochs(told_again)][: len(epochs(seen))]
    assert sum(isinstance(e, PhaseEnd) for e in told_again) == 2
    assert list(tmp_path.glob("c.pt*")) == [tmp_path / "c.pt"]


def test_epoch_whose_checkpoint_was_lost_is_repeated_with_the_same_result(
    run: Callable[..., Run], small: RunSettings, images: Images, tmp_path: Path
) -> None:
    """A log may tell of an epoch that the checkpoint does not know, as after a power cut."""
    undisturbed, _ = run(small)
    made, path = images(backbones.preprocess(small.backbone)), tmp_path / "c.pt"
    cut(loop.train(small, made, start_network(small, CLASSES), save_to=path), CUTS["at the border, epoch told"])
    older = path.read_bytes()
    cut(loop.train(small, made, start_network(small, CLASSES), save_to=path), CUTS["after epoch 3"])
    path.write_bytes(older)
    resumed, told = run(small, save_to=path)
    assert_same(undisturbed, resumed)
    assert [e.epoch for e in epochs(told)] == [1, 2, 3, 4]


def test_resumed_equals_undisturbed_with_dropout_and_momentum(
    run: Callable[..., Run], noise: Path, images: Images, tmp_path: Path
) -> None:
    name, last = "mobilenet_v3_small", ("features.12", "hidden1", "head")
    one = Phase(epochs=2, trainable=last, optimizer="sgd", lr=0.01, schedule="cosine", depth_decay=0.5)
    settings = RunSettings(backbone=name, data=str(noise), weights="random", phases=(one,), batch_size=8)
    undisturbed, _ = run(settings)
    begun = loop.train(
        settings, images(backbones.preprocess(name)), start_network(settings, CLASSES), save_to=tmp_path / "c.pt"
    )
    cut(begun, CUTS["after epoch 1"])
    resumed, _ = run(settings, save_to=tmp_path / "c.pt")
    assert_same(undisturbed, resumed)


def test_checkpoint_of_other_settings_is_refused(run: Callable[..., Run], tiny: RunSettings, tmp_path: Path) -> None:
    path = tmp_path / "c.pt"
    run(tiny, save_to=path)
    with pytest.raises(FtError, match="belongs to other settings"):
        run(dataclasses.replace(tiny, seed=5), save_to=path)


def test_taps_are_kept_for_a_resumed_run(
    run: Callable[..., Run], small: RunSettings, images: Images, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = loop.train(
        small,
        images(backbones.preprocess(small.backbone)),
        start_network(small, CLASSES),
        save_to=tmp_path / "c.pt",
        taps=lambda n, b: ("layer4.1.conv2",),
    )
    cut(begun, CUTS["after epoch 1"])
    asked: list[tuple[str, ...]] = []
    real = tapconv.enabled
    monkeypatch.setattr(tapconv, "enabled", lambda model, names: asked.append(names) or real(model, names))
    run(small, save_to=tmp_path / "c.pt", taps=lambda n, b: ())
    assert set(asked) == {("layer4.1.conv2",)}
    assert len(asked) == 3
