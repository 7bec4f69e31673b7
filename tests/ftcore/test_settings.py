"""The settings record: round trips, checks and words."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest

from ftcore import fields, names
from ftcore.data import sets
from ftcore.errors import FtError
from ftcore.files import home
from ftcore.network import backbones
from ftcore.settings import Phase, RunSettings
from ftcore.training import recipes

ODD = (
    RunSettings(),
    RunSettings(data="/tmp/Ärger & Co/a+b %20;p1:x=#?.zip", seed=2**31 - 1, cache=False),
    RunSettings(data="/tmp/photos", labels="/tmp/Ärger & Co/a+b %20;p1:x=#?.csv"),
    RunSettings(data="C:\\pictures\\new", weights="random", batch_norm="update", best_weights=True),
    RunSettings(train_per_class=1_000_000, batch_size=1, patience=1000),
    RunSettings(phases=(Phase(),)),
    RunSettings(phases=(Phase(name=""), Phase(name="a;b:c+d e%2B", epochs=1000, lr=1e-7, depth_decay=0.01))),
    RunSettings(phases=(Phase(trainable=("features.12", "hid+den;1", "head")),) * 8),
    RunSettings(phases=(Phase(lr=1 / 3, weight_decay=0.0, optimizer="sgd", schedule="cosine"),)),
)


@pytest.mark.parametrize("settings", ODD)
def test_json_round_trip(settings: RunSettings) -> None:
    assert RunSettings.from_json(settings.to_json()) == settings


@pytest.mark.parametrize("settings", ODD)
def test_url_round_trip(settings: RunSettings) -> None:
    query = settings.to_query()
    assert RunSettings.from_query(query) == settings
    as_some_servers_say_it = {key: value.replace("+", " ") for key, value in query.items()}
    assert RunSettings.from_query(as_some_servers_say_it) == settings


def test_a_path_that_is_no_text_has_an_address() -> None:
    settings = RunSettings(data="/caf\udce9", labels="/t\udcff.csv", skip_bad=True)
    query = settings.to_query()
    assert query == {"data": "/caf%ED%B3%A9", "labels": "/t%ED%B3%BF.csv", "skip_bad": "True"}
    assert RunSettings.from_query(query) == settings


def test_url_says_only_what_differs() -> None:
    assert RunSettings().to_query() == {}
    assert RunSettings(seed=3, cache=False).to_query() == {"seed": "3", "cache": "False"}
    assert RunSettings(phases=(Phase(), Phase(epochs=3))).to_query() == {"p1": "-", "p2": "epochs:3"}


def test_url_leaves_what_others_put_there() -> None:
    query = {"run": "0" * 32, "page": "x", "p": "1", "p²": "1", "p01": "1", "p" + "9" * 5000: "1", "seed": "4"}
    assert RunSettings.from_query(query) == RunSettings(seed=4)


@pytest.mark.parametrize(
    "query", [{"seed": "many"}, {"cache": "perhaps"}, {"p1": "lr:fast"}, {"seed": "9" * 5000}, {"data": "%FF"}]
)
def test_url_with_nonsense_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(FtError, match="is no value for"):
        RunSettings.from_query(query)


def test_more_than_eight_phases_are_refused() -> None:
    with pytest.raises(FtError, match="one to eight"):
        RunSettings.from_query({f"p{number}": "-" for number in range(1, 10)})
    with pytest.raises(FtError, match="one to eight"):
        RunSettings.from_json('{"phases": []}')


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "null", "3", "{", "[" * 100_000, '{"epoch": 3}', '{"phases": {}}', '{"phases": [3]}',
        '{"phases": [{"rate": 1}]}', '{"batch_size": 1.5}', '{"batch_size": true}', '{"cache": 1}', '{"data": null}',
        '{"data": ["a"]}', '{"seed": "1"}', '{"seed": -1}', '{"batch_size": 0}', '{"weights": "best"}',
        '{"phases": [{"lr": NaN}]}', '{"phases": [{"lr": Infinity}]}', '{"phases": [{"lr": 0}]}',
        '{"phases": [{"lr": "0.1"}]}', '{"phases": [{"trainable": []}]}', '{"phases": [{"trainable": [1]}]}',
        '{"phases": [{"trainable": "head"}]}', '{"phases": [{"trainable": ["head", "head"]}]}',
        '{"phases": [{"depth_decay": 0}]}', f'{{"batch_size": 1{"0" * 400}}}', f'{{"phases": [{{"lr": 1{"0" * 400}}}]}}',
    ],
)  # fmt: skip
def test_bad_json_ends_in_one_sentence(text: str) -> None:
    with pytest.raises(FtError) as caught:
        RunSettings.from_json(text)
    assert "\n" not in str(caught.value)
    assert 20 < len(str(caught.value)) < 500


def test_unknown_setting_is_named_with_those_there_are() -> None:
    with pytest.raises(FtError, match="no setting 'epoch': choose among augmentation, backbone"):
        RunSettings.from_json(json.dumps({"epoch": 3}))


def _fields() -> list[tuple[type[Any], dataclasses.Field[Any]]]:
    return [(kind, f) for kind in (Phase, RunSettings) for f in fields.plain(kind)]


@pytest.mark.parametrize(("kind", "f"), _fields(), ids=lambda v: getattr(v, "name", ""))
def test_every_setting_is_explained(kind: type[Any], f: dataclasses.Field[Any]) -> None:
    assert f.metadata["label"][0].isupper()
    assert len(f.metadata["help"]) > 20
    assert f.metadata["help"].endswith(".")


@pytest.mark.parametrize(
    ("kind", "f"), [(k, f) for k, f in _fields() if f.metadata["high"]], ids=lambda v: getattr(v, "name", "")
)
def test_limits_hold(kind: type[Any], f: dataclasses.Field[Any]) -> None:
    low, high = (type(f.default)(f.metadata[side]) for side in ("low", "high"))
    assert getattr(kind(**{f.name: low}), f.name) == low
    assert getattr(kind(**{f.name: high}), f.name) == high
    for beyond in (low - 1, high + 1, *([float("nan")] if isinstance(f.default, float) else [])):
        with pytest.raises(FtError, match=f"{f.metadata['label']} must lie between"):
            kind(**{f.name: beyond})


def test_whole_numbers_pass_for_fractions() -> None:
    assert type(Phase(lr=1).lr) is float


def test_classic_lesson_is_the_default() -> None:
    first, second = RunSettings().phases
    assert (first.epochs, first.lr, first.trainable) == (5, 1e-3, ("head",))
    assert (second.epochs, second.lr, second.trainable) == (10, 1e-4, ("layer4.0", "layer4.1", "head"))
    assert RunSettings().epochs == 15


def test_home_is_where_it_was_told(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert home() == tmp_path / "home"
    monkeypatch.delenv("THAW_HOME")
    assert home().name == ".thaw"


BAD = {"control": "\x1b[31m", "direction": "\u202egnp", "mark": "a\u200fb", "surrogate": "\ud800", "long": "x" * 5000}


@pytest.mark.parametrize("name", BAD.values(), ids=BAD)
@pytest.mark.parametrize(
    "use",
    [
        lambda name: RunSettings.from_json(json.dumps({name: 1})),
        lambda name: RunSettings.from_json(json.dumps({"batch_norm": name})),
        lambda name: RunSettings.from_query({"seed": name}),
        lambda name: backbones.entry(name),
        lambda name: recipes.check_settings(RunSettings(phases=(Phase(trainable=(name,)),))),
        lambda name: sets.summary(name),
    ],
    ids=["key", "choice", "number", "backbone", "block", "data"],
)
def test_no_sentence_steers_a_terminal_or_grows_without_end(use: Callable[[str], object], name: str) -> None:
    with pytest.raises(FtError) as error:
        use(name)
    said = str(error.value)
    assert said == names.tidy(said)
    assert said.isprintable()
    assert 20 < len(said) <= 1000


@pytest.mark.parametrize("name", BAD.values(), ids=BAD)
def test_any_text_can_stand_in_an_address(name: str) -> None:
    chosen = RunSettings(data=name, phases=(Phase(name=name, trainable=(name,)),))
    assert all(text.isascii() for text in chosen.to_query().values())
