"""Sets that are fetched: without a network here, so with small stand-ins for torchvision's classes."""

from __future__ import annotations

import inspect
import urllib.request
from pathlib import Path
from typing import Any
from urllib.error import URLError

import numpy as np
import pytest
from PIL import Image

from ftcore.data import downloads, sets
from ftcore.errors import FtError
from ftcore.preprocess import Preprocess

TINY = Preprocess(8, 9, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
FETCHED = sorted(downloads.DOWNLOADS)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("THAW_HOME", str(tmp_path))

    def offline(*_: Any, **__: Any) -> None:
        raise URLError(OSError(-2, "Name or service not known"))

    monkeypatch.setattr(urllib.request, "urlopen", offline)
    return tmp_path


class Standin:
    """Like torchvision's `CIFAR10`: 20 training and 6 test pictures of three classes, made when told to download."""

    classes = ("x", "y", "z")
    fetches = 0

    def __init__(self, root: Path, train: bool = True, download: bool = False) -> None:
        made = Path(root) / "cifar-10-batches-py"
        if download:
            type(self).fetches += 1
            made.mkdir(parents=True)
        if not made.exists():
            raise RuntimeError("Dataset not found.")
        self.targets = [number % 3 for number in range(20 if train else 6)]

    def __getitem__(self, number: int) -> tuple[Image.Image, int]:
        return Image.new("L", (5, 5), number), self.targets[number]


@pytest.mark.parametrize("name", FETCHED)
def test_offline_says_what_to_put_where(name: str, home: Path) -> None:
    with pytest.raises(FtError, match=r"could not be fetched \(.*Name or service not known.*\): connect to") as error:
        sets.load(name, TINY)
    entry = downloads.DOWNLOADS[name]
    for archive in entry.archives:
        assert Path(archive).name in str(error.value)
    assert str((home / "downloads" / entry.archives[0]).parent) in str(error.value)
    assert not list((home / "downloads").rglob(".*"))


@pytest.mark.parametrize("name", FETCHED)
def test_summary_fetches_nothing(name: str, home: Path) -> None:
    summary = sets.summary(name)
    assert len(set(summary.classes)) == downloads.DOWNLOADS[name].class_count
    assert tuple(summary.counts.values()) == downloads.DOWNLOADS[name].counts
    assert sets.summary(name, train_per_class=2).counts["train"] == 2 * len(summary.classes)
    assert not (home / "downloads").exists()


@pytest.mark.parametrize("name", FETCHED)
def test_torchvision_still_knows_them(name: str) -> None:
    kind = downloads._kind(name)
    assert kind.__name__ == downloads.DOWNLOADS[name].kind
    assert tuple(getattr(kind, "classes", ())) in ((), downloads.class_names(name))
    assert downloads.DOWNLOADS[name].source in Path(inspect.getfile(kind)).read_text("utf-8")


def test_own_test_is_kept_and_a_tenth_of_train_is_val(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "_kind", lambda name: Standin)
    made = sets.load("cifar10", TINY)
    assert made.classes == ("x", "y", "z")
    assert [np.bincount(part.labels).tolist() for part in (made.train, made.val, made.test)] == [
        [6, 6, 5],
        [1] * 3,
        [2] * 3,
    ]
    assert sorted(made.test.images[:, 0, 0, 0].tolist()) == list(range(6))
    assert not set(made.train.names) & set(made.val.names)
    Standin.fetches = 0
    assert sets.load("cifar10", TINY).train.digest == made.train.digest
    assert sets.summary("cifar10").counts == {"train": 17, "val": 3, "test": 6}
    assert Standin.fetches == 0


def test_half_unpacked_files_are_made_anew(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    half = home / "downloads" / "cifar-10-batches-py"
    half.mkdir(parents=True)
    (half / "half").touch()
    downloads._mark("cifar10").touch()
    assert not downloads.is_here("cifar10")
    monkeypatch.setattr(downloads, "_kind", lambda name: Standin)
    sets.load("cifar10", TINY)
    assert downloads.is_here("cifar10")
    assert not (half / "half").exists()


def test_what_is_put_there_by_hand_is_used(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    (home / "downloads" / "cifar-10-batches-py").mkdir(parents=True)
    monkeypatch.setattr(downloads, "_kind", lambda name: Standin)
    Standin.fetches = 0
    assert len(sets.load("cifar10", TINY).test) == 6
    assert Standin.fetches == 0


def test_real_fashion_mnist_files(home: Path) -> None:
    raw = home / "downloads" / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    for part, count in (("train", 40), ("t10k", 20)):
        labels = np.arange(count, dtype=np.uint8) % 10
        pixels = np.repeat(labels, 784) * 20
        head = np.array([0x803, count, 28, 28], dtype=">i4")
        (raw / f"{part}-images-idx3-ubyte").write_bytes(head.tobytes() + pixels.tobytes())
        (raw / f"{part}-labels-idx1-ubyte").write_bytes(np.array([0x801, count], ">i4").tobytes() + labels.tobytes())
    made = sets.load("fashion_mnist", TINY)
    assert (len(made.train), len(made.val), len(made.test)) == (30, 10, 20)
    assert made.classes[9] == "Ankle boot"
    assert made.test.images[:, 3, 3, 1].tolist() == [label * 20 for label in range(10) for _ in range(2)]


def test_unpacked_files_that_are_wrong_are_unpacked_anew(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    class Damaged(Standin):
        def __init__(self, root: Path, train: bool = True, download: bool = False) -> None:
            super().__init__(root, train, download)
            if (Path(root) / "cifar-10-batches-py" / "bad").exists():
                raise EOFError

    monkeypatch.setattr(downloads, "_kind", lambda name: Damaged)
    bad = home / "downloads" / "cifar-10-batches-py" / "bad"
    bad.mkdir(parents=True)
    with pytest.raises(FtError, match=r"files of CIFAR-10 are damaged: delete .*cifar-10-batches-py and load again"):
        sets.load("cifar10", TINY)
    assert bad.exists()  # put there by hand: without the archive it cannot be had again
    (home / "downloads" / "cifar-10-python.tar.gz").write_bytes(b"x")
    assert len(sets.load("cifar10", TINY).test) == 6
    assert not bad.exists()
    assert downloads.is_here("cifar10")
