"""What a learner may take of a server, and whose turn it is."""

from __future__ import annotations

import dataclasses

import pytest

from ftcore import store
from ftcore.costs import estimate
from ftcore.costs.estimate import Estimate
from ftcore.errors import FtError
from ftcore.numerals import several
from ftcore.runs import limits, records, service
from ftcore.runs.manager import Manager
from ftcore.settings import Phase, RunSettings, number_from_environment
from ftcore.training.start import pick_device


@pytest.mark.parametrize(
    "waiting, served, order",
    [
        ("a1 a2 a3 b1 c1", {}, "a1 b1 c1 a2 a3"),
        ("a1 a2 b1 b2 c1", {"a": 1}, "b1 c1 a1 b2 a2"),
        ("a1 b1", {"a": 1, "b": 2}, "a1 b1"),
        ("b1 a1", {"a": 1, "b": 2}, "a1 b1"),
        ("a1 a2 a3", {"a": 5}, "a1 a2 a3"),
        ("", {"a": 5}, ""),
    ],
)
def test_turns_go_round_the_learners(waiting: str, served: dict[str, int], order: str) -> None:
    assert limits.turns({run: run[0] for run in waiting.split()}, served) == order.split()


def test_nobody_goes_twice_before_another_has_gone_once() -> None:
    waiting = {f"{owner}{number}": owner for owner in "abcd" for number in range(3)}
    order = limits.turns(waiting, {"c": 7, "b": 9})
    for at in range(0, 12, 4):
        assert sorted(run[0] for run in order[at : at + 4]) == list("abcd")
    assert [run[0] for run in order[:4]] == list("adcb")


@pytest.mark.parametrize("text", ["x", "-1", "nan", "inf", "1e12", "3 GB", "1,5"])
@pytest.mark.parametrize("name", ["THAW_MAX_MINUTES", "THAW_LEARNER_GB", "THAW_CACHE_GB", "THAW_JOBS"])
def test_limits_that_are_no_numbers(monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> None:
    monkeypatch.setenv(name, text)
    check = {
        "THAW_MAX_MINUTES": lambda: limits.check_time(RunSettings()),
        "THAW_LEARNER_GB": lambda: limits.check_disk("me"),
        "THAW_CACHE_GB": store.budget,
        "THAW_JOBS": service.manager,
    }
    with pytest.raises(FtError, match=f"{name} is '{text}', which is no number of 0 or more"):
        check[name]()


@pytest.mark.parametrize("text", ["warp", "cuda:99", "\x1b[31m"])
def test_a_device_that_is_not_there(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("THAW_DEVICE", text)
    with pytest.raises(FtError, match=r"^THAW_DEVICE is '[^\x1b]+', which this machine has not: set cuda, mps or cpu"):
        pick_device()


@pytest.mark.parametrize("text, value", [("", 2.0), ("0", 0.0), ("0.5", 0.5), ("10", 10.0)])
def test_limits_that_are(monkeypatch: pytest.MonkeyPatch, text: str, value: float) -> None:
    monkeypatch.setenv("THAW_LEARNER_GB", text)
    assert number_from_environment("THAW_LEARNER_GB", 2.0) == value


@pytest.fixture
def idle(monkeypatch: pytest.MonkeyPatch) -> Manager:
    """A manager that starts nothing, on a machine where an epoch takes a minute."""
    monkeypatch.setattr(estimate, "of_run", lambda settings: Estimate(0.0, (), 60.0 * settings.epochs, 0.0))
    return Manager(0)


@pytest.mark.parametrize(
    "most, epochs, fits", [("30", 30, True), ("30", 31, False), ("0.5", 1, False), ("0", 999, True)]
)
def test_runs_that_take_too_long_are_refused(
    idle: Manager, monkeypatch: pytest.MonkeyPatch, most: str, epochs: int, fits: bool
) -> None:
    settings = RunSettings(phases=(Phase(epochs=epochs),))
    monkeypatch.setenv("THAW_MAX_MINUTES", most)
    if fits:
        assert idle.status(idle.submit(settings, "me")).state == "queued"
        return
    with pytest.raises(
        FtError, match=f"about {several(epochs, 'minute')}, and this server allows {most}: give it fewer"
    ):
        idle.submit(settings, "me")


def test_learner_whose_runs_fill_the_quota_must_delete_some(idle: Manager, monkeypatch: pytest.MonkeyPatch) -> None:
    old = records.new(RunSettings(), "me")
    with (old / "model.safetensors").open("wb") as file:
        file.truncate(2_100_000_000)
    says = "Your runs hold 2.1 GB of the 2 GB that this server gives a learner: delete old ones"
    with pytest.raises(FtError, match=says):
        idle.submit(RunSettings(), "me")
    assert idle.submit(RunSettings(), "you")
    monkeypatch.setenv("THAW_LEARNER_GB", "2.2")
    assert idle.submit(RunSettings(), "me")
    monkeypatch.delenv("THAW_LEARNER_GB")
    idle.delete(old.name, "me")
    assert idle.submit(RunSettings(), "me")


def test_positions_and_waits_follow_the_turns(idle: Manager) -> None:
    plans = [("a", 1), ("a", 2), ("a", 3), ("b", 4), ("c", 5)]
    ids = [idle.submit(RunSettings(phases=(Phase(epochs=epochs),)), owner) for owner, epochs in plans]
    found = [idle.status(run_id) for run_id in ids]
    assert [now.position for now in found] == [1, 4, 5, 2, 3]
    assert [now.wait_s for now in found] == [0.0, 60.0 * (1 + 4 + 5), 60.0 * (1 + 4 + 5 + 2), 60.0, 60.0 * (1 + 4)]
    assert dataclasses.replace(found[0], id="") == dataclasses.replace(idle.status(ids[0]), id="")
