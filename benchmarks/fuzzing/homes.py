"""THAW_HOME with one file damaged, and every entry point that reads it.

A damaged file may make an entry point refuse; it never changes what comes out. A derived file (prepared images,
features, measurements, progress) is only there to save time, so its damage must not even be felt. The home is made
anew by each process, with other times and digests in it, so a case repeats in kind and not to the last byte.
"""

from __future__ import annotations

import contextlib
import functools
import io
import math
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmarks.fuzzing import damage, living
from benchmarks.fuzzing.frame import Attempt, Maker, Room, Wrong
from benchmarks.fuzzing.living import DONE, HALF, OWNER, Lived
from course import cards, facts, learners, quiz, rounds
from ftcore import __main__ as cli
from ftcore.costs import estimate
from ftcore.errors import FtError
from ftcore.network import backbones, surgery
from ftcore.runs import records, results, service, shelf
from ftcore.training import features, snapshots
from ftcore.training.start import load_images, start_network
from ui.runs.log import RunLog, time_left

SOFT = ("contents", "deleted")  # damages to what a file holds, not to where it lies


@dataclass(frozen=True)
class Hurt:
    """A home with one damaged file: which (parts of its path below home), how, and the run to look at."""

    lived: Lived
    home: Path
    parts: tuple[str, ...]
    how: str
    run: str

    @property
    def folder(self) -> Path:
        """The folder of the run to look at."""
        return self.home / "runs" / self.run

    @property
    def derived(self) -> bool:
        """Whether the damaged file can be made anew from others."""
        return self.parts[0] in ("machine.json", "data", "features") or self.parts[-1] in (
            "progress.json",
            "worker.log",
        )


def _history(hurt: Hurt) -> None:
    ids = {status.id for status in service.history(OWNER)}
    sound = {DONE, HALF} - {hurt.parts[1] if hurt.parts[0] == "runs" else ""}
    if hurt.how in SOFT and not sound <= ids:
        raise Wrong("a sound run is missing from the list")


def _waiting(hurt: Hurt) -> None:
    shelf.every()


def _status(hurt: Hurt) -> None:
    service.status(hurt.run)
    records.state_of(hurt.folder)


def _look(hurt: Hurt) -> None:
    """What Train live does with a run's events."""
    settings, log = service.status(hurt.run).settings, RunLog()
    events, log.offset = service.read_events(hurt.run)
    log.add(settings, events)
    log.phase(settings)
    time_left(log, settings, 1.0, [1.0] * len(settings.phases))
    if facts.usable(log.story):
        facts.of_run(log.story)


def _network(hurt: Hurt) -> None:
    network, classes = results.tuned_network(hurt.folder)
    if hurt.parts[-1] in ("events.jsonl", "settings.json"):
        return  # they say what the network is, and have no checksum
    equal = living.same(network.model.state_dict(), hurt.lived.tuned[hurt.run])
    if classes != ("blue", "green", "red") or not equal:
        raise Wrong("a damaged file changed the network in silence")


def _epochs(hurt: Hurt) -> None:
    network = start_network(hurt.lived.settings, 3)
    for epoch in snapshots.epochs(hurt.folder):
        snapshots.put(hurt.folder, network, epoch)
        if not living.same(network.model.state_dict(), hurt.lived.heads[hurt.run].get(epoch, {})):
            raise Wrong("a damaged file changed the weights of an epoch in silence")


def _resume(hurt: Hurt) -> None:
    folder = hurt.home / "runs" / HALF
    if hurt.parts[-1] == "settings.json" and records.settings_of(folder) != hurt.lived.settings:
        return  # other settings, as good as any: training with them would take too long
    _command("resume", str(folder), "--json")
    network, _ = results.tuned_network(folder)
    if not living.same(network.model.state_dict(), hurt.lived.finished):
        raise Wrong("a run went on after a damage and came to another end")


def _predict(hurt: Hurt) -> None:
    _command("predict", "--run", str(hurt.folder), str(hurt.lived.picture))


def _command(*words: str) -> None:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as err:
        code = cli.main(list(words))
    if code == 2:
        raise FtError(err.getvalue().strip().splitlines()[-1])
    if code:
        raise Wrong(f"{words[0]} ended with {code}")


def _delete(hurt: Hurt) -> None:
    records.delete(records.folder_of(hurt.run))
    if hurt.folder.exists():
        raise Wrong("a deleted run is still there")


def _images(hurt: Hurt) -> None:
    images = load_images(hurt.lived.settings)
    if (images.train.digest, images.val.digest, images.test.digest) != hurt.lived.digests:
        raise Wrong("the images are others")


