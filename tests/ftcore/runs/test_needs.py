"""What a run has to download first: known from the disk, asked of the net once and briefly, refused before queueing."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from ftcore.data import downloads
from ftcore.errors import FtError
from ftcore.network import backbones
from ftcore.runs import needs, records, service
from ftcore.runs.manager import Manager
from ftcore.settings import Phase, RunSettings

FAR = RunSettings(backbone="resnet50", data="cifar10", phases=(Phase(),))
NEAR = RunSettings(phases=(Phase(),))


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody answers."""
    monkeypatch.setattr(needs, "_trouble", lambda source: "Name or service not known")


def test_what_is_not_here_is_named_with_what_is_built_in() -> None:
    assert needs.of(NEAR) == ()
    found = {need.setting: need for need in needs.of(FAR)}
    assert found["backbone"].what == "the weights of ResNet-50 (98 MB)"
    assert found["data"].what == "the pictures of CIFAR-10 (170 MB)"
    near = RunSettings(**{name: need.instead for name, need in found.items()})
    assert needs.of(near) == ()


def test_what_lies_here_is_not_needed() -> None:
    state = backbones.weights_state("resnet50")
    state.file.parent.mkdir(parents=True)
    state.file.touch()
    downloads.place().mkdir(parents=True)
    (downloads.place() / "cifar-10-python.tar.gz").touch()
    assert needs.of(FAR) == ()


def test_random_weights_need_no_file() -> None:
    assert needs.of(RunSettings(backbone="resnet50", weights="random")) == ()


@pytest.mark.usefixtures("offline")
def test_a_run_that_cannot_be_had_is_refused_before_it_is_queued(waiting: Manager) -> None:
    with pytest.raises(needs.OutOfReach, match="or take what is built in, ResNet-18, 64 px and Sketchbook") as caught:
        waiting.submit(FAR, "me")
    assert "Errno" not in str(caught.value)
    assert [need.setting for need in caught.value.needs] == ["backbone", "data"]
    assert service.history("me") == []
    assert waiting.status(waiting.submit(NEAR, "me")).state == "queued"


@pytest.mark.usefixtures("offline")
def test_a_failed_run_is_not_queued_again_either(waiting: Manager) -> None:
    folder = records.new(FAR, "me")
    records.set_state(folder, "failed", "no net")
    with pytest.raises(needs.OutOfReach):
        waiting.resume(folder.name, "me")
    assert waiting.status(folder.name).state == "failed"


@pytest.mark.parametrize("answers", [True, False])
def test_who_answers_lets_a_run_begin(answers: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(needs, "_trouble", lambda source: "" if answers or "pytorch" in source else "no way there")
    if answers:
        needs.check(FAR)
    else:
        with pytest.raises(needs.OutOfReach, match=r"pictures of CIFAR-10 .*\(www.cs.toronto.edu: no way there\)"):
            needs.check(FAR)


def test_nobody_waits_long_for_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(needs, "PATIENCE", 0.2)
    monkeypatch.setattr(needs, "_trouble", lambda source: str(time.sleep(30)))
    begun = time.monotonic()
    with pytest.raises(needs.OutOfReach, match="no answer"):
        needs.check(FAR)
    assert time.monotonic() - begun < 5


class _Answer(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.send_response(int(self.path[1:]))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server that answers with the number in the path."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with HTTPServer(("127.0.0.1", 0), _Answer) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{made.server_port}"
        made.shutdown()


def test_any_answer_is_one_but_that_of_a_proxy_before_nothing(server: str) -> None:
    assert [needs._trouble(f"{server}/{code}") for code in (200, 403, 404)] == ["", "", ""]
    assert needs._trouble(f"{server}/502") == "Bad Gateway"


def test_a_closed_door_is_said_without_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert needs._trouble(f"http://127.0.0.1:{taken.getsockname()[1]}") == "Connection refused"


def test_a_page_never_fetches(home: Path) -> None:
    needs.require(NEAR)
    with pytest.raises(FtError, match="not on this machine yet: start a run"):
        needs.require(FAR)
