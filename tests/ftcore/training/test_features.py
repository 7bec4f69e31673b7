"""Kept activations: equal to live ones, and never stale, damaged or in the way."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from ftcore import store
from ftcore.data.prepared import Split
from ftcore.data.sets import ImageSet
from ftcore.events import CacheProgress, CacheSkipped
from ftcore.network import backbones, pixels
from ftcore.network.blocks import Network
from ftcore.preprocess import Preprocess
from ftcore.training import features

SHIPPED = "resnet18-tinyimagenet64"
CPU = torch.device("cpu")
PREPROCESS = backbones.preprocess(SHIPPED)
Images = Callable[[Preprocess], ImageSet]


@pytest.fixture
def network() -> Network:
    return backbones.load(SHIPPED)


@pytest.fixture
def splits(images: Images) -> dict[str, Split]:
    found = images(PREPROCESS)
    return {"train": found.train, "val": found.val, "test": found.test}


def fill(
    network: Network, splits: dict[str, Split], wanted: dict[str, list[str]]
) -> list[CacheProgress | CacheSkipped]:
    return list(features.make(network, wanted, splits, PREPROCESS, CPU))


def kept(network: Network, boundary: str, split: Split) -> features.Source:
    return features.source(network, boundary, split, PREPROCESS, CPU)


def files(home: Path) -> list[Path]:
    return sorted((home / "features").iterdir())


@pytest.mark.parametrize("boundary", ["layer1.0", "layer4.0", "pool", "head"])
def test_kept_equals_live(boundary: str, network: Network, splits: dict[str, Split]) -> None:
    fill(network, splits, {boundary: ["train"]})
    cached = kept(network, boundary, splits["train"])
    live = features.source(network, boundary, splits["train"], PREPROCESS, CPU, keep=False)
    assert cached.kept is not None
    assert live.kept is None
    for index in (torch.arange(24), torch.tensor([23, 0, 7, 7])):
        torch.testing.assert_close(cached.batch(index), live.batch(index), rtol=1e-5, atol=1e-5)
        assert cached.batch(index).shape == live.batch(index).shape


def test_input_is_scaled_as_the_weights_want_it() -> None:
    image = np.zeros((1, 64, 64, 3), np.uint8)
    image[..., 1] = 255
    x = pixels.pixels(image, PREPROCESS, CPU)
    assert x.shape == (1, 3, 64, 64)
    expected = [(0 - 0.485) / 0.229, (1 - 0.456) / 0.224, (0 - 0.406) / 0.225]
    torch.testing.assert_close(x[0, :, 5, 9], torch.tensor(expected))
    assert image.max() == 255


def test_one_pass_fills_several_boundaries(
    home: Path, network: Network, splits: dict[str, Split], monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[tuple[str, int]] = []
    real = Network.step
    monkeypatch.setattr(Network, "step", lambda n, b, x: steps.append((b.name, len(x))) or real(n, b, x))
    said = fill(network, splits, {"layer4.0": ["train", "val"], "head": ["train", "val", "test"]})
    assert len(files(home)) == 5
    assert sum(count for name, count in steps if name == "layer2.0" and count > 1) == 24 + 6 + 6
    assert sum(count for name, count in steps if name == "layer4.1" and count > 1) == 24 + 6 + 6
    assert isinstance(said[-1], CacheProgress)
    assert (said[-1].done, said[-1].total, said[-1].from_disk) == (36, 36, False)


def test_second_time_comes_from_disk(home: Path, network: Network, splits: dict[str, Split]) -> None:
    fill(network, splits, {"head": ["train"]})
    before = [(f, f.read_bytes()) for f in files(home)]
    assert fill(network, splits, {"head": ["train"]}) == [CacheProgress(0, 0, 0.0, from_disk=True)]
    assert [(f, f.read_bytes()) for f in files(home)] == before


def test_first_block_and_unwanted_cache_keep_nothing(home: Path, network: Network, splits: dict[str, Split]) -> None:
    assert fill(network, splits, {"stem": ["train"]}) == [CacheProgress(0, 0, 0.0, from_disk=True)]
    list(features.make(network, {"head": ["train"]}, splits, PREPROCESS, CPU, keep=False))
    assert not (home / "features").exists() or files(home) == []
    live = kept(network, "stem", splits["val"])
    torch.testing.assert_close(live.batch(torch.tensor([2])), pixels.pixels(splits["val"].images[2:3], PREPROCESS, CPU))


def damage_each_part(data: bytes) -> dict[str, bytes]:
    def flipped(place: int) -> bytes:
        changed = bytearray(data)
        changed[place] ^= 1
        return bytes(changed)

    flips = {f"byte {place}": flipped(place) for place in (*range(0, 128, 3), 200, len(data) // 2, -5, -4, -1)}
    cuts = {f"cut to {size}": data[:size] for size in (0, 1, 3, 4, 5, 100, 128, len(data) - 1)}
    return flips | cuts | {"longer": data + b"\0" * 4, "other": b"PK\3\4" + data, "text": b"\x80\x04N."}


def test_any_damage_is_noticed_and_mended(home: Path, network: Network, splits: dict[str, Split]) -> None:
    fill(network, splits, {"head": ["val"]})
    (file,) = files(home)
    whole = file.read_bytes()
    expected = kept(network, "head", splits["val"]).batch(torch.arange(6))
    for what, data in damage_each_part(whole).items():
        file.write_bytes(data)
        assert kept(network, "head", splits["val"]).kept is None, what
        assert not file.exists(), what
    file.write_bytes(whole[:-40])
    assert len(fill(network, splits, {"head": ["val"]})) == 2
    assert torch.equal(kept(network, "head", splits["val"]).batch(torch.arange(6)), expected)


def test_key_holds_all_that_activations_depend_on(network: Network, splits: dict[str, Split]) -> None:
    def key(boundary: str = "layer4.0", split: str = "val", preprocess: Preprocess = PREPROCESS) -> str:
        return features.key(network, boundary, preprocess, splits[split], CPU)

    first = key()
    others = {first, key("layer4.1"), key(split="train"), key(preprocess=dataclasses.replace(PREPROCESS, resize=70))}
    for name in ("layer3.1.conv2.weight", "stem", "layer1.0.bn1.running_mean"):
        state = network.model.state_dict()
        state["bn1.running_var" if name == "stem" else name].view(-1)[0] += 1e-3
        others.add(key())
    assert len(others) == 7
    network.model.state_dict()["layer4.0.conv1.weight"].view(-1)[0] += 1
    assert key() in others
    changed = dataclasses.replace(splits["val"], digest="0" * 64)
    assert features.key(network, "layer4.0", PREPROCESS, changed, CPU) not in others


def test_changed_prefix_gives_fresh_activations(network: Network, splits: dict[str, Split]) -> None:
    fill(network, splits, {"head": ["val"]})
    network.model.state_dict()["layer4.1.bn2.bias"].add_(1)
    assert kept(network, "head", splits["val"]).kept is None
    fill(network, splits, {"head": ["val"]})
    live = features.source(network, "head", splits["val"], PREPROCESS, CPU, keep=False)
    torch.testing.assert_close(kept(network, "head", splits["val"]).batch(torch.arange(6)), live.batch(torch.arange(6)))


def test_too_large_is_skipped_with_its_size(
    network: Network, splits: dict[str, Split], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = sum(split.images.nbytes for split in splits.values())
    monkeypatch.setenv(
        "THAW_CACHE_GB", str((given + 60_000) / 2**30)
    )  # train at the head is 24 * 512 * 4 = 49,152 bytes
    said = fill(network, splits, {"head": ["train", "val"], "layer4.0": ["val"]})
    assert [event.boundary for event in said if isinstance(event, CacheSkipped)] == ["layer4.0", "head"]
    assert [f.stat().st_size for f in files(home)] == [128 + 24 * 512 * 4 + 4]
    assert kept(network, "layer4.0", splits["val"]).kept is None
    assert kept(network, "layer4.0", splits["val"]).batch(torch.arange(6)).shape == (6, 256, 4, 4)


def test_prune_takes_what_was_used_longest_ago_of_both_kinds(
    home: Path, network: Network, splits: dict[str, Split]
) -> None:
    for age, name in ((300, "train"), (200, "val"), (100, "test")):
        fill(network, splits, {"head": [name]})
        newest = max(files(home), key=lambda f: f.stat().st_mtime)
        os.utime(newest, (time.time() - age,) * 2)
    for age, meta in enumerate(sorted((home / "data").glob("*/meta.json"))):
        os.utime(meta, (time.time() - 400 + age,) * 2)
    assert kept(network, "head", splits["train"]).kept is not None  # used just now
    size = max(f.stat().st_size for f in files(home))
    store.prune(size + 20_000)
    left = [name for name, split in splits.items() if kept(network, "head", split).kept is not None]
    assert left == ["train", "test"]
    assert list((home / "data").iterdir()) == []
    store.prune(0)
    assert files(home) == []


def test_prune_clears_what_killed_runs_left(home: Path) -> None:
    (home / "features").mkdir(parents=True)
    old, new = home / "features" / "a.npy.1.part", home / "features" / "b.npy.2.part"
    for file in (old, new):
        file.write_bytes(b"x")
    os.utime(old, (1, 1))
    store.prune(10)
    assert files(home) == [new]


def test_stopping_in_the_middle_leaves_nothing(home: Path, network: Network, splits: dict[str, Split]) -> None:
    going = features.make(network, {"head": ["train"]}, splits, PREPROCESS, CPU)
    next(going)
    next(going)
    assert [f.suffix for f in files(home)] == [".part"]
    going.close()
    assert files(home) == []


FULL = """
import resource, sys
import torch
from ftcore.data import sets
from ftcore.files import home
from ftcore.network import backbones
from ftcore.training import features
p = backbones.preprocess("resnet18-tinyimagenet64")
train = sets.load(sys.argv[1], p).train
network = backbones.load("resnet18-tinyimagenet64")
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
try:
    list(features.make(network, {"layer1.0": ["train"], "head": ["train"]}, {"train": train}, p, torch.device("cpu")))
except OSError as error:
    print(error.errno, sorted(f.name for f in (home() / "features").iterdir()))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on file size")
@pytest.mark.parametrize("limit", [1_000, 1_000_000])
def test_full_disk_leaves_nothing(limit: int, noise: Path) -> None:
    command = [sys.executable, "-c", FULL, str(noise), str(limit)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "27 []\n"
