"""Files of weights on the Hugging Face hub: where one lies on this machine, and how it is fetched with progress."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ftcore.errors import FtError, why
from ftcore.files import FULL
from ftcore.network.weights import Progress

FILE = "model.safetensors"


def found(repository: str) -> Path | None:
    """The file in Hugging Face's cache folder; None where it is not there. Touches no network."""
    place = _hub().try_to_load_from_cache(repository, FILE)
    return Path(place) if isinstance(place, str) else None


def address(repository: str) -> str:
    """Where the file can be fetched."""
    return str(_hub().hf_hub_url(repository, FILE))


def download(repository: str, advice: str, progress: Progress | None = None) -> Path:
    """Fetch the file into Hugging Face's cache folder, by its own library. `progress` gets bytes done and in all.

    A failure raises `FtError`, its reason followed by `advice`; a full disk stays an `OSError`.
    """

    class Told(tqdm):  # type: ignore[type-arg]  # not generic where it runs
        """Hands on what it is told instead of drawing it."""

        def __init__(self, *args: Any, **more: Any) -> None:
            more.pop("name", None)
            super().__init__(*args, **{**more, "disable": True})
            self.done = float(more.get("initial") or 0)

        def update(self, n: float | None = 1) -> None:
            self.done += n or 0
            if progress and self.total:
                progress(int(self.done), int(self.total))

    try:
        return Path(_hub().hf_hub_download(repository, FILE, tqdm_class=Told))
    except Exception as error:  # the hub has kinds of its own for what httpx, the disk and the server may do
        if isinstance(error, OSError) and error.errno in FULL:
            raise
        reason = why(error) if isinstance(error, OSError) else "no answer from the Hugging Face hub"
        raise FtError(f"{repository} could not be downloaded ({reason}): {advice}") from error


def _hub() -> Any:
    """The library, when it is first needed."""
    return importlib.import_module("huggingface_hub")