def _features(hurt: Hurt) -> None:
    settings = hurt.lived.settings
    images, network = load_images(settings), start_network(settings, 3)
    splits, device = {"train": images.train}, torch.device("cpu")
    preprocess = backbones.preprocess(settings.backbone)
    surgery.freeze(network, ["head"])
    list(features.make(network, {"head": ["train"]}, splits, preprocess, device))
    rows, live = (
        features.source(network, "head", images.train, preprocess, device, keep=keep).batch(torch.arange(3))
        for keep in (True, False)
    )
    if not torch.allclose(rows, live, atol=1e-5):
        raise Wrong("kept features differ from live ones")


def _estimate(hurt: Hurt) -> None:
    if not 0 < estimate.of_run(hurt.lived.settings).seconds < math.inf:
        raise Wrong("the expected time is no time")


def _learner(hurt: Hurt) -> None:
    questions, pile = quiz.load().questions, cards.load()[0]
    learner = learners.load(OWNER)
    rounds.current(learner, [question.id for question in questions])
    rounds.progress(learner, questions)
    rounds.pick("wrong", questions, learner)
    for card in [*cards.due(pile, learner.cards), *pile[:1]]:
        if schedule := learner.cards.get(card.id):
            cards.seconds_until(schedule)
    with learners.changing(OWNER) as changed:
        changed.streak = 17
        changed.cards[pile[0].id] = cards.rate(changed.cards.get(pile[0].id), "good")
        if round_ := rounds.current(changed, [question.id for question in questions]):
            rounds.answer(changed, round_.ids[-1], 0, False)
            rounds.go_on(changed)
    if learners.load(OWNER).cards.keys() < {pile[0].id}:
        raise Wrong("a learner's record was not kept")


Entry = Callable[[Hurt], None]
_RUN: tuple[Entry, ...] = (_history, _history, _waiting, _status, _look, _look, _delete)
_WEIGHTS: tuple[Entry, ...] = (_network, _epochs, _resume, _predict)
_ALL: tuple[Entry, ...] = (*_RUN, *_WEIGHTS, _images, _features, _estimate, _learner)


def _entries(parts: tuple[str, ...]) -> tuple[Entry, ...]:
    """The entry points that read such a file."""
    if parts[0] == "runs":
        is_weights = parts[-1].endswith((".pt", ".safetensors"))
        return _WEIGHTS if is_weights else (*_RUN, *_RUN, *_WEIGHTS)
    kinds: dict[str, tuple[Entry, ...]] = {
        "data": (_images, _images, _features, _resume),
        "features": (_features, _features, _resume),
        "machine.json": (_estimate, _look, _resume),
        "learners": (_learner,),
    }
    return kinds.get(parts[0], _ALL)


def setup(room: Room) -> Maker:
    """A home lived in, of which each case damages a copy."""
    lived = living.live(room)
    kinds = _kinds(lived.template)
    service.manager()  # its spare worker starts now, not in a case

    def make(rng: random.Random) -> Attempt:
        if room.home != lived.template:
            damage.emptied(room.home).rmdir()
        parts = rng.choice(kinds[rng.choice(sorted(kinds))])
        home = room.move(f"home-{rng.getrandbits(32):08x}")
        shutil.copytree(lived.template, home)
        how = damage.spoil(rng, home.joinpath(*parts))
        run = parts[1] if parts[0] == "runs" else rng.choice((DONE, HALF))
        entry = rng.choice(_entries(parts) if rng.random() < 0.9 else _ALL)
        return functools.partial(_tried, Hurt(lived, home, parts, how, run), entry)

    return make


def _kinds(home: Path) -> dict[str, list[tuple[str, ...]]]:
    """The files by what they are, as parts of their paths; the names of derived ones are digests, so by size."""
    kinds: dict[str, list[tuple[str, ...]]] = {}
    for file in sorted((p for p in home.rglob("*") if p.is_file()), key=lambda p: (p.stat().st_size, str(p))):
        parts = file.relative_to(home).parts
        kind = file.name if parts[0] in ("runs", "data") and file.suffix != ".pt" else file.suffix
        kinds.setdefault(f"{parts[0]} {kind}", []).append(parts)
    return kinds


def _tried(hurt: Hurt, entry: Entry) -> None:
    try:
        entry(hurt)
    except FtError as error:
        if hurt.derived and hurt.how in SOFT:
            raise Wrong(f"{entry.__name__} refused because of {'/'.join(hurt.parts)}") from error
        raise
    except Exception as error:
        error.add_note(f"{entry.__name__} met {'/'.join(hurt.parts)}, {hurt.how}")
        raise
