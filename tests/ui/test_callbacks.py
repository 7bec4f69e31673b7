"""What a widget calls can be refused in one sentence, never by an error that empties the page."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from ftcore.files import ROOT
from tests.made import query_of, tied

FILES = sorted([*(ROOT / "ui").rglob("*.py"), *(ROOT / "pages").glob("*.py")])


def bound(path: Path) -> Iterator[tuple[str, ast.expr]]:
    """Every `on_...` that is given to a widget, as an argument or in a dict of arguments, with what it is given."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            yield from ((k.arg, k.value) for k in node.keywords if k.arg)
        elif isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            yield from ((str(k.value), value) for k, value in pairs if isinstance(k, ast.Constant))


def safe(value: ast.expr) -> bool:
    """Bound through `guarded`, or Streamlit's own word for a rerun."""
    called = isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "guarded"
    return called or (isinstance(value, ast.Constant) and value.value == "rerun")


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_every_callback_is_guarded(path: Path) -> None:
    ours = {"on_pick"}  # what strip and gallery call from inside their own guarded callback
    found = [(name, value) for name, value in bound(path) if name.startswith("on_") and name not in ours]
    assert [f"{path.name}:{value.lineno} {name}" for name, value in found if not safe(value)] == []


def test_the_search_for_callbacks_finds_some() -> None:
    assert sum(name.startswith("on_") for path in FILES for name, _ in bound(path)) >= 15


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_no_click_is_asked_of_streamlit_itself(path: Path) -> None:
    nodes = [*ast.walk(ast.parse(path.read_text("utf-8")))]
    drawn = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    calls = [node for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    buttons = [node for node in calls if isinstance(node.func, ast.Attribute) and node.func.attr == "button"]
    assert [node.lineno for node in buttons if id(node) not in drawn] == []


def racing() -> None:
    import streamlit as st
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    from ui import callbacks

    with callbacks.one_drawing():
        context = get_script_run_ctx()
        assert context is not None
        context.session_state._state._reset_triggers()  # as the drawing before does where it ends only now
        st.checkbox("Hidden", key="hidden")
        shown = not st.session_state.hidden and callbacks.pressed("Go", key="go")
        st.text(f"{shown} {st.button('Bare', key='bare')}")


def test_a_click_outlives_the_end_of_the_drawing_before() -> None:
    test = AppTest.from_function(racing, default_timeout=60).run()
    assert test.text[0].value == "False False"
    test.button(key="go").click()
    test.button(key="bare").click().run()
    assert test.text[0].value == "True False", "Streamlit forgot the other one"
    assert test.run().text[0].value == "False False"


def test_a_click_on_what_is_not_there_any_more_is_let_go() -> None:
    test = AppTest.from_function(racing, default_timeout=60).run()
    test.button(key="go").click()
    assert test.checkbox(key="hidden").check().run().text[0].value == "False False"
    assert test.checkbox(key="hidden").uncheck().run().text[0].value == "False False"


def form() -> None:
    from ui import address, callbacks
    from ui.runs import form

    with callbacks.told():
        chosen = address.settings()
        callbacks.tell()
        form.draw(chosen, 500)


BAD_RATES = ("-1", "0", "11", "nan", "inf", "-inf", "1e999", "1e-9", "text", "", " ", "1,5", "**bold**", "9" * 400)


@pytest.mark.parametrize("typed", BAD_RATES)
def test_a_rate_that_cannot_be_is_refused_in_a_sentence(typed: str) -> None:
    test = AppTest.from_function(form, default_timeout=60).run()
    box = tied(test.selectbox, "set-p0-lr")
    box.options.append(typed)  # as a browser does with what is typed in
    box.set_value(typed).run()
    assert not test.exception
    (error,) = test.error
    assert error.value.startswith("Learning rate ")
    assert "between 1e\\-7 and 10" in error.value
    assert "It stays as it was:\u2060 1e\\-3" in error.value
    assert tied(test.selectbox, "set-p0-lr").value == "1e-3"
    assert "p1" not in test.query_params
    assert not test.run().error, "told once"


def test_a_rate_that_can_be_is_taken() -> None:
    test = AppTest.from_function(form, default_timeout=60).run()
    box = tied(test.selectbox, "set-p0-lr")
    box.options.append("0.004")
    box.set_value("0.004").run()
    assert not test.error
    assert "lr:0.004" in query_of(test)["p1"]


def test_an_address_damaged_meanwhile_is_told_by_the_page_that_follows() -> None:
    test = AppTest.from_function(form, default_timeout=60).run()
    tied(test.number_input, "set-run-seed").set_value(3)
    test.query_params["batch_size"] = "many"
    test.run()
    assert not test.exception
    (error,) = test.error
    assert "is no value for Batch size" in error.value


def moment() -> None:
    import streamlit as st

    from ftcore.errors import FtError
    from ui import callbacks

    def refuse(word: str) -> None:
        raise FtError(f"No {word} **here**: try again.")

    callbacks.tell()
    st.button("top", on_click=callbacks.guarded(refuse), args=("top",))
    st.button("low", on_click=callbacks.guarded(refuse, "low"), kwargs={"word": "low"})
    with callbacks.told():
        refuse("more")
    st.caption("the page goes on")
    callbacks.tell("low")


@pytest.mark.parametrize("place", ["top", "low"])
def test_what_was_refused_is_told_in_its_place_and_once(place: str) -> None:
    test = AppTest.from_function(moment, default_timeout=300).run()
    said = next(button for button in test.button if button.label == place).click().run()
    errors = [error.value.replace("\\", "").replace("\u2060", "") for error in said.error]
    words = ["top", "more"] if place == "top" else ["more", "low"]
    assert errors == [f"No {word} **here**: try again." for word in words]
    assert [caption.value for caption in said.caption] == ["the page goes on"]
    assert len(said.run().error) == 1
