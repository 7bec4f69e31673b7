"""Files of pretrained weights: read without running code from them, fetched with progress and a hash check.

This module knows nothing about which networks there are.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from ftcore.files import FULL, whole
from ftcore.settings import FtError

Progress = Callable[[int, int], None]
CHUNK = 1 << 20


def checkpoints() -> Path:
    """The folder where torch keeps downloaded weights, and where a file can be put by hand."""
    return Path(torch.hub.get_dir()) / "checkpoints"


def read(file: Path, wanted: Mapping[str, Tensor], sha256: str = "") -> dict[str, Tensor]:
    """The tensors of a .safetensors or .pth file, in the types of `wanted` and with exactly its keys and shapes.

    Old files lack BatchNorm's step counters, which stand at 0 then. Raises `FtError` for a file that is damaged,
    holds anything but tensors or, where `sha256` (hex) is given, differs from it.
    """
    try:
        if sha256 and hashlib.sha256(file.read_bytes()).hexdigest() != sha256:
            raise ValueError("its sha256 is not the expected one")
        state = dict(load_file(file) if file.suffix == ".safetensors" else _unpickled(file))
        for key in wanted:
            if key.endswith(".num_batches_tracked"):
                state.setdefault(key, torch.tensor(0))
        wrong = sorted(set(state) ^ set(wanted)) or [k for k in wanted if state[k].shape != wanted[k].shape]
        if wrong:
            raise ValueError(f"'{wrong[0]}' does not fit the network")
        return {key: state[key].to(tensor.dtype) for key, tensor in wanted.items()}
    except (OSError, ValueError, SafetensorError) as error:
        raise FtError(f"The weights file {file} cannot be used ({error}): delete it and try again.") from error


def _unpickled(file: Path) -> dict[str, Tensor]:
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
        if not all(isinstance(tensor, Tensor) for tensor in state.values()):
            raise ValueError
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
        raise FtError(f"{file.name} could not be downloaded ({_reason(error)}): {advice}") from error


def _reason(error: Exception) -> str:
    cause = getattr(error, "reason", error)
    return str(os.strerror(cause.errno) if isinstance(cause, OSError) and cause.errno and cause.errno > 0 else cause)
