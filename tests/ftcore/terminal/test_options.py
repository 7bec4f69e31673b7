"""What is typed after `train` as settings."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from ftcore import __main__ as cli
from ftcore.errors import FtError
from ftcore.settings import RunSettings
from ftcore.terminal import options
from ftcore.training import recipes


def asked(*words: str) -> RunSettings:
    return options.settings_from(cli._parser().parse_args(["train", *words]))


def test_options_become_settings(tmp_path: Path) -> None:
    assert asked() == RunSettings()
    two = asked(
        "--epochs", "2,3", "--lr", "1e-2,1e-5", "--thaw", "1", "--train-per-class", "7", "--seed", "5", "--no-cache"
    )
    assert [(p.epochs, p.lr) for p in two.phases] == [(2, 1e-2), (3, 1e-5)]
    assert two.phases[1].trainable == ("layer4.1", "head")
    assert (two.train_per_class, two.seed, two.cache) == (7, 5, False)
    assert asked("--backbone", "resnet50").phases[1].trainable == ("layer4.1", "layer4.2", "head")
    (scratch,) = asked("--random").phases
    assert (scratch.epochs, scratch.lr, len(scratch.trainable)) == (15, 1e-3, 10)
    assert (asked("--random").weights, asked("--random").batch_norm) == ("random", "update")
    (tmp_path / "s.json").write_text(two.to_json())
    assert asked("--settings", str(tmp_path / "s.json")) == two
    assert asked("--settings", str(tmp_path / "s.json"), "--seed", "6").seed == 6


def test_own_pictures_are_tuned_with_the_network_for_photos_unless_another_is_named(
    noise: Path, tmp_path: Path
) -> None:
    mine, lesson = ("--data", str(noise)), RunSettings().backbone
    assert asked(*mine).backbone == "efficientnet_lite0"
    assert asked(*mine).label_smoothing == 0.1
    head, tune = asked(*mine).phases
    assert (head.decay_on, head.warm_up, head.schedule) == ("matrices", 0, "constant")
    assert (tune.decay_on, tune.warm_up, tune.schedule) == ("matrices", 1, "cosine")
    assert [p.trainable for p in (head, tune)] == [p.trainable for p in recipes.classic("efficientnet_lite0")]
    assert asked(*mine, "--epochs", "2,1").phases[1].warm_up == 0.5, "within the phase"
    plain = asked(
        *mine,
        "--label-smoothing",
        "0",
        "--decay-on",
        "everything,everything",
        "--schedule",
        "constant,constant",
        "--warm-up",
        "0,0",
    )
    assert plain == dataclasses.replace(
        asked(), backbone="efficientnet_lite0", data=str(noise), phases=recipes.classic("efficientnet_lite0")
    )
    assert asked("--data", "digits").label_smoothing == asked(*mine, "--random").label_smoothing == 0
    assert asked(*mine, "--backbone", lesson).backbone == lesson
    assert asked(*mine, "--random").backbone == lesson
    assert asked().backbone == asked("--data", "digits").backbone == lesson
    kept = tmp_path / "settings.json"
    kept.write_text(RunSettings(seed=3).to_json())
    assert asked(*mine, "--settings", str(kept)).backbone == lesson, "what was kept was chosen"
    assert asked(*mine, "--settings", str(kept)).label_smoothing == 0


def test_labels_and_bad_pictures_are_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    told = asked("--labels", "labels.csv", "--skip-bad")
    assert (told.labels, told.skip_bad) == (str(tmp_path / "labels.csv"), True)
    assert RunSettings.from_query(told.to_query()) == told
    (tmp_path / "s.json").write_text(told.to_json())
    assert asked("--settings", "s.json") == told
    assert (asked().labels, asked().skip_bad) == ("", False)


def test_a_backbone_is_named_as_timm_knows_it() -> None:
    assert asked("--backbone", "lcnet_050").backbone == "timm/lcnet_050"
    assert asked("--backbone", "timm/lcnet_050").phases == recipes.classic("timm/lcnet_050")
    assert asked("--backbone", "resnet50").backbone == "resnet50"
    with pytest.raises(FtError, match=r"a name that timm knows, such as .*lcnet_050"):
        asked("--backbone", "lcnet_50")
    with pytest.raises(FtError, match="levit_128s is no row of blocks"):
        asked("--backbone", "levit_128s")
