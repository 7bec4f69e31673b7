"""The kept table of rates is what the benchmark measures, and the benchmark measures what it says."""

from __future__ import annotations

import dataclasses

import pytest

from benchmarks import rates as benchmark
from ftcore import coach, rates
from ftcore.costs import machine
from ftcore.rates import WELL, Series
from ftcore.settings import HEAD
from tests.stories import RUNS


def bare(series: Series) -> Series:
    return dataclasses.replace(series, rates=(), ends=())


def test_the_kept_table_was_measured_as_its_header_says() -> None:
    kept = rates.load()
    assert kept.measured == benchmark.HOW
    assert [bare(series) for series in kept.series] == [kind for kind, _ in benchmark.kinds()]
    for series, (_, grid) in zip(kept.series, benchmark.kinds(), strict=True):
        assert series.rates == grid[-len(series.rates) :], "from the highest down"
        assert all(len(ends) == len(kept.measured.data) * len(kept.measured.seeds) for ends in series.ends)
        well = [all(end in WELL for end in ends) for ends in series.ends]
        assert not any(well[1:]), "to the first that went well"
        assert well[0] or series.rates == grid


def test_every_end_is_a_kind_of_the_coach() -> None:
    known = {kind for _, kind in RUNS.values()} | {"open"}
    assert {end for series in rates.load().series for ends in series.ends for end in ends} <= known
    assert {*rates.BAD, *rates.WELL} <= known


def test_a_small_measurement_of_the_head(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "taps", lambda *_: ())  # the head has no convolutions
    how = dataclasses.replace(benchmark.HOW, data=("digits",), seeds=(0,), val_images=100)
    kind = Series("pretrained", "keep", False, (HEAD,), "adamw", (), ())
    found = benchmark.measure(kind, (1e-3, 1e-2, 10.0), how)
    assert found.rates == (1e-2, 10.0)
    assert found.ends[1] == ("diverged",)
    assert found.ends[0][0] in WELL


def test_the_run_that_tries_a_rate_is_what_the_table_speaks_of() -> None:
    table = rates.load()
    for kind, grid in benchmark.kinds():
        settings = benchmark.settings_of(kind, grid[-1], "digits", 0, table.measured)
        (fits,) = (one for one in table.series if rates._fits(settings, len(settings.phases), one, table.measured))
        assert bare(fits) == kind


def test_validation_images_are_thinned_evenly() -> None:
    images = benchmark.images_of("digits", 0, dataclasses.replace(benchmark.HOW, val_images=50))
    assert len(images.val) == 50
    assert set(images.val.labels) == set(range(10))
    assert benchmark.HOW.epochs >= coach.FEWEST
