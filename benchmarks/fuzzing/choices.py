"""Settings: JSON, addresses of pages and arguments of the terminal command that train nothing."""

from __future__ import annotations

import contextlib
import io
import random
from collections.abc import Mapping

from benchmarks.fuzzing import damage
from benchmarks.fuzzing.frame import Attempt, Maker, Room, Wrong
from ftcore import __main__ as cli
from ftcore.data import catalogue
from ftcore.network import backbones
from ftcore.settings import Phase, RunSettings
from ftcore.training import recipes

WORDS = (
    "train", "resume", "predict", "list", "--data", "--backbone", "--settings", "--epochs", "--lr", "--thaw",
    "--train-per-class", "--pretrained", "--random", "--seed", "--no-cache", "--out", "--json", "--run", "--labels",
    "--skip-bad", "--csv", "--help", "--", "-h", "--e", "-x", "--epochs=", "--seed=1",
)  # fmt: skip
VALUES = (
    "5,10", "1", "0", "-1", "1,2,3", "1e-3,1e-4", "nan", "inf", "1e999", ",", "all", "99999", "2.5", "0x10", "٣", "1_0",
    "/nowhere", "~", "~nobody/x", "", ".", "sentinel.txt", "settings.json", "a\udcffb", "digits", "sketchbook", "9" * 5000,
)  # fmt: skip
ENCODINGS = ("utf-8", "ascii", "cp1252", "cp866", "latin-1")
FIELDS = ("backbone", "data", "weights", "train_per_class", "batch_size", "batch_norm", "seed", "cache", "patience",
          "best_weights", "p1", "p2", "p3", "p10", "p0", "run", "x")  # fmt: skip


def setup(room: Room) -> Maker:
    """Settings by JSON, by address, by command."""
    from ui import address  # the pages' part needs no server for this

    _command(["list"], "utf-8")

    def make(rng: random.Random) -> Attempt:
        kind = rng.randrange(4)
        if kind == 0:
            text = damage.odd_json(rng, RunSettings().to_json().encode()).decode("utf-8", "replace")
            return lambda: _json(text)
        if kind == 1:
            query = _query(rng)
            return lambda: _address(query)
        if kind == 2:
            query = _query(rng)
            return lambda: _page(address.from_query(query), query)
        words, encoding = _words(rng, room), rng.choice(ENCODINGS)
        return lambda: _command(words, encoding)

    return make


def _json(text: str) -> None:
    made = RunSettings.from_json(text)
    if RunSettings.from_json(made.to_json()) != made:
        raise Wrong("settings are others after a way through JSON")
    _address(made.to_query())
    recipes.check_settings(made)


def _address(query: Mapping[str, str]) -> None:
    made = RunSettings.from_query(query)
    if RunSettings.from_query(made.to_query()) != made:
        raise Wrong("settings are others after a way through an address")
    recipes.check_settings(made)


def _page(made: RunSettings, query: Mapping[str, str]) -> None:
    if made.data not in catalogue.CATALOGUE:
        raise Wrong("an address names data that is not in the catalogue")
    recipes.check_settings(made)


def _query(rng: random.Random) -> dict[str, str]:
    choices = (*backbones.CATALOGUE, *catalogue.CATALOGUE, *VALUES, *damage.TEXTS, "True", "False", "random", "update")
    query = {rng.choice(FIELDS): rng.choice(choices) for _ in range(rng.randrange(1, 5))}
    for name in query:
        if name.startswith("p") and rng.random() < 0.8:
            query[name] = _phase(rng)
    return query


def _phase(rng: random.Random) -> str:
    names = [*(f for f in Phase.__dataclass_fields__), "x"]
    blocks = ("head", "layer4.1", "layer4.1+head", "head+head", "pool", "+", "%2B", "features.0+head")
    values = (*VALUES, *damage.TEXTS, *blocks, "adamw", "sgd", "cosine")
    return ";".join(f"{rng.choice(names)}{rng.choice('::::=')}{rng.choice(values)}" for _ in range(rng.randrange(4)))


def _words(rng: random.Random, room: Room) -> list[str]:
    """Arguments that cannot start a training: the folder for the run exists already."""
    file = room.cwd / "settings.json"
    file.write_bytes(damage.odd_json(rng, RunSettings().to_json().encode()))
    values = (*VALUES, *backbones.CATALOGUE, *damage.TEXTS, str(file))
    words = [rng.choice(("train", "train", "train", "predict", "resume", "list", "", "tra"))]
    for _ in range(rng.randrange(6)):
        words += [rng.choice(WORDS), rng.choice(values)][: rng.choice((1, 2, 2, 2))]
    return [*words, "--out", str(room.cwd)] if "train" in words[0] or "tra" in words[0] else words


def _command(words: list[str], encoding: str) -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True)
    err = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="backslashreplace", write_through=True)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = cli.main(words)
        except SystemExit as error:
            code = -1 if error.code else 0
    says = out.buffer.getvalue() + err.buffer.getvalue()
    if code not in (0, 2) or b"Traceback" in says:
        raise Wrong(f"the command ended with {code}")
    if code == 2 and not err.buffer.getvalue().strip():
        raise Wrong("the command ended with 2 and said nothing")
