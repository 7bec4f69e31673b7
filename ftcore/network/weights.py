"""Files of pretrained weights: read without running code from them, fetched with progress and a hash check.

This module knows nothing about which networks there are.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import http.client
import json
import re
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from ftcore.errors import FtError, why
from ftcore.files import FULL, whole
from ftcore.names import shown

Progress = Callable[[int, int], None]
CHUNK = 1 << 20
_NUMBERS = frozenset(
    (
        *(torch.float16, torch.bfloat16, torch.float32, torch.float64),
        *(torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64),
    )
)


def checkpoints() -> Path:
    """The folder where torch keeps downloaded weights, and where a file can be put by hand."""
    return Path(torch.hub.get_dir()) / "checkpoints"


def read(file: Path, wanted: Mapping[str, Tensor], sha256: str = "") -> dict[str, Tensor]:
    """The tensors of a .safetensors or .pth file, in the types of `wanted` and with exactly its keys and shapes.

    Old files lack BatchNorm's step counters, which stand at 0 then. Raises `FtError` for a file that is damaged,
    holds anything but finite plain tensors, or differs from its checksum: `sha256` (hex), the one in a file that
    `write` made, or the first digits in a published file's name, as in `resnet18-f37072fd.pth`.
    """
    with usable(file):
        state = tensors(file, sha256)
        for key in wanted:
            if key.endswith(".num_batches_tracked"):
                state.setdefault(key, torch.tensor(0))
        check(state, wanted)
        if left := sorted(map(str, set(wanted) - set(state))):
            raise ValueError(f"'{left[0]}' is missing")
        return {key: state[key].to(tensor.dtype) for key, tensor in wanted.items()}


@contextlib.contextmanager
def usable(file: Path) -> Iterator[None]:
    """Within this, what is wrong with a file of weights becomes an `FtError` that names it."""
    try:
        yield
    except (OSError, ValueError, SafetensorError) as error:
        raise FtError(f"The weights file {file} cannot be used ({why(error)}): delete it and try again.") from error


def tensors(file: Path, sha256: str = "") -> dict[str, Tensor]:
    """What is in a .safetensors or .pth file, plain tensors alone. Raises `ValueError`, `OSError` or safetensors' own."""
    expected = sha256 or _named(file)
    if expected and not _digest(file).startswith(expected):
        raise ValueError("its sha256 is not the expected one")
    if file.suffix == ".safetensors":
        _check_sum(file)
    state = dict(load_file(file) if file.suffix == ".safetensors" else _unpickled(file))
    if odd := [key for key, tensor in state.items() if not _plain(tensor)]:
        raise ValueError(f"'{shown(str(odd[0]), 80)}' does not fit the network")
    return state


def check(state: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> None:
    """Raise `ValueError`, naming the entry, unless every entry is a finite plain tensor that fits its namesake."""
    for key, tensor in state.items():
        if key not in wanted or not _plain(tensor) or tensor.shape != wanted[key].shape:
            raise ValueError(f"'{shown(str(key), 80)}' does not fit the network")
        if tensor.is_floating_point() != wanted[key].is_floating_point():
            raise ValueError(f"'{key}' is of another type than the network's")
        if not bool(torch.isfinite(tensor).all()):
            raise ValueError(f"'{key}' holds values that are no numbers")


def _plain(tensor: object) -> bool:
    return (
        isinstance(tensor, Tensor)
        and tensor.layout == torch.strided
        and tensor.dtype in _NUMBERS
        and not (tensor.is_meta or tensor.is_nested)
    )


def _named(file: Path) -> str:
    """The first digits of the sha256 that the name of a published file carries; empty without."""
    match = re.fullmatch(r".+-([0-9a-f]{8,})\.pth", file.name)
    return match[1] if match else ""


def _digest(file: Path) -> str:
    stat = file.stat()
    return _digest_once(file, stat.st_size, stat.st_mtime_ns, stat.st_ino)


@functools.lru_cache(maxsize=64)
def _digest_once(file: Path, *_state: int) -> str:
    """The sha256 of a file, read again only when the file has changed."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def write(file: Path, state: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """A .safetensors file whose bytes depend on nothing but these tensors and texts, with a checksum among the texts."""
    data = memoryview(save(dict(state)))
    start = 8 + int.from_bytes(data[:8], "little")
    header = {"__metadata__": dict(metadata), **json.loads(bytes(data[8:start]))}
    header["__metadata__"]["sha256"] = _sum(header, hashlib.sha256(data[start:]))
    head = json.dumps(header).encode()
    head += b" " * (-len(head) % 8)
    with whole(file) as target:
        target.write(len(head).to_bytes(8, "little") + head)
        target.write(data[start:])


def metadata(file: Path) -> dict[str, str]:
    """The texts of a .safetensors file. Raises `OSError` or `ValueError`."""
    return dict(_parted(file)[0].get("__metadata__", {}))


def _parted(file: Path) -> tuple[dict[str, Any], int]:
    """The header of a .safetensors file, and where its tensors begin."""
    with file.open("rb") as opened:
        size = int.from_bytes(opened.read(8), "little")
        if size > file.stat().st_size:
            raise ValueError("it is damaged or not a file of weights")
        try:
            header = json.loads(opened.read(size))
        except (ValueError, RecursionError) as error:
            raise ValueError("it is damaged or not a file of weights") from error
    if not isinstance(header, dict) or not isinstance(header.get("__metadata__", {}), dict):
        raise ValueError("it is damaged or not a file of weights")
    return header, 8 + size


def _sum(header: Mapping[str, object], tensors: hashlib._Hash) -> str:
    return hashlib.sha256(json.dumps(header, sort_keys=True).encode() + tensors.digest()).hexdigest()


def _check_sum(file: Path) -> None:
    """Compare with the checksum that `write` left; files of others have none."""
    header, start = _parted(file)
    if expected := header.get("__metadata__", {}).pop("sha256", ""):
        with file.open("rb") as opened:
            opened.seek(start)
            actual = _sum(header, hashlib.file_digest(opened, "sha256"))
        if actual != expected:
            raise ValueError("its checksum differs: it is damaged")


def _unpickled(file: Path) -> dict[str, Tensor]:
    try:
        state: dict[str, Tensor] = dict(torch.load(file, map_location="cpu", weights_only=True))
    except OSError:
        raise
    except Exception as error:  # pickle, zip and torch each raise their own kinds, with advice that does not fit here
        raise ValueError("it is damaged or not a file of weights") from error
    return state


def download(url: str, file: Path, advice: str, progress: Progress | None = None) -> None:
    """Stream into a temporary name, compare the hash that the file's name carries, rename.

    `progress` gets bytes done and bytes in all (0 if unknown). A failure leaves nothing behind and raises `FtError`,
    its reason followed by `advice`; a full disk stays an `OSError`.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with urllib.request.urlopen(url, timeout=20) as source, whole(file) as target:  # noqa: S310 - an address from torchvision
            total, done, digest = int(source.headers.get("Content-Length") or 0), 0, hashlib.sha256()
            while chunk := source.read(CHUNK):
                target.write(chunk)
                digest.update(chunk)
                done += len(chunk)
                if progress:
                    progress(done, total)
            if not digest.hexdigest().startswith(file.stem.rsplit("-", 1)[-1]):
                raise OSError("the file arrived damaged")
    except (OSError, http.client.HTTPException) as error:
        if isinstance(error, OSError) and error.errno in FULL:
            raise
        raise FtError(f"{file.name} could not be downloaded ({why(error)}): {advice}") from error
