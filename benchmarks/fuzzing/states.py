"""Files of weights: damaged ones, dicts of every odd kind, and pickles that would run code."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pickle
import random
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save
from torch import Tensor

from benchmarks.fuzzing import damage, living
from benchmarks.fuzzing.frame import Attempt, Maker, Room, Wrong
from benchmarks.fuzzing.living import DONE, HALF, Lived
from ftcore import __main__ as cli
from ftcore.data import identity
from ftcore.data.identity import Identity
from ftcore.errors import FtError
from ftcore.network import weights
from ftcore.runs import results
from ftcore.training import checkpoint, snapshots
from ftcore.training.start import load_images, start_network

WANTED = {"a.weight": torch.zeros(2, 3), "a.bias": torch.zeros(2), "a.num_batches_tracked": torch.tensor(0)}


class _Runs:
    """A pickle of this would make a folder where the watch sees it."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.place),)


def _odd_tensor(rng: random.Random, like: Tensor) -> Any:
    makers: tuple[Callable[[], Any], ...] = (
        lambda: torch.full_like(like, float("nan")) if like.is_floating_point() else like,
        lambda: torch.zeros(0),
        lambda: like.expand(3, *like.shape),
        lambda: like.to(rng.choice((torch.float16, torch.bfloat16, torch.int8, torch.bool, torch.complex64))),
        lambda: like.float().to_sparse(),
        lambda: torch.quantize_per_tensor(like.float(), 0.1, 0, torch.qint8),
        lambda: torch.nn.Parameter(like.float()),
        lambda: torch.empty(like.shape, device="meta"),
        lambda: torch.nested.nested_tensor([torch.zeros(2), torch.zeros(3)]),
        lambda: torch.zeros(1).expand(2**40),
        lambda: torch.zeros(10)[::3],
        lambda: like.float().to(torch.float8_e4m3fn),
        lambda: damage.odd_value(rng),
        lambda: {"inner": like},
        lambda: [like],
    )
    return rng.choice(makers)()


def _odd_dict(rng: random.Random, sound: dict[Any, Any], room: Room) -> Any:
    """A dict like `sound` with one odd entry, or no dict at all."""
    made, key = dict(sound), rng.choice(list(sound))
    act = rng.randrange(9)
    if act < 4:
        made[key] = _odd_tensor(rng, made[key] if isinstance(made[key], Tensor) else torch.zeros(2))
    elif act == 4:
        made[rng.choice((0, None, 1.5, b"x", ("a",), True, "\ud800", "", "x" * 5000))] = made.pop(key)
    elif act == 5:
        del made[key]
    elif act == 6:
        made[rng.choice(damage.TEXTS)] = _odd_tensor(rng, torch.zeros(2))
    elif act == 7:
        made[key] = _Runs(room.root / "ran")
    else:
        return rng.choice(
            (None, [], [made], made[key], 5, "x", {}, {"state_dict": made}, set(), _Runs(room.root / "ran"))
        )
    return made


def _pickled(rng: random.Random, value: Any) -> bytes:
    """As torch writes it, new or old, or as Python does."""
    out, act = io.BytesIO(), rng.randrange(6)
    if act == 0:
        with contextlib.suppress(Exception):
            return pickle.dumps(value, rng.randrange(6))
    with contextlib.suppress(Exception):  # some kinds only one of the two formats can keep
        torch.save(value, out, _use_new_zipfile_serialization=act != 1)
    return out.getvalue()


def _safetensors(rng: random.Random, state: dict[str, Tensor]) -> bytes:
    """A file whose header says something odd."""
    data = save(state)
    size = int.from_bytes(data[:8], "little")
    header, act = json.loads(data[8 : 8 + size]), rng.randrange(4)
    if act == 0:
        entry = header[rng.choice([name for name in header if name != "__metadata__"])]
        entry[rng.choice(("shape", "data_offsets"))] = rng.choice(([2**40, 2**40], [0, 2**63], [-1], [], [5, 1], None))
    elif act == 1:
        header = damage.changed(rng, header)
    text = damage.written(header)
    length = rng.choice(damage.NUMBERS) if act == 2 else len(text)
    made = struct.pack("<Q", length) + text + data[8 + size :]
    return damage.damaged(rng, made, 0, 200) if act == 3 else made


