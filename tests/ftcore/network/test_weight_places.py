"""Weights from every place they can come from: shipped, in torch's cache, or downloaded."""

from __future__ import annotations

import dataclasses
import hashlib
import http.server
import io
import pickle
import shutil
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torchvision import models

from ftcore.errors import FtError
from ftcore.network import backbones, libraries, weights
from tests.ftcore.network.built import SHIPPED, network

Put = Callable[[str, object], Path]


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """All requests go to a proxy that is not there: a closed port of this machine."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(urllib.request, "_opener", None)  # made once per process, with the proxies of that moment


@pytest.fixture
def put(monkeypatch: pytest.MonkeyPatch) -> Put:
    """`put(name, state)`: a weights file where torch would keep it, as if it were the published one."""

    def made(name: str, state: object) -> Path:
        data, published = io.BytesIO(), libraries.published(backbones.entry(name))
        torch.save(state, data)
        url = f"https://nowhere/{name}-{hashlib.sha256(data.getvalue()).hexdigest()[:8]}.pth"
        monkeypatch.setattr(libraries, "published", lambda _: dataclasses.replace(published, url=url))
        file = backbones.weights_state(name).file
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data.getvalue())
        return file

    return made


def test_shipped_weights_are_those_of_the_file() -> None:
    loaded = backbones.load(SHIPPED)
    file = load_file(backbones.weights_state(SHIPPED).file)
    assert backbones.weights_state(SHIPPED).place == "shipped"
    assert loaded.model.state_dict().keys() == file.keys()
    for key, tensor in loaded.model.state_dict().items():
        assert torch.equal(tensor, file[key].to(tensor.dtype))
        assert tensor.dtype == (torch.int64 if key.endswith("tracked") else torch.float32)
    assert not loaded.model.training
    assert all(p.requires_grad for p in loaded.model.parameters())


def test_shipped_weights_work_in_a_plain_torchvision_model() -> None:
    model = models.resnet18(num_classes=200).eval()
    model.load_state_dict(backbones.load(SHIPPED).model.state_dict())
    x = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(model(x), backbones.load(SHIPPED).run(x))


def test_changed_shipped_file_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(backbones.SHIPPED, tmp_path / "weights")
    monkeypatch.setattr(backbones, "SHIPPED", tmp_path / "weights")
    file = backbones.weights_state(SHIPPED).file
    data = bytearray(file.read_bytes())
    data[-1000] ^= 1
    file.write_bytes(data)
    with pytest.raises(FtError, match="sha256 is not the expected one"):
        backbones.load(SHIPPED)
    file.unlink()
    with pytest.raises(FtError, match="restore it from the repository"):
        backbones.load(SHIPPED)


@pytest.mark.parametrize("name", ["resnet50", "mobilenet_v3_small", "convnext_tiny"])
def test_file_in_torchs_cache_is_used(name: str, offline: None, put: Put) -> None:
    wanted = network(name).model.state_dict()
    file = put(name, wanted)
    assert backbones.weights_state(name).place == "found"
    assert str(file) in backbones.weights_state(name).sentence
    loaded = backbones.load(name).model.state_dict()
    assert all(torch.equal(loaded[key], wanted[key]) for key in wanted)


def test_old_file_without_step_counters_is_used(offline: None, put: Put) -> None:
    wanted = network("resnet18").model.state_dict()
    put("resnet18", {key: t for key, t in wanted.items() if not key.endswith("num_batches_tracked")})
    loaded = backbones.load("resnet18").model.state_dict()
    assert loaded.keys() == wanted.keys()
    assert loaded["bn1.num_batches_tracked"] == 0


def test_half_precision_file_becomes_float32(offline: None, put: Put) -> None:
    put(
        "mobilenet_v3_small",
        {
            k: t.half() if t.is_floating_point() else t
            for k, t in network("mobilenet_v3_small").model.state_dict().items()
        },
    )
    assert {p.dtype for p in backbones.load("mobilenet_v3_small").model.parameters()} == {torch.float32}


def test_offline_the_sentence_names_file_and_folder(offline: None) -> None:
    state = backbones.weights_state("resnet50")
    assert state.place == "missing"
    with pytest.raises(FtError) as caught:
        backbones.load("resnet50")
    for part in ("resnet50-11ad3fa6.pth", str(backbones.checkpoints()), "98 MB"):
        assert part in str(caught.value)
    assert list(backbones.checkpoints().iterdir()) == []


class Malice:
    """Pickles to a call that would leave a mark."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return open, (str(self.mark), "w")


def test_code_in_a_weights_file_does_not_run(tmp_path: Path, put: Put) -> None:
    mark = tmp_path / "mark"
    file = put("resnet18", {"conv1.weight": Malice(mark)})
    with pytest.raises(FtError, match="delete it and try again") as caught:
        backbones.load("resnet18")
    assert not mark.exists()
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)
    file.write_bytes(pickle.dumps(Malice(mark)))
    with pytest.raises(FtError):
        backbones.load("resnet18")
    assert not mark.exists()


@pytest.mark.parametrize("left", [0, 10, 3_000_000])
def test_truncated_file_is_refused(left: int, put: Put) -> None:
    file = put("mobilenet_v3_small", network("mobilenet_v3_small").model.state_dict())
    file.write_bytes(file.read_bytes()[:left])
    with pytest.raises(FtError, match="sha256 is not the expected one"):
        backbones.load("mobilenet_v3_small")


@pytest.mark.parametrize(
    "state", [[1, 2], {"a": 1}, {"a": torch.zeros(1)}, {}], ids=["list", "number", "other", "none"]
)
def test_file_of_something_else_is_refused(state: object, put: Put) -> None:
    put("resnet18", state)
    with pytest.raises(FtError, match="cannot be used"):
        backbones.load("resnet18")


def test_file_of_another_shape_is_refused(put: Put) -> None:
    put("resnet18", backbones.build("resnet18", 10).model.state_dict())
    with pytest.raises(FtError, match=r"'fc\.(bias|weight)' does not fit"):
        backbones.load("resnet18")


class Handler(http.server.BaseHTTPRequestHandler):
    """/whole/... sends everything, /cut/... breaks off in the middle, anything else is not there."""

    data = bytes(range(256)) * 10_000

    def do_GET(self) -> None:
        if not self.path.startswith(("/whole/", "/cut/")):
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.data)))
        self.end_headers()
        self.wfile.write(self.data[: len(self.data) // (2 if "/cut/" in self.path else 1)])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(urllib.request, "_opener", None)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def test_download_tells_progress_and_arrives(server: str, tmp_path: Path) -> None:
    file = tmp_path / "deep" / f"net-{hashlib.sha256(Handler.data).hexdigest()[:8]}.pth"
    said: list[tuple[int, int]] = []
    weights.download(f"{server}/whole/x.pth", file, "advice", lambda done, total: said.append((done, total)))
    assert file.read_bytes() == Handler.data
    assert said[-1] == (2_560_000, 2_560_000)
    assert [done for done, _ in said] == sorted(done for done, _ in said)
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize(("way", "reason"), [("whole", "damaged"), ("cut", "damaged"), ("gone", "Not Found")])
def test_failed_download_leaves_nothing(server: str, tmp_path: Path, way: str, reason: str) -> None:
    right = hashlib.sha256(Handler.data).hexdigest()[:8]
    file = tmp_path / "deep" / f"net-{'00000000' if way == 'whole' else right}.pth"
    with pytest.raises(FtError, match=f"{reason}.*: put it there"):
        weights.download(f"{server}/{way}/x.pth", file, "put it there")
    assert list(file.parent.iterdir()) == []
