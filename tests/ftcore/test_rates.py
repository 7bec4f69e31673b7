"""What the table of measured rates says of settings: made-up tables of every kind, and the table that is kept."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from ftcore import rates
from ftcore.errors import FtError
from ftcore.rates import BAD, WELL, Measured, Risk, Series, Table
from ftcore.settings import HEAD, Phase, RunSettings

ONE = ("layer4.1", HEAD)
HOW = Measured(
    RunSettings().backbone, ("sketchbook", "digits"), (0,), 20, 200, 3, 10, 1e-2, "adamw", 64, 1e-2, "constant", 1.0
)
GOOD, POOR, MIXED = ("learning", "open"), ("diverged", "damaged"), ("learning", "diverged")


def made(*ends: tuple[str, ...], blocks: tuple[str, ...] = (HEAD,), **more: Any) -> Table:
    """A table of one series at 1e-4, 1e-3, ..."""
    lrs = tuple(float(f"1e{at - 4}") for at in range(len(ends)))
    series = Series("pretrained", "keep", blocks != (HEAD,), blocks, "adamw", lrs, ends)
    return Table(HOW, (dataclasses.replace(series, **more),))


def alone(lr: float, **more: Any) -> RunSettings:
    return RunSettings(phases=(Phase(lr=lr),), **more)


def then(lr: float, **more: Any) -> RunSettings:
    tune = Phase(name="Tune", lr=lr, trainable=ONE)
    return RunSettings(phases=(Phase(), dataclasses.replace(tune, **more)))


def test_a_rate_at_which_all_ended_badly_is_told_with_the_largest_that_went_well() -> None:
    table = made(GOOD, GOOD, MIXED, POOR, POOR)
    assert rates.risks(alone(0.1), table) == (Risk(1, 0.1, 0.1, POOR, 0.1, 1e-3, 2),)
    assert rates.risks(alone(1.0), table) == (Risk(1, 1.0, 1.0, POOR, 0.1, 1e-3, 2),)


@pytest.mark.parametrize("lr", [1e-5, 1e-4, 1e-3, 1e-2, 0.099])
def test_a_rate_at_which_some_did_not_end_badly_or_below_is_not_told(lr: float) -> None:
    assert rates.risks(alone(lr), made(GOOD, GOOD, MIXED, POOR, POOR)) == ()


@pytest.mark.parametrize(("lr", "at"), [(0.5, 0.1), (5.0, 1.0)])
def test_between_and_above_the_measured_rates_the_one_below_is_cited(lr: float, at: float) -> None:
    (risk,) = rates.risks(alone(lr), made(GOOD, GOOD, MIXED, POOR, POOR))
    assert (risk.lr, risk.at) == (lr, at)


def test_a_bad_rate_below_one_that_is_not_bad_bears_no_word() -> None:
    table = made(GOOD, POOR, MIXED, POOR)
    assert rates.risks(alone(1e-3), table) == ()
    assert rates.risks(alone(2e-3), table) == ()
    assert rates.risks(alone(0.1), table)[0].well == 1e-4


@pytest.mark.parametrize("ends", [(POOR, POOR), (MIXED, POOR), (("slow", "slow"), POOR)])
def test_where_no_rate_went_well_the_rate_is_not_blamed(ends: tuple[tuple[str, ...], ...]) -> None:
    assert rates.risks(alone(10.0), made(*ends)) == ()


def test_where_no_rate_is_bad_nothing_is_told() -> None:
    assert rates.risks(alone(10.0), made(GOOD, GOOD)) == ()


def test_each_phase_is_judged_by_its_own_kind() -> None:
    tune = made(GOOD, POOR, blocks=ONE)
    both = Table(HOW, (*made(GOOD, GOOD, MIXED, POOR).series, *tune.series))
    assert [risk.phase for risk in rates.risks(then(1e-3), both)] == [2]
    settings = RunSettings(phases=(Phase(lr=10.0), Phase(name="Tune", lr=1e-3, trainable=ONE[::-1])))
    assert [risk.phase for risk in rates.risks(settings, both)] == [1, 2]
    assert rates.risks(RunSettings(phases=settings.phases[1:]), both) == (), "with no head phase before"
    third = RunSettings(phases=(Phase(), Phase(), settings.phases[1]))
    assert rates.risks(third, both) == ()


@pytest.mark.parametrize(
    "change",
    [{"depth_decay": 0.5}, {"schedule": "cosine"}, {"weight_decay": 0.0}, {"optimizer": "sgd"}, {"trainable": (*ONE, "stem")}],
)  # fmt: skip
def test_a_phase_of_another_kind_is_not_judged(change: dict[str, Any]) -> None:
    table = made(GOOD, POOR, blocks=ONE)
    assert rates.risks(then(1.0), table)
    assert rates.risks(then(1.0, **change), table) == ()


@pytest.mark.parametrize(
    "change", [{"backbone": "resnet18"}, {"weights": "random"}, {"batch_size": 8}, {"batch_norm": "update"}]
)
def test_a_run_of_another_kind_is_not_judged(change: dict[str, Any]) -> None:
    assert rates.risks(dataclasses.replace(then(1.0), **change), made(GOOD, POOR, blocks=ONE)) == ()


def test_what_does_nothing_to_the_head_alone_changes_no_word_about_it() -> None:
    settings = RunSettings(phases=(Phase(lr=10.0, depth_decay=0.5),), batch_norm="update")
    assert rates.risks(settings, made(GOOD, POOR))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"measured": {}, "series": []}', None])
def test_a_damaged_table_ends_in_a_sentence(text: str | None, tmp_path: Path) -> None:
    path = tmp_path / "rates.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(FtError, match=r"make it anew with python -m benchmarks\.rates\.$"):
        rates.load(path)


@pytest.mark.parametrize("change", [{"rates": [1.0, 0.1]}, {"ends": [["open"]]}, {"ends": [[], []]}])
def test_a_table_whose_parts_do_not_fit_is_refused(change: dict[str, Any], tmp_path: Path) -> None:
    raw = json.loads(rates.text(made(GOOD, POOR)))
    raw["series"][0] |= change
    (tmp_path / "rates.json").write_text(json.dumps(raw))
    with pytest.raises(FtError, match="cannot be read"):
        rates.load(tmp_path / "rates.json")


def test_a_table_is_read_as_it_was_written(tmp_path: Path) -> None:
    table = made(GOOD, MIXED, POOR)
    (tmp_path / "rates.json").write_text(rates.text(table))
    assert rates.load(tmp_path / "rates.json") == table


def test_no_verdict_is_both_bad_and_good() -> None:
    assert not set(BAD) & set(WELL)


def test_the_kept_table_warns_of_the_highest_rate_and_not_of_the_default() -> None:
    kept = rates.load()
    assert rates.risks(RunSettings(), kept) == ()
    high = RunSettings(phases=tuple(dataclasses.replace(phase, lr=10.0) for phase in RunSettings().phases))
    told = rates.risks(high, kept)
    assert [risk.phase for risk in told] == [1, 2]
    for risk in told:
        mended = tuple(dataclasses.replace(phase, lr=risk.well) for phase in high.phases)
        assert risk.phase not in [one.phase for one in rates.risks(RunSettings(phases=mended), kept)]
