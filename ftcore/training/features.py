"""Activations at a frozen boundary, computed once and kept on disk.

Blocks before the boundary are frozen and in eval mode, so what comes out is a pure function of the image.
A kept file is named by everything it depends on, and ends with a checksum of its rows. This module knows nothing
about losses or epochs.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import shutil
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import torch
from torch import Tensor

from ftcore import files, store
from ftcore._torchvision import torchvision
from ftcore.data.prepared import Split
from ftcore.events import CacheProgress, CacheSkipped
from ftcore.files import home, whole
from ftcore.network import backbones
from ftcore.network.blocks import Network
from ftcore.network.pixels import FILL, batch_size, pixels
from ftcore.preprocess import Preprocess
from ftcore.training import augment
from ftcore.training.augment import PLAIN, View


@dataclass(frozen=True)
class Source:
    """What the tail of a network learns from: a batch of boundary activations for any image numbers.

    `kept` holds them all ([n, ...], mapped from disk); without it they are computed when asked for. They are those of
    one `view` of the images.
    """

    network: Network
    boundary: str
    split: Split
    preprocess: Preprocess
    device: torch.device
    kept: Tensor | None = None
    view: View = PLAIN

    def __len__(self) -> int:
        return len(self.split)

    def batch(self, index: Tensor) -> Tensor:
        """Activations [len(index), ...] at the boundary, without gradient, on the run's device."""
        if self.kept is not None:
            x = self.kept[index].to(self.device, non_blocking=True)
            return x.permute(0, 3, 1, 2) if x.ndim == 4 else x
        return self.through(self.pixels(index))

    def pixels(self, index: Tensor) -> Tensor:
        """The network's input [len(index), 3, side, side] for these images, as this view has them."""
        x = pixels(self.split.images[index.numpy()], self.preprocess, self.device)
        return augment.alter(x, index, self.view)

    def through(self, x: Tensor) -> Tensor:
        """What the blocks before the boundary make of such an input, without gradient."""
        with torch.no_grad():
            return self.network.run(x, stop=self.boundary)


def key(
    network: Network, boundary: str, preprocess: Preprocess, split: Split, device: torch.device, view: View = PLAIN
) -> str:
    """sha256 over all that the activations depend on: prefix weights, images, view, scaling, versions, device kind.

    What the split is kept under stands before it.
    """
    digest = hashlib.sha256()
    said = (boundary, network.backbone, repr(preprocess), split.digest, "float32", device.type)
    versions = torch.__version__, torchvision.__version__, *backbones.version(network.backbone)
    altered = (view.mark,) if view.mark else ()
    digest.update("|".join((*said, *versions, *altered)).encode())
    for name in network.names[: network.names.index(boundary)]:
        for label, tensor in network.tensors(name).items():
            digest.update(label.encode())
            digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return f"{split.kept_as}-{digest.hexdigest()}" if split.kept_as else digest.hexdigest()


