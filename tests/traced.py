"""A real finished run on handwriting, trained once, and its address."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest
import streamlit as st

from ftcore.runs import execute, records
from ftcore.settings import Phase, RunSettings
from tests.made import OWNER

TAIL = ("layer4.1", "head")
SETTINGS = dataclasses.replace(
    RunSettings(data="digits", train_per_class=6),
    phases=(Phase(epochs=2), Phase(name="Fine-tune", epochs=2, lr=1e-3, trainable=TAIL)),
)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A home with a real finished run on handwriting, and the run's id."""
    patch = pytest.MonkeyPatch()
    folder = tmp_path_factory.mktemp("traced")
    patch.setenv("THAW_HOME", str(folder))
    run = records.new(SETTINGS, OWNER)
    records.set_state(run, "queued")
    assert execute.finish(run, lambda: execute.execute(run, lambda e: records.append(run, e))) == 0
    patch.undo()
    return folder, run.name


@pytest.fixture
def run(made: tuple[Path, str], home: Path) -> str:
    """That run in the home of this test."""
    shutil.copytree(made[0], home, dirs_exist_ok=True)
    st.cache_resource.clear()
    return made[1]


def address(run: str, **more: str) -> dict[str, str]:
    return {**SETTINGS.to_query(), "run": run, **more}
