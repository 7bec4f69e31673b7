"""A rate that is known to end badly is told before the start, where it is set, with one that went well."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ftcore import rates
from ftcore.rates import Risk
from ftcore.settings import RunSettings
from tests.made import OpenPage, query_of
from ui import address

HEAD, TUNE = RunSettings().phases


def at(head: float = HEAD.lr, tune: float = TUNE.lr) -> RunSettings:
    return RunSettings(phases=(dataclasses.replace(HEAD, lr=head), dataclasses.replace(TUNE, lr=tune)))


def warned(test: Any) -> list[str]:
    return [one.value for one in test.warning]


def risks(settings: RunSettings) -> tuple[Risk, ...]:
    return rates.risks(settings, rates.load())


def test_the_warning_shows_for_10_and_the_button_takes_what_went_well(open_page: OpenPage) -> None:
    test = open_page("train_live", **address.to_query(at(tune=10.0)))
    (risk,) = risks(at(tune=10.0))
    (said,) = warned(test)
    assert f"at 10:** in {len(risk.ends)} of {len(risk.ends)} short runs" in said
    assert not test.button(key="start").disabled
    test.button(key="take-form-2").click().run()
    assert not test.exception
    assert warned(test) == []
    assert address.from_query(query_of(test)) == at(tune=risk.well)


def test_each_phase_has_its_own_warning(open_page: OpenPage) -> None:
    test = open_page("train_live", **address.to_query(at(10.0, 5.0)))
    assert len(warned(test)) == 2
    assert ":** already at " in warned(test)[1]
    test.button(key="take-form-1").click().run()
    assert address.from_query(query_of(test)) == at(risks(at(10.0))[0].well, 5.0)
    assert len(warned(test)) == 1


@pytest.mark.parametrize("page", ["train_live", "freeze_lab", "pipeline"])
def test_nothing_is_told_at_the_default(page: str, open_page: OpenPage) -> None:
    assert warned(open_page(page)) == []


@pytest.mark.parametrize(("page", "key"), [("freeze_lab", "lab"), ("pipeline", "lesson")])
def test_other_pages_that_start_such_a_run_warn_too(page: str, key: str, open_page: OpenPage) -> None:
    test = open_page(page, **address.to_query(at(tune=10.0)))
    assert len(warned(test)) == 1
    test.button(key=f"take-{key}-2").click().run()
    assert warned(test) == []
    assert address.from_query(query_of(test)) == at(tune=risks(at(tune=10.0))[0].well)
