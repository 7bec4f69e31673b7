"""Weights of timm: in Hugging Face's cache, put there by hand, fetched from a hub that stands in for the real one."""

from __future__ import annotations

import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import timm
import torch
from huggingface_hub import constants
from safetensors.torch import save, save_file
from torch import Tensor

from ftcore.errors import FtError
from ftcore.network import backbones, hub
from ftcore.settings import RunSettings
from ftcore.training.start import start_network

TINY = "vit_tiny_patch16_224"
LABELLESS = "vit_small_patch14_dinov2"


def published(name: str) -> dict[str, Tensor]:
    """What lies on the hub for an entry, with numbers of our own: timm's network at the size that it learned at."""
    torch.manual_seed(7)
    entry = backbones.entry(name)
    return timm.create_model(entry.arch, num_classes=len(backbones.old_classes(name))).state_dict()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for Hugging Face's files, and a hub that does not answer: a closed port of this machine."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    at(monkeypatch, "http://127.0.0.1:9")
    return tmp_path / "hub"


def at(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """Look for the hub at this address."""
    monkeypatch.setattr(constants, "ENDPOINT", address)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", address + "/{repo_id}/resolve/{revision}/{filename}")


def by_hand(name: str, state: dict[str, Tensor]) -> Path:
    """The file where the sentence says that one may be put."""
    file = backbones.checkpoints() / f"{backbones.entry(name).arch}.safetensors"
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file(state, file)
    return file


def test_a_file_put_there_by_hand_is_timms_network(cache: Path) -> None:
    state = published(TINY)
    file = by_hand(TINY, state)
    assert (backbones.weights_state(TINY).place, backbones.weights_state(TINY).file) == ("found", file)
    network = backbones.load(TINY)
    model = timm.create_model(backbones.entry(TINY).arch).eval()
    model.load_state_dict(state)
    x = torch.randn(1, 3, 224, 224)
    with torch.no_grad():
        assert torch.equal(network.run(x), model(x))
    assert not network.model.training
    assert all(p.requires_grad for p in network.model.parameters())


def test_a_network_without_classes_takes_its_features_to_another_size(cache: Path) -> None:
    """As timm itself resamples where its patches lie; the head has no outputs until it gets new ones."""
    state = published(LABELLESS)
    assert state["pos_embed"].shape[1] == 1 + 37**2
    by_hand(LABELLESS, state)
    network = backbones.load(LABELLESS)
    theirs = timm.create_model(
        backbones.entry(LABELLESS).arch, num_classes=0, img_size=224, pretrained=True,
        pretrained_cfg_overlay={"state_dict": state},
    ).eval()  # fmt: skip
    x = torch.randn(1, 3, 224, 224)
    with torch.no_grad():
        assert torch.equal(network.run(x, stop="head"), theirs(x))
        assert network.run(x).shape == (1, 0)
    assert backbones.old_classes(LABELLESS) == ()
    tuned = start_network(RunSettings(backbone=LABELLESS), 5)
    with torch.no_grad():
        assert tuned.run(x).shape == (1, 5)
        assert torch.equal(tuned.run(x, stop="head"), theirs(x))


@pytest.mark.parametrize("damage", ["cut short", "another network", "not finite", "an entry less"])
def test_a_file_that_does_not_fit_is_one_sentence(cache: Path, damage: str) -> None:
    state = published(TINY)
    if damage == "another network":
        state = timm.create_model("lcnet_050").state_dict()
    elif damage == "not finite":
        state["norm.weight"][3] = torch.nan
    elif damage == "an entry less":
        del state["blocks.3.norm1.bias"]
    file = by_hand(TINY, state)
    if damage == "cut short":
        file.write_bytes(file.read_bytes()[:-1000])
    with pytest.raises(FtError, match=r"cannot be used .*delete it and try again") as caught:
        backbones.load(TINY)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_offline_the_sentence_names_file_and_folder(cache: Path) -> None:
    state = backbones.weights_state(TINY)
    assert state.place == "missing"
    with pytest.raises(FtError) as caught:
        backbones.load(TINY)
    for part in (
        f"{backbones.entry(TINY).arch}.safetensors",
        str(backbones.checkpoints()),
        "22 MB",
        "could not be downloaded",
    ):
        assert part in str(caught.value)
        assert part in state.sentence or part.startswith("could")
    assert "\n" not in str(caught.value)


@pytest.fixture
def standing_in(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[bytes]:
    """A hub on this machine that has the weights of one network, which are given back."""
    data = save(published(TINY))
    name = hashlib.sha256(data).hexdigest()

    class Hub(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.answer()

        def do_GET(self) -> None:
            self.answer()
            if self.path.endswith(hub.FILE):
                self.wfile.write(data)

        def answer(self) -> None:
            known = self.path.endswith(f"{backbones.libraries.hub_name(backbones.entry(TINY))}/resolve/main/{hub.FILE}")
            known = known or self.path.endswith(f"/resolve/{'a' * 40}/{hub.FILE}")
            self.send_response(200 if known else 404)
            self.send_header("Content-Length", str(len(data) if known else 0))
            self.send_header("ETag", f'"{name}"')
            self.send_header("X-Repo-Commit", "a" * 40)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    at(monkeypatch, f"http://127.0.0.1:{server.server_address[1]}")
    yield data
    server.shutdown()
    server.server_close()


def test_weights_are_fetched_once_with_progress(cache: Path, standing_in: bytes) -> None:
    told: list[tuple[int, int]] = []
    network = backbones.load(TINY, lambda done, total: told.append((done, total)))
    assert told[-1] == (len(standing_in), len(standing_in))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    state = backbones.weights_state(TINY)
    assert state.place == "found"
    assert cache in state.file.parents, "in Hugging Face's own cache, where timm itself would look"
    wanted = published(TINY)
    assert all(torch.equal(tensor, wanted[key]) for key, tensor in network.model.state_dict().items())
    told.clear()
    backbones.load(TINY, lambda done, total: told.append((done, total)))
    assert told == []


def test_what_the_hub_has_not_is_one_sentence(standing_in: bytes) -> None:
    with pytest.raises(FtError, match=r"could not be downloaded .*connect this machine") as caught:
        backbones.load("convnextv2_atto")
    assert "\n" not in str(caught.value)
