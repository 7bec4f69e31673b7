"""Several trainings as one run: their numbers are those of each alone, no weights stay, a killed worker goes on."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from ftcore.costs import estimate, machine
from ftcore.errors import FtError
from ftcore.events import EpochEnd, Event, StepProgress, TrainingEnd
from ftcore.runs import execute, limits, records, series
from ftcore.runs.manager import Manager
from ftcore.settings import RunSettings
from ftcore.training.loop import train
from ftcore.training.start import load_images, start_network


@pytest.fixture
def three(small: RunSettings) -> list[RunSettings]:
    """The small lesson with three seeds."""
    return [dataclasses.replace(small, seed=seed) for seed in range(3)]


def alone(settings: RunSettings) -> list[EpochEnd]:
    images = load_images(settings)
    network = start_network(settings, len(images.classes))
    return [said for said in train(settings, images, network, taps=machine.taps) if isinstance(said, EpochEnd)]


def timeless(epochs: tuple[EpochEnd, ...] | list[EpochEnd]) -> list[EpochEnd]:
    return [dataclasses.replace(epoch, seconds=0.0) for epoch in epochs]


def test_a_series_gives_the_numbers_of_each_training_alone_and_goes_on_where_it_was_killed(
    home: Path, three: list[RunSettings]
) -> None:
    folder = series.new(three, "me", "an-experiment")
    told: list[Event] = []

    def report(said: Event) -> None:
        told.append(said)
        records.append(folder, said)
        if isinstance(said, TrainingEnd) and said.number == 2:
            raise execute.StopRun

    with pytest.raises(execute.StopRun):
        execute.execute(folder, report)
    assert {type(said) for said in told} >= {StepProgress, TrainingEnd}
    execute.execute(folder, lambda said: records.append(folder, said))
    found = series.finished(records.read_log(folder)[0])
    assert list(found) == [1, 2, 3]
    for number, settings in enumerate(three, 1):
        assert timeless(found[number]) == timeless(alone(settings))
    assert found[1] != found[2]
    kept = {path.name for path in folder.rglob("*")}
    assert kept == {"settings.json", "series.json", "events.jsonl", "progress.json"}
    assert series.seconds_left(folder) == 0


def test_a_series_is_one_run_of_the_queue(
    home: Path, three: list[RunSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = Manager(0)
    try:
        run_id = manager.submit(three[0], "me", "an-experiment", further=three[1:])
        status = manager.status(run_id)
        assert (status.trainings, status.trained, status.part_of) == (3, 0, "an-experiment")
        assert manager.status(manager.submit(three[0], "me")).trainings == 0
        records.append(records.folder_of(run_id), TrainingEnd(1, ()))
        assert manager.status(run_id).trained == 1
        assert series.of(records.folder_of(run_id)) == tuple(three)
        one = estimate.of_run(three[0]).seconds / 60
        monkeypatch.setenv("THAW_MAX_MINUTES", str(2 * one))
        limits.check_time(three[0])
        with pytest.raises(FtError, match="would take about"):
            manager.submit(three[0], "me", further=three[1:])
    finally:
        manager.close()


def test_a_damaged_list_is_one_sentence(home: Path, three: list[RunSettings]) -> None:
    folder = series.new(three, "me")
    for text in ("[", "7", "[7]"):
        (folder / series.FILE).write_text(text)
        with pytest.raises(FtError):
            series.of(folder)


def test_on_a_full_disk_nothing_remains(home: Path, three: list[RunSettings], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(series, "whole", full)
    with pytest.raises(FtError, match="No space left"):
        series.new(three, "me")
    assert list((home / "runs").iterdir()) == []
