"""What a trained network says about picture files: which files are meant, and class chances for them in batches.

Knows nothing about training or how answers are printed.
"""

from __future__ import annotations

import functools
import itertools
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ftcore.analysis.trace import softmax
from ftcore.data import pictures, reading
from ftcore.data.kinds import READABLE
from ftcore.data.listings import is_litter
from ftcore.data.pictures import ENDINGS, PictureError
from ftcore.data.splits import in_name_order
from ftcore.errors import FtError
from ftcore.names import shown
from ftcore.network import backbones, pixels
from ftcore.network.blocks import Network
from ftcore.preprocess import Preprocess

_PHOTOS = ("CR2", "CR3", "JPEG XL", "JPEG 2000", "PSD", "SVG")


@dataclass(frozen=True)
class Answer:
    """The chances (0..1, summing to 1) of the classes for one picture, in the network's order; or what is `wrong`."""

    path: Path
    chances: tuple[float, ...] = ()
    wrong: str = ""


def files(given: Path) -> tuple[list[Path], list[Path]]:
    """The pictures meant by a path and the files passed over: a file means itself, a folder all pictures below it.

    Folders are read in name order. A folder that cannot be read or holds no picture raises `FtError`.
    """
    if not given.is_dir():
        return [given], []
    pictures = [given / name for name in in_name_order(_below(given))]
    here = [path for path in pictures if _is_picture(path)]
    if not here:
        raise FtError(f"There are no pictures in '{shown(str(given))}': name a folder that holds some.")
    return here, [path for path in pictures if path not in set(here)]


def _below(folder: Path) -> Iterator[str]:
    def refuse(error: OSError) -> None:
        name = shown(str(error.filename))
        raise FtError(f"The folder '{name}' cannot be read ({error.strerror}): check it.") from error

    seen: set[tuple[int, int]] = set()
    for place, folders, names in os.walk(folder, followlinks=True, onerror=refuse):
        info = os.stat(place)
        if (info.st_dev, info.st_ino) in seen:  # a link back to where it was already
            folders.clear()
            continue
        seen.add((info.st_dev, info.st_ino))
        folders[:] = sorted(name for name in folders if not is_litter([name]))
        yield from (os.path.relpath(os.path.join(place, name), folder) for name in names if not is_litter([name]))


def _is_picture(path: Path) -> bool:
    """By its ending, or by its first bytes; a photo of a kind that cannot be read counts, so that it is told of."""
    if path.suffix.casefold() in ENDINGS or not path.is_file():
        return path.suffix.casefold() in ENDINGS
    try:
        with path.open("rb") as file:
            return pictures.kind_of(file.read(64)) in (*READABLE, *_PHOTOS)
    except OSError:
        return False


def answers(network: Network, paths: Sequence[Path]) -> Iterator[Answer]:
    """An answer for each path in order. Few pictures are in memory at a time, however many there are."""
    preprocess = backbones.preprocess(network.backbone)
    made = reading.in_threads(functools.partial(_row, preprocess=preprocess), paths)
    rows = ((path, waiting.result()) for path, waiting in made)
    while part := list(itertools.islice(rows, pixels.batch_size(preprocess))):
        good = [row for _, row in part if not isinstance(row, str)]
        chances = iter(_chances(network, good, preprocess))
        for path, row in part:
            yield Answer(path, wrong=row) if isinstance(row, str) else Answer(path, tuple(next(chances)))


def _row(path: Path, preprocess: Preprocess) -> np.ndarray | str:
    """The picture as the network sees it, or the sentence that says why not."""
    try:
        return pictures.prepare(pictures.read_picture(path, str(path)), preprocess, str(path))
    except PictureError as error:
        return str(error)


def _chances(network: Network, rows: Sequence[np.ndarray], preprocess: Preprocess) -> Iterable[list[float]]:
    if not rows:
        return []
    with torch.no_grad():
        logits = network.run(pixels.pixels(np.stack(rows), preprocess, torch.device("cpu")))
    chances: list[list[float]] = softmax(logits).tolist()
    return chances
