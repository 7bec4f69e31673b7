"""Lines that a log of a run cannot have: each is left out, and the rest of the run is read."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from ftcore import events
from ftcore.errors import FtError
from ftcore.runs import records, service
from ftcore.runs.manager import Manager
from tests.ftcore.runs.told import EPOCH, TOLD, whole_run

pytestmark = pytest.mark.usefixtures("waiting")

ODD: dict[str, Any] = {
    "no owner": {"event": "created", "time": 1.0},
    "owner a number": {"event": "created", "time": 1.0, "owner": 3},
    "time a text": {"event": "created", "time": "soon", "owner": "me"},
    "time not finite": {"event": "created", "time": float("inf"), "owner": "me"},
    "unknown state": {"event": "state", "state": "lost", "message": "", "time": 1.0},
    "state a list": {"event": "state", "state": ["done"], "message": "", "time": 1.0},
    "message none": {"event": "state", "state": "done", "message": None, "time": 1.0},
    "event a list": {"event": ["state"], "state": "done"},
    "a list": [1, 2],
    "a number": 3,
    "epoch a list": events.to_dict(EPOCH) | {"epoch": [1]},
    "epoch none": events.to_dict(EPOCH) | {"epoch": None},
    "epoch true": events.to_dict(EPOCH) | {"epoch": True},
    "epoch huge": events.to_dict(EPOCH) | {"epoch": 10**400},
    "epoch a fraction": events.to_dict(EPOCH) | {"epoch": 1.5},
    "drift a list": events.to_dict(EPOCH) | {"drift": []},
    "drift of texts": events.to_dict(EPOCH) | {"drift": {"head": "far"}},
    "accuracy of 9": events.to_dict(EPOCH) | {"val_accuracy": 9.0},
    "half an epoch": {"event": "epoch_end", "phase": 1, "epoch": 1},
    "classes a text": events.to_dict(TOLD[0]) | {"classes": "ab"},
}


@pytest.mark.parametrize("odd", ODD)
def test_odd_lines_are_left_out_wherever_they_stand(waiting: Manager, odd: str) -> None:
    folder = whole_run()
    before, said = service.read_events(folder.name)[0], waiting.status(folder.name)
    log = folder / "events.jsonl"
    line = json.dumps(ODD[odd]).encode() + b"\n"
    log.write_bytes(line + log.read_bytes() + line)
    (folder / "progress.json").write_bytes(line)
    assert service.read_events(folder.name)[0] == before[:-1]
    assert waiting.status(folder.name) == said
    assert [status.id for status in service.history("me")] == [folder.name]


def test_run_whose_first_line_is_lost_is_nobodys(waiting: Manager) -> None:
    folder = whole_run()
    lines = (folder / "events.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "events.jsonl").write_bytes(b"".join([b'{"event": "created", "time": 1.0}\n', *lines[1:]]))
    now = waiting.status(folder.name)
    assert (now.owner, now.state, now.created, now.epochs_done) == ("", "stopped", 0.0, 2)
    assert service.history("me") == service.history("") == []


@pytest.mark.parametrize("change", [{"phase": 3}, {"phase": 0}, {"epoch": 16}, {"epoch": 0}])
def test_events_that_the_run_cannot_have_are_left_out(change: dict[str, int]) -> None:
    folder = whole_run()
    before = service.read_events(folder.name)[0]
    for event in (EPOCH, TOLD[-1]):
        records.append(folder, dataclasses.replace(event, **change))
    assert service.read_events(folder.name)[0] == before[:-1]


@pytest.mark.parametrize(
    "deep", [b"[" * 100_000, b'{"event":' * 100_000, b'{"event": "created", "time": ' + b"9" * 5000]
)
def test_deep_and_long_lines(waiting: Manager, deep: bytes) -> None:
    folder = whole_run()
    for name in ("events.jsonl", "progress.json"):
        (folder / name).write_bytes(deep + b"\n")
    assert service.read_events(folder.name)[0] == []
    assert waiting.status(folder.name).state == "interrupted"
    (folder / "settings.json").write_bytes(deep)
    with pytest.raises(FtError):
        waiting.status(folder.name)
