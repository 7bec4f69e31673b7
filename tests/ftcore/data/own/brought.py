"""Own sets for tests: pictures drawn from a number, zips of them, and a set that has taken one in."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from ftcore.data.own import jobs, keeping
from ftcore.data.own.keeping import OwnSet

EVE, ADAM = "e" * 32, "a" * 32
PATIENCE = 300  # seconds


def photo(seed: int, size: tuple[int, int] = (48, 40)) -> bytes:
    """Soft patches of colour as a PNG, other ones for each seed."""
    coarse = np.random.default_rng(seed).integers(0, 255, (6, 8, 3), dtype=np.uint8)
    out = io.BytesIO()
    Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC).save(out, "PNG")
    return out.getvalue()


def two_classes(each: int = 8, start: int = 0) -> dict[str, bytes]:
    """Pictures of ants and bees, nothing wrong with any."""
    return {
        f"{kind}/{at}.png": photo(start + 1000 * number + at)
        for number, kind in enumerate(("ants", "bees"))
        for at in range(each)
    }


def zip_of(pictures: Mapping[str, bytes]) -> bytes:
    """A zip that holds these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name, data in pictures.items():
            packed.writestr(name, data)
    return out.getvalue()


def send(one: OwnSet, sent: Mapping[str, bytes]) -> None:
    """Put files where the server puts what a browser sends."""
    folder = jobs.incoming(one)
    for number, (name, data) in enumerate(sent.items(), 1):
        (folder / f"{number}.data").write_bytes(data)
        (folder / f"{number}.json").write_text(json.dumps({"name": name, "size": len(data)}))


def wait(one: OwnSet) -> OwnSet:
    """The set once nothing is on its way any more."""
    end = time.monotonic() + PATIENCE
    while jobs.look(one) is not None:
        assert time.monotonic() < end, "the pictures are not taken in"
        time.sleep(0.02)
    return keeping.find(one.id, one.owner)


def bring(one: OwnSet, sent: Mapping[str, bytes], label: str = "") -> OwnSet:
    """Send files and have them taken in."""
    send(one, sent)
    jobs.begin(one, label)
    return wait(one)


def with_pictures(pictures: Mapping[str, bytes], owner: str = EVE) -> OwnSet:
    """A set that has taken in a zip of these."""
    return bring(keeping.new(owner, "Garden"), {"garden.zip": zip_of(pictures)})


def inside(folder: Path) -> set[str]:
    """Every file below a folder."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
