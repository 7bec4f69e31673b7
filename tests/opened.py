"""Fixtures of tests of the app: a home of its own for each, and a page opened in Streamlit's test harness."""

from __future__ import annotations

import functools
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
import torch
from streamlit.components.v2 import manifest_scanner
from streamlit.components.v2.manifest_scanner import scan_component_manifests
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from ftcore.costs import estimate
from ftcore.costs.estimate import Estimate
from ftcore.files import ROOT
from ftcore.runs import local, service
from tests.made import TOKEN, OpenPage


@pytest.fixture(scope="session", autouse=True)
def scanned() -> Iterator[None]:
    """Each page of the harness would look for components in all installed packages anew: 0.15 s, always the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", functools.cache(scan_component_manifests))
        yield


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty home, an expected time that needs no measurement, and workers that take a job and do nothing."""
    monkeypatch.setenv("THAW_HOME", str(tmp_path))
    monkeypatch.setattr(
        estimate, "of_run", lambda settings, counts=None: Estimate(10.0, (5.0,) * len(settings.phases), 120.0, 300.0)
    )
    monkeypatch.setattr(local, "_spawn", _idle)
    manager = functools.cache(lambda: service.Manager(1))
    monkeypatch.setattr(service, "_manager", manager)  # behind the lock of `manager`: two threads may ask at once
    torch.set_num_threads(1)
    st.cache_data.clear()
    yield tmp_path
    if manager.cache_info().currsize:
        manager().close()


def _idle() -> subprocess.Popen[str]:
    pipes = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], text=True, **pipes)


@pytest.fixture
def warm_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a server that has seen a visitor: each run of the harness would otherwise start in discovery mode."""
    begin = PagesManager.__init__

    def warmed(self: PagesManager, *args: Any, **more: Any) -> None:
        begin(self, *args, **more)
        PagesManager.uses_pages_directory = False

    monkeypatch.setattr(PagesManager, "__init__", warmed)


@pytest.fixture
def open_page(warm_server: None, monkeypatch: pytest.MonkeyPatch) -> OpenPage:
    """Open a page through app.py with parameters in its address."""
    monkeypatch.chdir(ROOT)

    def opened(page: str = "pipeline", **query: str) -> AppTest:
        test = AppTest.from_file(str(ROOT / "app.py"), default_timeout=300)
        test.session_state["thaw_token"] = TOKEN
        if page != "pipeline":
            test.switch_page(f"pages/{page}.py")
        for name, value in query.items():
            test.query_params[name] = value
        return test.run()

    return opened