def make(
    network: Network, wanted: Mapping[str, Sequence[str]], splits: dict[str, Split], preprocess: Preprocess,
    device: torch.device, *, views: Sequence[View] = (PLAIN,), keep: bool = True,
) -> Iterator[CacheProgress | CacheSkipped]:  # fmt: skip
    """Make sure that features are on disk: `wanted` names the splits for each boundary. One pass fills all.

    Of the split "train" they are those of all `views`, or of none of those that are missing where not all fit. The
    network's frozen prefix must be in eval mode. Boundaries at the first block need nothing kept.
    """
    jobs: list[tuple[Split, View, dict[str, Path]]] = []
    promised, given = 0, sum(images.images.nbytes for images in splits.values())  # the budget is for both
    for name, images in splits.items() if keep else ():
        missing: dict[View, dict[str, Path]] = {}
        for boundary in (b for b in network.names if name in wanted.get(b, ()) and b != network.names[0]):
            paths = {
                view: _path(key(network, boundary, preprocess, images, device, view))
                for view in (views if name == "train" else (PLAIN,))
            }
            lacking = {view: path for view, path in paths.items() if _load(path) is None}
            if lacking:
                size = _bytes(network, boundary, preprocess, device) * len(images) * len(lacking)
                room = min(store.budget() - given, shutil.disk_usage(_folder()).free // 2) - promised
                if size > room:
                    yield CacheSkipped(boundary, round(size / 2**30, 4), round(max(room, 0) / 2**30, 4))
                else:
                    promised += size
                    store.prune(store.budget() - promised, store.RECENT)
                    for view, path in lacking.items():
                        missing.setdefault(view, {})[boundary] = path
        jobs.extend((images, view, of_view) for view, of_view in missing.items())
    total, done, start = sum(len(images) for images, _, _ in jobs), 0, time.perf_counter()
    yield CacheProgress(done, total, 0.0, from_disk=not jobs)
    for images, view, of_view in jobs:
        for count in _fill(Source(network, network.names[0], images, preprocess, device, view=view), of_view):
            done += count
            yield CacheProgress(done, total, time.perf_counter() - start, from_disk=False)


def source(
    network: Network, boundary: str, split: Split, preprocess: Preprocess, device: torch.device, *,
    view: View = PLAIN, keep: bool = True,
) -> Source:  # fmt: skip
    """The source for one view of a split at a boundary: kept features if they are there and whole, else live ones."""
    features = None
    if keep and boundary != network.names[0]:
        features = _load(_path(key(network, boundary, preprocess, split, device, view)))
    return Source(network, boundary, split, preprocess, device, features, view)


def _drop(file: Path) -> None:
    with contextlib.suppress(OSError):  # mapped by another run on a system that forbids deleting open files
        file.unlink(missing_ok=True)


def _folder() -> Path:
    folder = home() / "features"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _path(digest: str) -> Path:
    return _folder() / f"{digest}.npy"


def _bytes(network: Network, boundary: str, preprocess: Preprocess, device: torch.device) -> int:
    with torch.no_grad():
        x = network.run(torch.zeros(1, 3, preprocess.side, preprocess.side, device=device), stop=boundary)
    return x.numel() * 4


def _load(path: Path) -> Tensor | None:
    """The kept array, mapped; None when it is missing or damaged, which its checksum tells."""
    return files.derived(lambda: _opened(path), damaged=lambda: _drop(path))


def _opened(path: Path) -> Tensor:
    data = np.memmap(path, np.uint8, mode="r")
    if zlib.crc32(data[:-4].data) != int.from_bytes(data[-4:].tobytes(), "little"):
        raise ValueError("damaged")
    array = np.lib.format.open_memmap(path, mode="c")
    os.utime(path)
    return torch.from_numpy(array)


class _Writer:
    """Appends rows to a file that is to be whole: header, rows, checksum over both."""

    def __init__(self, file: IO[bytes], count: int) -> None:
        self.file, self.count, self.crc, self.begun = file, count, 0, False

    def add(self, x: Tensor) -> None:
        """Rows [n, features] as they are, maps [n, channels, height, width] with channels last."""
        rows = (x.permute(0, 2, 3, 1) if x.ndim == 4 else x).contiguous().cpu().numpy()
        if not self.begun:
            header = io.BytesIO()
            shape = (self.count, *rows.shape[1:])
            np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": shape})
            self._write(header.getvalue())
            self.begun = True
        self._write(rows.tobytes())

    def _write(self, data: bytes) -> None:
        self.file.write(data)
        self.crc = zlib.crc32(data, self.crc)

    def end(self) -> None:
        """Add the checksum."""
        self.file.write(self.crc.to_bytes(4, "little"))


def _fill(images: Source, missing: dict[str, Path]) -> Iterator[int]:
    """One pass over the images, writing at every missing boundary on the way; yields images done at each step."""
    network = images.network
    last = max(network.names.index(b) for b in missing)
    size = batch_size(images.preprocess, FILL)  # early maps are large: more of them at once leave the processor's cache
    with ExitStack() as stack:
        writers = {b: _Writer(stack.enter_context(whole(path)), len(images)) for b, path in missing.items()}
        for part in torch.arange(len(images)).split(size):
            with torch.no_grad():
                x = images.pixels(part)
                for block in network.blocks[:last]:
                    if block.name in writers:
                        writers[block.name].add(x)
                    x = network.step(block, x)
                writers[network.names[last]].add(x)
            yield len(x)
        for writer in writers.values():
            writer.end()
