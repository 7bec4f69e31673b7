"""Targets of `python -m benchmarks.fuzz`: each module makes the hostile inputs of one and tries what reads them."""

from __future__ import annotations

import importlib

from benchmarks.fuzzing.frame import Maker, Room

TARGETS = {  # name -> module with a function `setup`, imported where it is needed: some of them take seconds
    "zips": "benchmarks.fuzzing.zips",
    "folders": "benchmarks.fuzzing.folders",
    "pictures": "benchmarks.fuzzing.pictures",
    "settings": "benchmarks.fuzzing.choices",
    "weights": "benchmarks.fuzzing.states",
    "home": "benchmarks.fuzzing.homes",
}


def setup(target: str, room: Room) -> Maker:
    """Get a target ready in this room; what comes back makes its cases."""
    maker: Maker = importlib.import_module(TARGETS[target]).setup(room)
    return maker
