"""What the pages keep in the address: all of it in one table, and what of it outlives a change of settings."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from ftcore.errors import FtError
from ftcore.files import ROOT
from ftcore.settings import RunSettings
from tests.made import OpenPage, query_of, tied
from ui import address, sitemap

FILES = sorted([*(ROOT / "ui").rglob("*.py"), *(ROOT / "pages").glob("*.py")])
VALUES = {
    "run": "0" * 32, "guide": "3", "stage": "thaw", "lab": "layer4.1+head", "phase": "2", "guess": "lower",
    "layer": "softmax", "net": "lesson", "pick": "val-3", "exp": "kept-features", "lines": "freeze",
    "set": "0" * 32, "part": "tune",
}  # fmt: skip


def constants(node: ast.expr) -> Iterator[str]:
    """Names in an argument that goes into the address: a string, or the keys of a dict, joined ones too."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.Dict):
        yield from (key.value for key in node.keys if isinstance(key, ast.Constant))
    elif isinstance(node, ast.BinOp | ast.IfExp):
        for part in ast.iter_child_nodes(node):
            yield from (name for name in constants(part) if isinstance(part, ast.Dict))  # type: ignore[arg-type]


def of_call(node: ast.Call) -> Iterator[str]:
    """Names that a call reads from the address or writes to it."""
    where = ast.unparse(node.func)
    if "query_params." in where and not where.endswith(".to_dict"):
        named = node.args[:1] if where.endswith((".get", ".pop")) else node.args
        yield from (name for arg in named for name in constants(arg))
        yield from (k.arg for k in node.keywords if k.arg)
    if where in ("state.put", "put"):
        yield from (k.arg for k in node.keywords if k.arg)
    yield from (name for k in node.keywords if k.arg == "query_params" for name in constants(k.value))


def used() -> set[str]:
    """Every name that pages and their parts use in the address."""
    found: set[str] = set()
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                found |= set(of_call(node))
            elif isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith("query_params"):
                found |= set(constants(node.slice))
    return found


def test_the_table_has_every_name_in_the_address_and_no_other() -> None:
    assert used() == set(sitemap.OWN)
    assert set(VALUES) == set(sitemap.OWN)


def test_no_name_is_that_of_a_setting() -> None:
    assert not set(sitemap.OWN) & {field.name for field in dataclasses.fields(RunSettings)}
    assert len(sitemap.OWN) == len(sitemap.EVERYWHERE) + sum(len(entry.own) for entry in sitemap.ENTRIES)


def choosing() -> None:
    import streamlit as st

    from ui import address

    st.button("change", on_click=lambda: address.choose(**st.session_state["fields"]))


@pytest.mark.parametrize(
    ("fields", "void"),
    [
        ({"backbone": "resnet50"}, {"run", "lab"}),
        ({"data": "digits"}, {"run", "pick"}),
        ({"seed": 7}, {"run", "pick"}),
        ({"batch_size": 8}, {"run"}),
        ({"train_per_class": 9}, {"run"}),
        ({"backbone": "vgg16", "data": "digits"}, {"run", "lab", "pick"}),
    ],
)
def test_a_change_of_settings_keeps_what_still_means_something(fields: dict[str, object], void: set[str]) -> None:
    test = AppTest.from_function(choosing, default_timeout=300)
    test.session_state["fields"] = fields
    for name, value in VALUES.items():
        test.query_params[name] = value
    test.run().button[0].click().run()
    assert {name for name in VALUES if name in test.query_params} == set(VALUES) - void
    query = query_of(test)
    assert all(getattr(address.from_query(query), name) == value for name, value in fields.items())


@pytest.mark.parametrize("pick", ["upload", "camera", "draw", "set"])
def test_an_own_picture_outlives_another_set(pick: str) -> None:
    test = AppTest.from_function(choosing, default_timeout=300)
    test.session_state["fields"] = {"data": "digits"}
    test.query_params["pick"] = pick
    test.run().button[0].click().run()
    assert query_of(test)["pick"] == pick


def test_another_network_leaves_the_open_experiment_open(open_page: OpenPage) -> None:
    test = open_page("experiment", exp="kept-features")
    title = test.title[0].value
    assert title != "Experiments"
    tied(test.selectbox, "side-backbone").set_value("resnet50").run()
    assert test.title[0].value == title
    assert address.from_query(query_of(test)).backbone == "resnet50"


@pytest.mark.parametrize("name", ["labels", "data"])
def test_an_address_never_names_a_place_on_this_machine(name: str) -> None:
    own = dataclasses.replace(RunSettings(), data="/home/eva/cats", batch_size=8)
    assert address.own_pictures(own)
    assert name not in address.to_query(own)
    with pytest.raises(FtError, match=r"^A table of labels cannot come from an address"):
        address.from_query({"labels": "/etc/passwd", "batch_size": "8"})
    assert address.from_query(address.to_query(own)) == dataclasses.replace(own, data=RunSettings().data)
