"""Folders: layouts and names at random; where the layout is plain, the classes must be the folders' names."""

from __future__ import annotations

import contextlib
import os
import random
import unicodedata
from pathlib import Path

from benchmarks.fuzzing import damage, zips
from benchmarks.fuzzing.frame import Attempt, Maker, Room, Wrong
from ftcore.errors import FtError

PLAIN = ("cat", "dog", "bus", "plane", "c2", "c10", "Übung", "猫", "great tit", "7", "O'Neil", "a&b", "e\u0301cole")
LEARN = ("train", "training", "trn", "Train", "TRAINING")
HELD = ("val", "valid", "validation", "validate", "dev", "eval", "test", "testing", "tst", "Test", "VALIDATION")
AROUND = ("{}_set", "seg_{}", "{}1", "{}-data", "my {}")
ENDINGS = (".png", ".PNG", ".jpg", ".jpeg", ".jpe", ".jpg_large", ".jpeg?itok=x", ".mpo", ".jpg.1", "", ".heic", ".txt")
NAMES = (*PLAIN, *LEARN, *HELD, "cat ", "Cat", "CAT", "\u202ecat", "a\nb", "\x1b[2J", "x" * 200, ".hidden", "__MACOSX",
         "images", "labels", "cat\udcff", "con", "-rf", "$HOME", "\u200f", "<b>", "ね\u3099こ")  # fmt: skip


def _put(folder: Path, count: int, ending: str = ".png") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        (folder / f"{number}{ending}").write_bytes(zips.png(number))


def _plain(rng: random.Random, top: Path) -> set[str]:
    names = set(rng.sample(PLAIN, rng.randrange(2, 6)))
    if rng.random() < 0.1:
        names = {"bus", "train", "plane"}
    for name in names:
        _put(top / name, rng.randrange(3, 7))
    return names


def _splits(rng: random.Random, top: Path) -> set[str]:
    names = set(rng.sample(PLAIN, rng.randrange(2, 4)))
    around = rng.choice(("{}", "{}", *AROUND))
    for split in (rng.choice(LEARN), rng.choice(HELD)):
        for name in names:
            _put(top / around.format(split) / name, 3)
    return names


def _odd(rng: random.Random, top: Path) -> None:
    """Anything at all, several levels of it."""
    places = [top]
    for _ in range(rng.randrange(1, 12)):
        with contextlib.suppress(OSError, ValueError):
            place = rng.choice(places) / rng.choice(NAMES)
            act = rng.randrange(9)
            if os.path.lexists(place) and not place.is_dir():
                continue  # writing into a pipe would wait for ever
            if act < 5:
                _put(place, rng.randrange(5), rng.choice((".png", ".png", *ENDINGS)))
                places.append(place)
            elif act == 5:
                place.symlink_to(rng.choice((*places, Path("nothing"), Path(place.name))))
            elif act == 6:
                place.write_bytes(rng.choice((b"", zips.png(), b"file,label\n0.png,cat\n")))
            elif act == 7:
                os.mkfifo(place)
            else:
                rng.choice(places).chmod(rng.choice((0, 0o400, 0o755)))


def setup(room: Room) -> Maker:
    """Folders in the room's input."""
    top = room.input / "set"
    _plain(random.Random(0), top)
    zips.tried(room, top)

    def make(rng: random.Random) -> Attempt:
        damage.emptied(room.input)
        damage.emptied(room.home)
        top.mkdir()
        kind = rng.choice(("plain", "splits", "odd", "odd"))
        wanted = _plain(rng, top) if kind == "plain" else _splits(rng, top) if kind == "splits" else None
        if wanted is None or rng.random() < 0.2:
            _odd(rng, top)
            wanted = None
        return lambda: _tried(room, top, wanted, must=kind == "plain")

    return make


def _tried(room: Room, top: Path, wanted: set[str] | None, must: bool) -> None:
    try:
        classes = set(zips.tried(room, top))
    except FtError as error:
        if wanted is not None and must:
            raise Wrong("plain class folders were refused") from error
        raise
    if wanted is not None and classes != {unicodedata.normalize("NFC", name) for name in wanted}:
        raise Wrong("classes are not the folders' names" if must else "splits were learned as classes")
