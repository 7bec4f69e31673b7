"""Whatever is typed or stands in an address: settings that hold in every form, or one sentence."""

from __future__ import annotations

import contextlib
from dataclasses import Field
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ftcore import fields, names
from ftcore.errors import FtError
from ftcore.settings import RunSettings
from ftcore.training import recipes
from tests import drawn
from ui import address

MANY = settings(
    max_examples=100, derandomize=True, deadline=None, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
NUMBERS = [f for _, f in drawn.FIELDS if f.metadata["high"]]


def is_a_sentence(said: str) -> bool:
    """Does it say something, fit for any place?"""
    return said == names.tidy(said) and 20 < len(said) <= 1000 and said.endswith(".")


@contextlib.contextmanager
def refused_in_a_sentence() -> Any:
    """What is raised must be one."""
    try:
        yield
    except FtError as error:
        said = str(error)
    else:
        return
    assert is_a_sentence(said), said


@pytest.mark.parametrize(("kind", "f"), drawn.FIELDS, ids=lambda v: getattr(v, "name", ""))
@MANY
@given(data=st.data())
def test_any_value_of_a_setting_is_taken_or_refused(kind: type[Any], f: Field[Any], data: st.DataObject) -> None:
    value = data.draw(drawn.values(f))
    with refused_in_a_sentence():
        made = kind(**{f.name: value})
        assert not f.metadata["high"] or f.metadata["low"] <= getattr(made, f.name) <= f.metadata["high"]
        run = made if kind is RunSettings else RunSettings(phases=(made,))
        assert RunSettings.from_json(run.to_json()) == run
        assert RunSettings.from_query(run.to_query()) == run


@pytest.mark.parametrize("f", NUMBERS, ids=lambda f: f.name)
@MANY
@given(data=st.data())
def test_any_text_in_a_field_for_numbers_is_one_or_refused(f: Field[Any], data: st.DataObject) -> None:
    with refused_in_a_sentence():
        assert isinstance(fields.typed(f, data.draw(drawn.texts(f))), float)


@settings(MANY, max_examples=1000)
@given(query=drawn.addresses())
@example(query={"p0": "", "backbone": "efficientnet_lite0"})  # which is no phase
@example(query={"augmentation": "fixed", "views": "32", "mirror": "False", "mixup": "1e-9"})  # which mixes nothing
def test_any_address_gives_settings_or_a_sentence(query: dict[str, str]) -> None:
    with refused_in_a_sentence():
        made = address.from_query(query)
        assert address.from_query(address.to_query(made)) == made
        recipes.check_settings(made)