def _read(rng: random.Random, room: Room) -> Attempt:
    file = room.home / rng.choice(("w.safetensors", "w.pth"))
    bits = rng.random() < 0.3
    if file.suffix == ".safetensors":
        data = damage.damaged(rng, save(WANTED)) if bits else _safetensors(rng, WANTED)
    else:
        data = damage.damaged(rng, _saved(WANTED)) if bits else _pickled(rng, _odd_dict(rng, WANTED, room))
    file.write_bytes(data)

    def attempt() -> None:
        state = weights.read(file, WANTED)
        if {key: (t.shape, t.dtype) for key, t in state.items()} != {k: (t.shape, t.dtype) for k, t in WANTED.items()}:
            raise Wrong("weights of other keys, shapes or types were taken")

    return attempt


def _saved(value: Any) -> bytes:
    out = io.BytesIO()
    torch.save(value, out)
    return out.getvalue()


def _spoiled(rng: random.Random, file: Path, room: Room) -> bool:
    """Damage a real file in its bytes (True), or put an odd one in its place."""
    data = file.read_bytes()
    if rng.random() < 0.5:
        file.write_bytes(damage.damaged(rng, data))
        return True
    if file.suffix == ".safetensors":
        file.write_bytes(_safetensors(rng, load_file(file)))
    else:
        file.write_bytes(_pickled(rng, _odd_dict(rng, torch.load(file, weights_only=True), room)))
    return False


def _state(rng: random.Random, room: Room, lived: Lived) -> Attempt:
    """A file of an epoch's weights, looked back at or gone on from."""
    folder = room.home / "runs" / HALF
    file = rng.choice(sorted((folder / "states").glob("*.pt")))
    epoch, bits = int(file.stem.partition("-")[2]), _spoiled(rng, file, room)

    def attempt() -> None:
        network = start_network(lived.settings, 3)
        snapshots.put(folder, network, epoch)
        if bits and not living.same(network.model.state_dict(), lived.heads[HALF][epoch]):
            raise Wrong("a damaged file of weights was taken in silence")

    return attempt


def _checkpoint(rng: random.Random, room: Room, lived: Lived) -> Attempt:
    file = room.home / "runs" / HALF / "checkpoint.pt"
    sound = checkpoint.restore(file, start_network(lived.settings, 3), lived.settings, _images(lived))
    bits = _spoiled(rng, file, room)

    def attempt() -> None:
        network = start_network(lived.settings, 3)
        progress = checkpoint.restore(file, network, lived.settings, _images(lived))
        if bits and not progress.lost and _told(progress) != _told(sound):
            raise Wrong("a damaged checkpoint was taken in silence")

    return attempt


def _images(lived: Lived) -> Identity:
    return identity.of(load_images(lived.settings))


def _told(progress: checkpoint.Progress) -> bytes:
    """All that a checkpoint says, comparable also where it holds tensors."""
    return _saved([repr(progress.epochs), progress.seconds, progress.taps, progress.best, progress.optimizer])


def _whole(rng: random.Random, room: Room, lived: Lived) -> Attempt:
    """The file of a finished run, as a network and for a prediction."""
    folder = room.home / "runs" / DONE
    bits = _spoiled(rng, folder / "model.safetensors", room)

    def attempt() -> None:
        if rng.random() < 0.5:
            return _predict(folder, lived.picture)
        network, _ = results.tuned_network(folder)
        if bits and not living.same(network.model.state_dict(), lived.tuned[DONE]):
            raise Wrong("a damaged file of weights was taken in silence")

    return attempt


def _predict(folder: Path, picture: Path) -> None:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as err:
        code = cli.main(["predict", "--run", str(folder), str(picture)])
    if code == 2:
        raise FtError(err.getvalue().strip())
    if code:
        raise Wrong(f"predict ended with {code}")


def setup(room: Room) -> Maker:
    """Files of weights by themselves, and those of the runs of a home lived in."""
    lived = living.live(room)

    def make(rng: random.Random) -> Attempt:
        if room.home != lived.template:
            shutil.rmtree(room.home)
        (room.root / "ran").rmdir() if (room.root / "ran").exists() else None
        home, act = room.move(f"home-{rng.getrandbits(32):08x}"), rng.randrange(10)
        if act < 6:
            home.mkdir()
            return _read(rng, room)
        shutil.copytree(lived.template, home)
        return (_state, _state, _checkpoint, _whole)[act - 6](rng, room, lived)

    return make
