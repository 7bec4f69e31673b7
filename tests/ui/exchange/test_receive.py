"""Files that come in pieces: what is taken, what is refused and in which words, what lies on the disk meanwhile."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import namedtuple
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from ftcore.files import ROOT
from ui.exchange import place, receive

MB = 2**20


class Sender:
    """A browser that sends to one place."""

    def __init__(self, folder: Path, most_bytes: int = 100 * MB, most_files: int = 100, base: str = "") -> None:
        self.folder, self.path = folder, f"{base}/{receive.PATH}"
        self.ticket = receive.open_place(folder, most_bytes, most_files)
        self.client = TestClient(Starlette(routes=receive.routes()))

    def ask(self, method: str, body: bytes = b"", **said: object) -> tuple[int, dict[str, Any]]:
        heads = {f"x-thaw-{name}": str(value) for name, value in {"ticket": self.ticket, **said}.items()}
        answer = self.client.request(method, self.path, content=body, headers=heads)
        return answer.status_code, answer.json()

    def send(self, number: int, name: str, size: int, offset: int, body: bytes) -> tuple[int, dict[str, Any]]:
        return self.ask("POST", body, number=number, name=quote(name, safe=""), size=size, offset=offset)

    def lies(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())


@pytest.fixture
def sender(tmp_path: Path) -> Iterator[Sender]:
    yield Sender(tmp_path / "in")
    receive.close_place(tmp_path / "in")


def test_a_file_in_pieces_is_seen_once_it_is_whole(sender: Sender) -> None:
    assert sender.send(0, "ants/1.jpg", 10, 0, b"abcdef") == (200, {"offset": 6})
    assert sender.lies() == ["0.part"]
    assert sender.send(0, "ants/1.jpg", 10, 6, b"ghij") == (200, {"offset": 10})
    assert sender.lies() == ["0.data", "0.json"]
    assert (sender.folder / "0.data").read_bytes() == b"abcdefghij"
    assert json.loads((sender.folder / "0.json").read_bytes()) == {"name": "ants/1.jpg", "size": 10}


def test_an_empty_file_is_whole_at_once(sender: Sender) -> None:
    assert sender.send(3, "empty", 0, 0, b"") == (200, {"offset": 0}) == sender.send(3, "empty", 0, 0, b"")
    assert sender.lies() == ["3.data", "3.json"]


def test_a_piece_that_comes_again_changes_nothing(sender: Sender) -> None:
    for _ in range(2):
        assert sender.send(0, "a", 6, 0, b"abc") == (200, {"offset": 3})
    for _ in range(2):
        assert sender.send(0, "a", 6, 3, b"def") == (200, {"offset": 6})
    assert sender.send(0, "a", 6, 0, b"abc") == (200, {"offset": 6})
    assert (sender.folder / "0.data").read_bytes() == b"abcdef"


@pytest.mark.parametrize("offset", [1, 4])
def test_after_a_gap_the_wanted_offset_is_told(sender: Sender, offset: int) -> None:
    sender.send(0, "a", 9, 0, b"abc")
    status, told = sender.send(0, "a", 9, offset, b"defg")
    assert (status, told["offset"]) == (409, 3)
    assert sender.send(1, "b", 9, 3, b"def")[1]["offset"] == 0, "its beginning is not there"
    assert sender.lies() == ["0.part"]


@pytest.mark.parametrize("name", ["../../x", "/etc/passwd", "a\0b", "CON", "..", "übung/猫 🐜.jpg", "<b>", "x" * 1000])
def test_a_name_is_text_and_no_path(sender: Sender, name: str) -> None:
    assert sender.send(0, name, 1, 0, b"x")[0] == 200
    assert json.loads((sender.folder / "0.json").read_bytes())["name"] == name
    assert sender.lies() == ["0.data", "0.json"]
    assert {path.name for path in sender.folder.parent.iterdir()} <= {"in", "home", "torch"}


@pytest.mark.parametrize("said", [{"name": ""}, {"name": "x" * 2000}, {"name": "%ff"}, {"number": "-1"}, {"number": "1.5"}, {"size": "x"}, {"offset": ""}, {"number": 2**53}, {"number": "9" * 5000}])  # fmt: skip
def test_what_is_no_head_is_refused_in_a_sentence(sender: Sender, said: dict[str, object]) -> None:
    status, told = sender.ask("POST", b"x", **{"number": 0, "name": "a", "size": 1, "offset": 0, **said})
    assert status == 400
    assert told["error"].endswith(".")
    assert sender.lies() == []


def test_more_than_was_declared_is_refused(sender: Sender) -> None:
    assert sender.send(0, "a", 3, 0, b"abcd")[0] == 400
    assert sender.send(0, "a", 3, 0, b"")[0] == 400
    assert sender.send(0, "b", 3, 0, b"abc")[0] == 400, "the number has another name"
    assert sender.send(0, "a", 3, 0, b"abc")[0] == 200


def test_a_piece_is_no_larger_than_four_megabytes(sender: Sender) -> None:
    assert sender.send(0, "a", 9 * MB, 0, bytes(4 * MB)) == (200, {"offset": 4 * MB})
    assert sender.send(0, "a", 9 * MB, 4 * MB, bytes(4 * MB + 1))[0] == 413
    heads = {"x-thaw-ticket": sender.ticket, "x-thaw-number": "0", "x-thaw-name": "a", "x-thaw-offset": "0"}
    grown = (bytes(MB) for _ in range(5))  # no length is declared
    answer = sender.client.post(sender.path, content=grown, headers={**heads, "x-thaw-size": str(9 * MB)})
    assert answer.status_code == 413
    assert (sender.folder / "0.part").stat().st_size == 4 * MB


def test_limits_hold_before_anything_is_written(tmp_path: Path) -> None:
    sender = Sender(tmp_path / "in", most_bytes=10, most_files=2)
    assert sender.ask("PUT", files=3, bytes=3) == (
        413,
        {"error": "There is room for 2 more of at most 2 files: send fewer."},
    )
    assert sender.ask("PUT", files=1, bytes=11)[0] == 413
    assert sender.send(0, "a", 11, 0, b"x")[0] == 413
    assert sender.lies() == []
    assert sender.ask("PUT", files=2, bytes=10) == (200, {"first": 0})
    assert sender.send(0, "a", 8, 0, b"x")[0] == 200
    told = sender.send(1, "b", 3, 0, b"xyz")
    assert told == (413, {"error": "These are 3 bytes, and 2 bytes of 10 bytes are left: send fewer or smaller files."})
    assert sender.send(1, "b", 2, 0, b"xy")[0] == 200
    assert sender.send(2, "c", 0, 0, b"")[0] == 413
    assert receive.room(sender.ticket) == (0, 0)


def test_what_was_taken_out_of_the_folder_leaves_room(tmp_path: Path) -> None:
    sender = Sender(tmp_path / "in", most_bytes=10, most_files=1)
    sender.send(0, "a", 8, 0, b"abcdefgh")
    assert receive.room(sender.ticket) == (2, 0)
    for name in sender.lies():
        (sender.folder / name).unlink()
    assert receive.room(sender.ticket) == (10, 1)
    assert sender.ask("PUT", files=1, bytes=9) == (200, {"first": 1}), "no number comes again"
    assert sender.send(0, "a", 8, 0, b"abcdefgh") == (200, {"offset": 8}), "nor is a file that was taken out"
    assert sender.lies() == []


def test_the_disk_keeps_some_room(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(place.shutil, "disk_usage", lambda _: usage(0, 0, place.SPARE + 5))
    status, told = sender.ask("PUT", files=1, bytes=6)
    assert (status, sender.lies()) == (507, [])
    assert told["error"].startswith("These are 6 bytes, and 5 bytes are free on the server's disk: free some space")
    assert sender.send(0, "a", 5, 0, b"abc")[0] == 200
    assert sender.send(1, "b", 4, 0, b"abcd")[0] == 507, "two more bytes of the first are still to come"
    assert receive.room(sender.ticket).bytes == 3


FULL = """
import resource, signal, sys
from pathlib import Path
from tests.ui.exchange.test_receive import Sender
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (10, resource.RLIM_INFINITY))
sender = Sender(Path(sys.argv[1]))
first, second = sender.send(0, "a", 20, 0, b"12345678"), sender.send(0, "a", 20, 8, b"90123456")
left = sender.lies()
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(first, second, left, sender.send(0, "a", 20, 8, b"x")[1]["offset"], sender.send(0, "a", 20, 0, bytes(20))[0])
"""


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FULL, str(tmp_path / "in")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    said = "The disk is full: free some space on it, then try again."
    assert done.stdout.strip() == f"(200, {{'offset': 8}}) (507, {{'error': '{said}'}}) [] 0 200"


def test_an_unknown_ticket_and_a_closed_place(sender: Sender) -> None:
    sender.send(0, "a", 9, 0, b"abc")
    receive.close_place(sender.folder)
    assert sender.lies() == []
    status, told = sender.send(0, "a", 9, 3, b"def")
    assert status == 404
    assert "reload" in told["error"]
    assert sender.ask("DELETE")[0] == sender.ask("PUT", files=1, bytes=1)[0] == 404


def test_a_folder_has_one_ticket(tmp_path: Path) -> None:
    one = receive.open_place(tmp_path / "in", 10, 1)
    assert len(one) == 32
    assert receive.open_place(tmp_path / "x" / ".." / "in", 20, 2) != one, "only the same path is the same folder"
    assert receive.open_place(tmp_path / "in", 20, 2) == one
    assert receive.room(one) == (20, 2)


def test_cancelling_removes_what_is_unfinished_and_takes_no_more_of_it(sender: Sender) -> None:
    assert sender.ask("PUT", files=2, bytes=20) == (200, {"first": 0})
    assert sender.ask("PUT", files=1, bytes=20) == (200, {"first": 2})
    sender.send(0, "a", 1, 0, b"x")
    sender.send(1, "b", 9, 0, b"x")
    sender.send(2, "c", 9, 0, b"x")
    assert sender.ask("DELETE", number=0, files=2) == (200, {})
    assert sender.lies() == ["0.data", "0.json", "2.part"]
    assert [sender.send(1, "b", 9, offset, b"x")[0] for offset in (0, 1)] == [410, 410]
    assert sender.ask("DELETE") == (200, {})
    assert sender.lies() == ["0.data", "0.json"]
    assert sender.ask("PUT", files=1, bytes=1) == (200, {"first": 3})


def test_what_an_earlier_server_left_unfinished_goes_and_its_numbers_do_not_come_again(tmp_path: Path) -> None:
    sender = Sender(tmp_path / "in")
    sender.send(0, "a", 3, 0, b"abc")
    sender.send(5, "b", 3, 0, b"a")
    (tmp_path / "in").rename(tmp_path / "later")
    later = Sender(tmp_path / "later", most_bytes=100)
    assert later.lies() == ["0.data", "0.json"]
    assert receive.room(later.ticket) == (97, 99)
    assert later.ask("PUT", files=1, bytes=1) == (200, {"first": 1})
    assert later.send(0, "other", 3, 0, b"xyz")[0] == 400


def test_two_files_at_once_and_the_same_piece_from_many_sides(sender: Sender) -> None:
    body, start = bytes(range(256)) * 4096, threading.Barrier(8)

    def send(at: int) -> int:
        start.wait()
        return sender.send(at % 2, f"{at % 2}", 2 * MB, 0, body)[1]["offset"]

    with ThreadPoolExecutor(8) as many:
        assert list(many.map(send, range(8))) == [MB] * 8
        ends = many.map(lambda at: sender.send(at % 2, f"{at % 2}", 2 * MB, MB, body), range(8))
        assert [end[1]["offset"] for end in ends] == [2 * MB] * 8
    assert sender.lies() == ["0.data", "0.json", "1.data", "1.json"]
    assert (sender.folder / "0.data").read_bytes() == body * 2


@pytest.mark.parametrize("base", ["", "/class/thaw"])
def test_it_answers_in_any_folder_and_lends_nothing_to_foreign_pages(tmp_path: Path, base: str) -> None:
    sender = Sender(tmp_path / "in", base=base)
    assert sender.send(0, "a", 1, 0, b"x")[0] == 200
    asked = {"origin": "https://elsewhere.example", "access-control-request-method": "POST"}
    answer = sender.client.options(sender.path, headers=asked)
    assert answer.status_code == 405
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert sender.client.get(sender.path).status_code == 405
