"""The head trained on alone beside a run that thaws: what it equals, and that the run knows nothing of it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from ftcore import events
from ftcore.events import EpochEnd, Event, HeadAlone, PhaseEnd, RunEnd
from ftcore.network import backbones
from ftcore.runs import execute, longer, records
from ftcore.settings import HEAD, Phase, RunSettings
from ftcore.story import Story
from ftcore.training import control, loop, snapshots
from ftcore.training.start import start_network
from tests.ftcore.training.trained import CLASSES, TAIL, Images, Run, assert_same, epochs, numbers

ADAM, SGD = Phase(epochs=2), Phase(epochs=2, optimizer="sgd", lr=0.05)


def thawing(settings: RunSettings, head: Phase, **changes: Any) -> RunSettings:
    """The head by these settings, then two more phases with thawed blocks: one epoch, and two."""
    tune = Phase(name="Fine-tune", epochs=1, lr=1e-4, trainable=TAIL)
    return dataclasses.replace(settings, phases=(head, tune, dataclasses.replace(tune, epochs=2)), **changes)


def alone(told: list[Event]) -> HeadAlone:
    """The one control that was told."""
    (found,) = (event for event in told if isinstance(event, HeadAlone))
    return found


@pytest.mark.parametrize("head", [ADAM, SGD])
def test_it_equals_a_run_whose_head_phase_is_longer(run: Callable[..., Run], small: RunSettings, head: Phase) -> None:
    _, told = run(thawing(small, head))
    _, longer_told = run(dataclasses.replace(small, phases=(dataclasses.replace(head, epochs=5),)))
    rest = epochs(longer_told)[2:]
    wanted = HeadAlone(2, tuple(row.val_loss for row in rest), tuple(row.val_accuracy for row in rest))
    assert alone(told) == wanted
    assert len(set(wanted.val_loss)) == 3, "each epoch has learned"
    assert not any(isinstance(event, HeadAlone) for event in longer_told), "a run that thaws nothing has none"


def test_it_equals_a_longer_head_phase_with_dropout(run: Callable[..., Run], noise: Path) -> None:
    settings = RunSettings("mobilenet_v3_small", str(noise), weights="random", batch_size=8, phases=(ADAM,))
    _, told = run(dataclasses.replace(settings, phases=(ADAM, Phase("Fine-tune", 1, 1e-4, ("hidden1", HEAD)))))
    _, longer_told = run(dataclasses.replace(settings, phases=(dataclasses.replace(ADAM, epochs=3),)))
    assert alone(told).val_loss == (epochs(longer_told)[-1].val_loss,)


def test_after_a_cosine_the_head_goes_on_at_its_full_rate(run: Callable[..., Run], small: RunSettings) -> None:
    _, told = run(thawing(small, dataclasses.replace(SGD, schedule="cosine")))
    held = (epochs(told)[1].val_loss, *alone(told).val_loss)
    assert len(set(held)) == len(held), "at the rate with which a cosine ends nothing would move"


def test_a_run_with_it_equals_one_without(
    run: Callable[..., Run], small: RunSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = thawing(small, ADAM, batch_norm="update", best_weights=True)
    seen: list[dict[str, Any]] = []
    for name in ("with", "without"):
        (tmp_path / name).mkdir()
        if name == "without":
            monkeypatch.setattr(control, "go_on", lambda *_: HeadAlone(0, (), ()))
        network, told = run(settings, save_to=tmp_path / name / "c.pt", clock=lambda: 0.0)
        kept = snapshots.read(tmp_path / name / "c.pt")
        seen.append({"network": network, "told": told, "kept": kept, "random": torch.get_rng_state()})
    one, other = seen
    assert_same(one["network"], other["network"])
    assert [e for e in one["told"] if isinstance(e, EpochEnd | PhaseEnd)] == [
        e for e in other["told"] if isinstance(e, EpochEnd | PhaseEnd)
    ]
    assert repr(one["kept"]) == repr(other["kept"])
    assert torch.equal(one["random"], other["random"])
    assert alone(one["told"]).val_loss
    assert not alone(other["told"]).val_loss


def test_it_leaves_head_optimizer_and_random_numbers_as_they_are(
    small: RunSettings, images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, held = control.go_on, list[bool]()

    def watched(network: Any, phase: Any, settings: Any, sources: Any, optimizer: Any, *rest: Any) -> HeadAlone:
        def now() -> str:
            state = network.model.state_dict()
            torch.set_printoptions(precision=9, threshold=10**6)
            return repr((state["fc.weight"], optimizer, torch.get_rng_state(), network.head.training))

        before = now()
        found = real(network, phase, settings, sources, optimizer, *rest)
        held.append(before == now())
        return found

    monkeypatch.setattr(control, "go_on", watched)
    made = images(backbones.preprocess(small.backbone))
    list(loop.train(thawing(small, ADAM), made, start_network(small, CLASSES)))
    torch.set_printoptions(profile="default")
    assert held == [True]


def test_without_kept_features_there_is_none(run: Callable[..., Run], small: RunSettings) -> None:
    _, told = run(thawing(small, ADAM, cache=False))
    assert not any(isinstance(event, HeadAlone) for event in told)


def test_it_ends_where_the_loss_does(small: RunSettings, images: Images) -> None:
    """Each step multiplies the weights by 1 - 10 x 1, so that beyond some forty steps they are no numbers."""
    head = Phase(epochs=1, optimizer="sgd", lr=10.0, weight_decay=1.0)
    settings = dataclasses.replace(small, phases=(head, Phase("Fine-tune", 30, 1e-4, TAIL)))
    made = images(backbones.preprocess(small.backbone))
    told = loop.train(settings, made, start_network(settings, CLASSES))
    lost = next(event for event in told if isinstance(event, HeadAlone))
    assert 5 < len(lost.val_loss) == len(lost.val_accuracy) < 20
    assert all(map(math.isfinite, lost.val_loss))


@pytest.mark.parametrize("cut", [EpochEnd, HeadAlone, PhaseEnd])
def test_a_run_that_was_cut_tells_it_once_and_alike(small: RunSettings, tmp_path: Path, cut: type[Event]) -> None:
    told: list[Event] = []

    def begun(folder: Path, *, stop: bool) -> None:
        def report(event: Event) -> None:
            told.append(event)
            records.append(folder, event)
            if stop and isinstance(event, cut) and getattr(event, "epoch", 2) == 2:
                raise execute.StopRun

        assert execute.finish(folder, lambda: execute.execute(folder, report)) == 0

    settings = thawing(small, ADAM)
    whole, hurt = (records.new(settings, folder=tmp_path / name) for name in ("a", "b"))
    begun(whole, stop=False)
    wanted = alone(told)
    told.clear()
    begun(hurt, stop=True)
    begun(hurt, stop=False)
    assert alone(told) == wanted
    assert [said for said in records.read_log(hurt)[0] if isinstance(said, HeadAlone)] == [wanted]


def test_a_run_given_more_epochs_before_the_thaw_is_told_more_of_it(small: RunSettings, tmp_path: Path) -> None:
    folder = records.new(thawing(small, ADAM), folder=tmp_path / "a")

    def report(event: Event) -> None:
        records.append(folder, event)
        if isinstance(event, HeadAlone) and len(event.val_loss) == 3:
            raise execute.StopRun

    execute.finish(folder, lambda: execute.execute(folder, report))
    longer.extend(folder, (2, 2, 2))
    execute.finish(folder, lambda: execute.execute(folder, report))
    log = records.read_log(folder)[0]
    assert [len(said.val_loss) for said in log if isinstance(said, HeadAlone)] == [3, 4]
    story = Story.of(records.settings_of(folder), log)
    assert story.alone is not None
    assert len(story.alone.val_loss) == 4
    assert isinstance(story.end, RunEnd)


def test_it_is_a_line_of_the_log_and_a_log_without_it_still_reads(run: Callable[..., Run], small: RunSettings) -> None:
    _, told = run(thawing(small, ADAM))
    found = alone(told)
    assert events.from_dict(events.to_dict(found)) == found
    with pytest.raises(ValueError, match="val_accuracy"):
        events.from_dict({**events.to_dict(found), "val_accuracy": [1.5]})
    settings = thawing(small, ADAM)
    assert Story.of(settings, told).alone == found
    without = Story.of(settings, [event for event in told if event != found])
    assert without.alone is None
    assert numbers(list(without.epochs)) == numbers(told)
