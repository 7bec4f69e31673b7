"""What people may type into a field or an address, drawn by hypothesis from what the fields say about themselves."""

from __future__ import annotations

from dataclasses import Field
from typing import Any

from hypothesis import strategies as st

from ftcore import fields
from ftcore.data import catalogue
from ftcore.network import backbones
from ftcore.settings import Phase, RunSettings

FIELDS = [(kind, f) for kind in (RunSettings, Phase) for f in fields.plain(kind)]
BLOCKS = ("head", "layer4.0", "layer4.1", "stem", "features.0", "pool", "nowhere")
NAMES = {"backbone": tuple(backbones.CATALOGUE), "data": tuple(catalogue.CATALOGUE), "trainable": BLOCKS}
ODD = ("", " ", "nan", "inf", "-0", "1e999", "1e-9", "1_0", "٣", "0x10", "1,5", "\udcff", "\x00", ":red[x]", "9" * 5000)


def numbers(f: Field[Any]) -> st.SearchStrategy[Any]:
    """Any number, those at the limits of the field among them."""
    low, high = f.metadata["low"], f.metadata["high"]
    edges = [n for limit in (low, high) for n in (limit - 1, limit, limit + 1, limit + 0.5)]
    return st.one_of(st.sampled_from(edges), st.integers(), st.floats())


def texts(f: Field[Any]) -> st.SearchStrategy[str]:
    """Any text, what the field takes among it."""
    meant = [*f.metadata["choices"], *NAMES.get(f.name, ()), "True", "0"]
    some = st.one_of(st.sampled_from(meant), st.sampled_from(ODD), st.text(max_size=30))
    return st.one_of(some, numbers(f).map(str)) if f.metadata["high"] else some


def values(f: Field[Any]) -> st.SearchStrategy[Any]:
    """Any value that JSON can hold, for this field."""
    several = st.lists(st.sampled_from(BLOCKS) | st.text(max_size=5), max_size=4).map(tuple)
    return st.one_of(texts(f), numbers(f), several, st.booleans(), st.none())


def _phase() -> st.SearchStrategy[str]:
    parts = [texts(f).map(f"{f.name}:".__add__) for kind, f in FIELDS if kind is Phase]
    return st.lists(st.one_of(*parts, st.text(max_size=9)), max_size=4).map(";".join)


def addresses() -> st.SearchStrategy[dict[str, str]]:
    """Any parameters: settings, phases, and what the program knows nothing of."""
    known = [st.tuples(st.just(f.name), texts(f)) for kind, f in FIELDS if kind is RunSettings]
    phases = st.tuples(st.integers(0, 10).map("p{}".format), _phase())
    others = st.tuples(st.text(max_size=5), st.text(max_size=9))
    return st.lists(st.one_of(phases, *known, others), max_size=5).map(dict)
