"""Every input of the form on Train live, and of the sidebar: a sentence beside its field or a run, never a dead page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import Field
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from tests import drawn
from tests.made import OpenPage, query_of
from ui import address

LABELS = {f.metadata["label"]: f for _, f in drawn.FIELDS if f.name not in ("name", "labels", "skip_bad")}
EXAMPLES = settings(derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])


def sent(f: Field[Any]) -> st.SearchStrategy[Any]:
    """What a browser could send for a setting; where it offers a list, the number of a choice."""
    if f.metadata["widget"]:
        return drawn.texts(f).filter(lambda text: text.isascii() or text.encode("utf-8", "ignore").decode() == text)
    if f.metadata["high"]:
        return st.none() | drawn.numbers(f).map(float).filter(lambda number: abs(number) < 1e308)
    return st.sampled_from(f.metadata["choices"]) if f.metadata["choices"] else st.integers(0, 9)


OTHER = {"Name in timm": st.sampled_from(["lcnet_050", "timm/lcnet_050", "lcnet", "hf-hub:x/y", "../..", "levit_128s"])}
CHOICES = st.fixed_dictionaries({"Plan": st.integers(0, 9), **OTHER, **{label: sent(f) for label, f in LABELS.items()}})


def inputs(page: AppTest) -> dict[str, Any]:
    """Every widget that is tied to a setting, in the form and in the sidebar, by what its key begins with."""
    kinds: tuple[Any, ...] = (page.number_input, page.selectbox, page.toggle, page.text_input, page.button_group)
    found = [one for kind in kinds for one in kind if str(one.key).startswith(("set-", "side-"))]
    return {str(one.key).rsplit("-", 1)[0]: one for one in found}


def give(widget: Any, value: Any) -> None:
    """Let a widget have this value, as if it had been chosen or typed."""
    if widget.type == "toggle":
        value = bool(value % 2)
    elif widget.type == "selectbox" and widget.proto.accept_new_options:
        widget.options.append(value)
    elif isinstance(value, int):
        value = widget.options[value % len(widget.options)]
    widget.set_value(value)


def fresh(page: AppTest) -> dict[str, Any]:
    """The widgets of the page as it is without anything in its address."""
    page.query_params.clear()
    page.run()
    return inputs(page)


def alive(page: AppTest) -> None:
    """The page stands: its settings are sound, and it can start a run."""
    assert not page.exception
    address.from_query(query_of(page))
    assert not page.button(key="start").disabled


def test_every_setting_of_the_form_is_among_the_choices(open_page: OpenPage) -> None:
    assert {widget.label for widget in inputs(open_page("train_live")).values()} == {"Plan", *OTHER, *LABELS}


def test_one_choice_is_taken_or_refused_beside_its_field(open_page: OpenPage) -> None:
    page = open_page("train_live")
    names = sorted(inputs(page))

    @settings(EXAMPLES, max_examples=60)
    @given(name=st.sampled_from(names), values=CHOICES)
    def choose(name: str, values: dict[str, Any]) -> None:
        widget = fresh(page)[name]
        give(widget, values[widget.label])
        page.run()
        alive(page)
        if page.error:
            (said,) = page.error
            assert said.value.replace("\\", "").startswith(f"{widget.label} ")
            assert "It stays as it was" in said.value
            assert query_of(page) == {}

    choose()


def test_choices_that_come_at_once_leave_a_page_that_can_start(open_page: OpenPage) -> None:
    page = open_page("train_live")

    @settings(EXAMPLES, max_examples=25)
    @given(values=CHOICES, rest=CHOICES)
    def choose(values: dict[str, Any], rest: dict[str, Any]) -> None:
        for name, widget in fresh(page).items():
            give(widget, (rest if "-p1-" in name else values)[widget.label])
        page.run()
        alive(page)
        fresh(page)
        assert not page.error, "told once, or not at all"

    choose()


def test_any_address_gives_a_page_or_a_sentence(open_page: OpenPage) -> None:
    page = open_page("train_live")
    texts: Callable[[str], bool] = lambda text: text.encode("utf-8", "ignore").decode() == text  # noqa: E731

    @settings(EXAMPLES, max_examples=60)
    @given(query=drawn.addresses())
    @example(query={"p1": "trainable:nowhere"})
    @example(query={"p1": "trainable:layer4.0", "backbone": "vgg16"})
    def visit(query: dict[str, str]) -> None:
        page.query_params.clear()
        for name, text in query.items():
            if texts(name + text) and name != "run":
                page.query_params[name] = text
        page.run()
        assert not page.exception
        assert page.error or not page.button(key="start").disabled

    visit()
