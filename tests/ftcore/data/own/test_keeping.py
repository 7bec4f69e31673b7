"""A set belongs to one learner, goes for good with all that was made of it, and expires."""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path

import pytest
import torch

from ftcore.data import sets
from ftcore.data.own import budget, keeping, plans, steps
from ftcore.errors import FtError
from ftcore.network import backbones
from ftcore.preprocess import Preprocess
from ftcore.settings import RunSettings
from ftcore.training import features
from ftcore.training.start import start_network
from tests.ftcore.data.own.brought import ADAM, EVE, inside, two_classes, with_pictures


def test_nobody_finds_the_set_of_another(home: Path) -> None:
    one = with_pictures(two_classes(3))
    assert keeping.find(one.id, EVE).name == "Garden"
    assert [kept.id for kept in keeping.every(EVE)] == [one.id]
    assert keeping.every(ADAM) == []
    for owner in (ADAM, "", EVE[:-1]):
        with pytest.raises(FtError, match="no such set of yours"):
            keeping.find(one.id, owner)
    for name in ("0" * 32, "../" + one.id, one.id.upper(), "", ".", one.id + "\n"):
        with pytest.raises(FtError, match="no such set of yours"):
            keeping.find(name, EVE)


def test_deleted_it_is_gone_with_all_that_was_made_of_it(home: Path) -> None:
    one, other = with_pictures(two_classes(4)), with_pictures(two_classes(4), ADAM)
    made = {}
    for kept in (one, other):
        data = plans.data_of(kept, steps.standing(kept))
        settings = RunSettings(data=data)
        preprocess = backbones.preprocess(settings.backbone)
        images = sets.load(data, preprocess)
        network = start_network(settings, 2)
        wanted = {"head": ("train",)}
        [*features.make(network, wanted, {"train": images.train}, preprocess, torch.device("cpu"))]
        made[kept.id] = data
    mine = {path for path in inside(home) if one.id in path}
    assert {path.split("/")[0] for path in mine} == {"data", "features", "sets"}
    keeping.delete(one.id, EVE)
    left = inside(home)
    assert not {path for path in left if one.id in path}
    assert {path.split("/")[0] for path in left if other.id in path} == {"data", "features", "sets"}
    with pytest.raises(FtError, match="since it was deleted"):
        sets.load(made[one.id], TINY := backbones.preprocess(RunSettings().backbone))
    assert len(sets.load(made[other.id], TINY).train)
    with pytest.raises(FtError, match="no such set of yours"):
        keeping.delete(one.id, EVE)


def test_what_nobody_uses_expires_and_what_is_used_does_not(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = with_pictures(two_classes(3)), with_pictures(two_classes(3))
    data = plans.data_of(old, steps.standing(old))
    month = time.time() - (budget.DAYS + 1) * 86400
    keeping._write(dataclasses.replace(keeping.find(old.id, EVE), used=month))
    sets.summary(data)
    budget.sweep()
    assert keeping.read(old.id) is not None, "a run has just looked at it"
    keeping._write(dataclasses.replace(keeping.find(old.id, EVE), used=month))
    monkeypatch.setenv("THAW_SET_DAYS", "0")
    budget.sweep()
    assert keeping.read(old.id) is not None
    monkeypatch.delenv("THAW_SET_DAYS")
    budget.sweep()
    assert keeping.read(old.id) is None
    assert keeping.read(new.id) is not None


@pytest.mark.parametrize("said", ["", "{", "[]", '{"owner": 3}', json.dumps({"steps": 4})])
def test_a_damaged_record_is_no_set_and_takes_no_list_away(home: Path, said: str) -> None:
    one, other = with_pictures(two_classes(3)), with_pictures(two_classes(3))
    (one.folder / "set.json").write_text(said)
    assert [kept.id for kept in keeping.every(EVE)] == [other.id]
    with pytest.raises(FtError, match="no such set of yours"):
        keeping.find(one.id, EVE)


def test_a_damaged_list_of_pictures_is_a_sentence(home: Path) -> None:
    one = with_pictures(two_classes(3))
    (one.folder / "pictures.jsonl").write_bytes(b'{"name": 1}\n')
    with pytest.raises(FtError, match="list of pictures of this set is damaged"):
        keeping.pictures(one)


def test_names_are_kept_on_one_line(home: Path) -> None:
    assert keeping.new(EVE, "  a\n b\u202e ").name == "a b?"
    assert keeping.new(EVE, " ").name == "My pictures"
    assert len(keeping.new(EVE, "x" * 500).name) == keeping.LETTERS


def test_room_is_what_is_left_of_the_learner_s_and_the_server_s(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = keeping.bytes_of(with_pictures(two_classes(3)))
    monkeypatch.setenv("THAW_SETS_GB", "0.001")
    mine, theirs = budget.room(EVE), budget.room(ADAM)
    assert (mine.why, theirs.why) == ("learner", "learner")
    assert theirs.left - mine.left == held
    monkeypatch.setenv("THAW_ALL_SETS_GB", "0.0005")
    assert budget.room(ADAM).why == "server"
    assert budget.room(ADAM).left == int(0.0005 * 2**30) - held
    monkeypatch.setenv("THAW_SETS_GB", "0")
    monkeypatch.setenv("THAW_ALL_SETS_GB", "0")
    assert budget.room(EVE).why == "disk"


def test_bytes_are_counted_anew_once_something_is_added_or_replaced(home: Path) -> None:
    one = with_pictures(two_classes(3))
    for name, size in (("previews/x.jpg", 1000), ("more.json", 500), ("incoming/1.data", 250), ("incoming/1.data", 90)):
        path = one.folder / name
        path.parent.mkdir(exist_ok=True)
        held = keeping.bytes_of(one, arriving=False), keeping.bytes_of(one)
        before = path.stat().st_size if path.exists() else 0
        path.write_bytes(b"x" * size)
        grown = 0 if name.startswith("incoming") else size
        assert (keeping.bytes_of(one, arriving=False), keeping.bytes_of(one)) == (
            held[0] + grown,
            held[1] + size - before,
        )
    assert keeping.bytes_of(one) == sum(path.stat().st_size for path in one.folder.rglob("*") if path.is_file())


def test_a_record_that_was_written_anew_is_read_anew(home: Path) -> None:
    one = keeping.new(EVE, "First")
    assert [kept.name for kept in keeping.every(EVE)] == ["First"]
    with keeping.changing(one.id, EVE) as opened:
        opened.put(name="Other")
    assert [kept.name for kept in keeping.every(EVE)] == ["Other"]
    (one.folder / "set.json").write_text("{")
    assert keeping.every(EVE) == []


def test_the_time_to_make_pictures_ready_is_known_until_they_are(home: Path) -> None:
    one = with_pictures(two_classes(20))
    data = plans.data_of(one, steps.standing(one, keeping.pictures(one)))
    side = Preprocess(32, 32, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    assert sets.to_draw(data, side) == 40
    assert 0 < sets.reading_seconds(data, side) < 60
    sets.load(data, side)
    assert sets.to_draw(data, side) == 0
    keeping.delete(one.id, EVE)
    assert sets.to_draw(data, side) == 0
