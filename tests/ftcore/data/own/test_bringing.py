"""Pictures come into a set whole or not at all, whatever is sent, and nothing of it leaves the set's folder."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ftcore.data.own import bringing, budget, example, jobs, keeping, steps
from ftcore.data.own.bringing import Brought, Source
from ftcore.data.own.keeping import OwnSet
from ftcore.errors import FtError
from ftcore.files import ROOT
from tests.ftcore.data.own.brought import (
    ADAM,
    EVE,
    bring,
    inside,
    photo,
    send,
    two_classes,
    wait,
    with_pictures,
    zip_of,
)


def names(one: OwnSet) -> list[str]:
    return [kept.name for kept in keeping.pictures(one)]


def test_a_zip_of_class_folders_is_taken_in(home: Path) -> None:
    pictures = two_classes()
    one = with_pictures(pictures)
    assert one.trouble == ""
    assert sorted(names(one)) == sorted(pictures)
    for number, kept in enumerate(keeping.pictures(one)):
        assert keeping.file_of(one, kept).read_bytes() == pictures[kept.name]
        assert keeping.preview_of(one, number).is_file()
        assert kept.label == kept.name.partition("/")[0]
    assert not (one.folder / "incoming").exists()


def test_a_folder_that_was_dropped_and_files_of_a_class_join_it(home: Path) -> None:
    one = bring(keeping.new(EVE, ""), two_classes(3))
    one = bring(one, {"ants/9.png": photo(9), "../../bees/7.png": photo(8)}, label="wasps")
    assert one.trouble == ""
    assert names(one)[-2:] == ["wasps/9.png", "wasps/7.png"]
    assert steps.standing(one).classes == ("ants", "bees", "wasps")


def test_the_same_name_twice_is_told_apart(home: Path) -> None:
    one = keeping.new(EVE, "")
    for seed in range(3):
        one = bring(one, {"IMG_1.png": photo(seed)}, label="ants")
    assert names(one) == ["ants/IMG_1.png", "ants/IMG_1 (2).png", "ants/IMG_1 (3).png"]


def test_what_cannot_be_read_is_named_and_not_kept(home: Path) -> None:
    one = with_pictures({**two_classes(3), "ants/cut.png": photo(5)[:80], "bees/raw.psd": b"8BPS" + bytes(50)})
    (found,) = (one for one in steps.standing(one).findings if one.kind == "unreadable")
    assert sorted(group[0].partition(" ")[0] for group in found.groups) == ["ants/cut.png", "bees/raw.psd"]
    assert len(inside(one.folder / "pictures")) == len(inside(one.folder / "previews")) == 6


HOSTILE = {
    "no zip": ({"x.zip": b"PK\x03\x04" + bytes(40)}, "damaged or incomplete zip"),
    "outside": ({"x.zip": zip_of({"../../out.png": photo(1), "a/1.png": photo(2)})}, "a place outside itself"),
    "no class": ({"1.png": photo(1), "2.png": photo(2)}, "name a class for them"),
    "no picture": ({"notes.txt": b"hello"}, "There are no images here"),
    "nothing": ({"ants/1.png": b""}, None),
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_cannot_be_taken_in_is_one_sentence_and_leaves_nothing(home: Path, kind: str) -> None:
    sent, said = HOSTILE[kind]
    one = with_pictures(two_classes(3))
    before, home_before = inside(one.folder), inside(home)
    one = bring(one, sent)
    if said is None:
        assert keeping.pictures(one)[-1].look.wrong
        return
    assert said in one.trouble
    assert inside(one.folder) == before
    assert inside(home) == home_before
    assert bring(one, two_classes(1, start=50)).trouble == "", "and the next ones come in"


def test_strange_names_are_text_and_never_a_path(home: Path) -> None:
    odd = ["ants/<b>x</b>.png", "ants/CON.png", "ants/" + "n" * 240 + ".png", "bees/\u202egnp.exe.png", "bees/ü.png"]
    one = with_pictures({name: photo(at) for at, name in enumerate(odd)})
    assert one.trouble == ""
    assert {path[:6] for path in inside(one.folder / "pictures")} == {f"{at:06d}" for at in range(len(odd))}
    assert all("\u202e" not in name and len(name) <= 210 for name in names(one))


def test_called_off_nothing_of_it_is_left_over(home: Path) -> None:
    one = with_pictures(two_classes(3))
    before = inside(one.folder)
    reached, go = threading.Event(), threading.Event()

    def slow(pictures: dict[str, bytes]) -> Source:
        def read(data: bytes) -> bytes:
            reached.set()
            go.wait(60)
            return data

        return Source(
            [Brought(name, "ants", "", bringing.Stored(len(data), lambda data=data: read(data)))  # type: ignore[misc]
             for name, data in pictures.items()]
        )  # fmt: skip

    source, ended = slow(two_classes(6, start=70)), []

    def work() -> None:
        try:
            bringing.bring(one, source, budget.room(EVE), lambda *_: None, reached.is_set)
        except bringing.Cancelled as error:
            ended.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    assert reached.wait(60)
    go.set()
    thread.join(60)
    assert len(ended) == 1
    assert inside(one.folder) == before


def test_cancel_takes_what_was_sent_away(home: Path) -> None:
    one = keeping.new(EVE, "")
    send(one, two_classes(2))
    jobs.begin(one)
    jobs.cancel(one)
    assert jobs.look(one) is None
    assert not (one.folder / "incoming").exists()


def test_what_a_killed_server_left_is_taken_in_by_the_next(home: Path) -> None:
    one = keeping.new(EVE, "")
    send(one, {"garden.zip": zip_of(two_classes(3))})
    (one.folder / "incoming" / "order.json").write_text(json.dumps({"label": "", "folder": ""}))
    (one.folder / "pictures" / "000002.png").write_bytes(b"half")
    (one.folder / "previews" / "000004.jpg").write_bytes(b"half")
    one = wait(one)
    assert len(names(one)) == 6
    assert {path for path in inside(one.folder / "pictures")} == {f"{at:06d}.png" for at in range(6)}


def test_two_learners_do_not_share_a_turn(home: Path) -> None:
    sets = [keeping.new(owner, "") for owner in (EVE, ADAM)]
    for one, start in zip(sets, itertools.count(0, 5000), strict=False):
        send(one, two_classes(4, start))
        jobs.begin(one)
    done = [wait(one) for one in sets]
    assert [(one.trouble, len(names(one))) for one in done] == [("", 8), ("", 8)]


def test_more_than_the_budget_is_refused_before_anything_is_written(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THAW_SETS_GB", "0.00002")
    big = {f"{kind}/{at}.png": photo(at, (300, 300)) for kind in ("a", "b") for at in range(4)}
    one = bring(keeping.new(EVE, ""), {"big.zip": zip_of(big)})
    assert "are left: delete sets you no longer need" in one.trouble
    assert inside(one.folder) == {"set.json"}
    room = budget.room(EVE)
    assert room.why == "learner"
    assert 0 < room.left < 0.00002 * 2**30


def test_a_full_disk_is_a_sentence_and_the_set_is_as_it_was(home: Path) -> None:
    one = with_pictures(two_classes(2))
    before = inside(one.folder)
    send(one, {"ants/huge.png": photo(3, (900, 900))})
    code = (
        "import resource, signal, sys\n"
        "from ftcore.data.own import jobs, keeping\n"
        "one = keeping.find(sys.argv[1], sys.argv[2])\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))\n"
        "jobs.begin(one, 'ants')\n"
        "jobs._going[one.id].over.wait(60)\n"
        "print(keeping.find(one.id, one.owner).trouble)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, one.id, EVE], capture_output=True, text=True, timeout=300, cwd=ROOT, check=True
    )
    assert "make room" in done.stdout
    assert inside(one.folder) == before


def test_a_folder_is_read_where_it_is_and_never_written_to(home: Path, tmp_path: Path) -> None:
    for name, data in two_classes(3).items():
        (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "photos" / name).write_bytes(data)
    before = {name: (tmp_path / "photos" / name).stat().st_mtime_ns for name in inside(tmp_path / "photos")}
    one = keeping.new(EVE, "")
    jobs.begin(one, folder=str(tmp_path / "photos"))
    one = wait(one)
    assert (one.trouble, one.source, len(names(one))) == ("", str(tmp_path / "photos"), 6)
    assert inside(one.folder / "pictures") == set()
    (tmp_path / "photos/ants/new.png").write_bytes(photo(77))
    jobs.begin(one, folder=one.source)
    one = wait(one)
    assert names(one)[-1] == "ants/new.png"
    assert len(names(one)) == 7
    assert before == {n: (tmp_path / "photos" / n).stat().st_mtime_ns for n in before}


def test_the_example_has_one_of_each_kind_of_trouble(home: Path) -> None:
    one = bring(keeping.new(EVE, ""), {"thaw-example.zip": example.made()})
    kinds = {found.kind for found in steps.standing(one).findings}
    assert kinds == {"unreadable", "two classes", "twice", "small"}


def test_nobody_brings_more_pictures_than_a_set_may_hold(home: Path) -> None:
    one = keeping.new(EVE, "")
    source = Source([Brought(f"a/{at}.png", "a", "", None) for at in range(3)])
    with pytest.raises(FtError, match="holds 2 pictures at most"):
        bringing.bring(one, source, budget.Room(10**9, 10**9, "learner", 2), lambda *_: None, lambda: False)
