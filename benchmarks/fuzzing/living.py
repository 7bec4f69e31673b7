"""A THAW_HOME that was really lived in: a finished run, an interrupted one, a learner, and what is kept for them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.fuzzing import zips
from benchmarks.fuzzing.frame import Room
from course import attempts, cards, learners, quiz, rounds
from ftcore.costs import estimate
from ftcore.events import EpochEnd, Event, StepProgress
from ftcore.files import home
from ftcore.runs import execute, records, results
from ftcore.runs.locks import lock
from ftcore.settings import Phase, RunSettings
from ftcore.training import snapshots
from ftcore.training.start import load_images, start_network

OWNER, DONE, HALF = "0" * 31 + "a", "d" * 32, "e" * 32
State = dict[str, Tensor]


@dataclass(frozen=True)
class Lived:
    """What is true of the home in `template` while nothing is damaged.

    `tuned` is the state dict of each run's network as it stands, `finished` that of the interrupted run once it has
    gone on to its end, `heads` the tensors that each epoch of each run kept; `digests` name the prepared images.
    """

    template: Path
    settings: RunSettings
    picture: Path
    tuned: dict[str, State]
    finished: State
    heads: dict[str, dict[int, State]]
    digests: tuple[str, ...]


def pictures(folder: Path) -> Path:
    """Three classes of five pictures."""
    for at, name in enumerate(("blue", "green", "red")):
        (folder / name).mkdir(parents=True)
        for number in range(5):
            (folder / name / f"{number}.png").write_bytes(zips.png(80 * at + 5 * number))
    return folder


def live(room: Room) -> Lived:
    """Make it in the room, as `template` beside THAW_HOME."""
    torch.set_num_threads(1)
    place = room.move("template")
    folder = pictures(room.input / "pictures")
    phases = (Phase(epochs=1, lr=0.01), Phase(name="Go on", epochs=2, lr=0.003))
    settings = RunSettings(data=str(folder), phases=phases, batch_size=4)
    done, half = (_begun(settings, name) for name in (DONE, HALF))
    assert execute.finish(done, lambda: execute.execute(done, lambda event: _note(done, event))) == 0
    _break_off(half)
    estimate.of_run(settings)
    _learner()
    images = load_images(settings)
    digests = images.train.digest, images.val.digest, images.test.digest
    tuned = {name: _state(place / "runs" / name) for name in (DONE, HALF)}
    heads = {name: _heads(place / "runs" / name, settings) for name in (DONE, HALF)}
    return Lived(place, settings, folder / "blue" / "0.png", tuned, tuned[DONE], heads, digests)


def _begun(settings: RunSettings, name: str) -> Path:
    folder = records.new(settings, OWNER, home() / "runs" / name)
    for state in ("queued", "preparing", "running"):
        records.set_state(folder, state)
    (folder / "worker.log").write_text("a warning\n", "utf-8")
    return folder


def _note(folder: Path, event: Event) -> None:
    records.append(folder, event)
    if isinstance(event, EpochEnd):
        records.append(folder, StepProgress(event.phase, event.epoch, 1, 3, 1.0, 0.1))


class _Killed(BaseException):
    """Stands for a kill: nothing of the worker's own endings happens."""


def _break_off(folder: Path) -> None:
    """Train for two epochs of three and end as a killed worker does."""

    def report(event: Event) -> None:
        _note(folder, event)
        if isinstance(event, EpochEnd) and event.epoch == 2:
            raise _Killed

    with lock(folder):
        try:
            execute.execute(folder, report)
        except _Killed:
            return
    raise AssertionError("the run was to be broken off")


def _learner() -> None:
    questions = quiz.load().questions
    with learners.changing(OWNER) as learner:
        rounds.begin(learner, "short", rounds.pick("short", questions, learner), 1)
        rounds.answer(learner, learner.round["ids"][0], 0, True)
        learner.cards[cards.load()[0][0].id] = cards.rate(None, "good")
        attempt = learner.experiments.setdefault("heat-map", {"guess": "hot"})
        attempts.begin("heat-map", attempt, DONE, [0])
        attempts.add("heat-map", attempt, {0: {"a_stays": 0.5, "b_stays": 0.75}})


def _state(folder: Path) -> State:
    network, _ = results.tuned_network(folder)
    return {key: tensor.clone() for key, tensor in network.model.state_dict().items()}


def _heads(folder: Path, settings: RunSettings) -> dict[int, State]:
    network, heads = start_network(settings, 3), {}
    for epoch in snapshots.epochs(folder):
        snapshots.put(folder, network, epoch)
        heads[epoch] = {key: t.clone() for key, t in network.model.state_dict().items() if key.startswith("fc.")}
    return heads


def same(state: State, wanted: State) -> bool:
    """Whether these tensors are equal bit for bit."""
    return all(torch.equal(state[key], tensor) for key, tensor in wanted.items())
