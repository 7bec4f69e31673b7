"""How the app is installed and started: fixed versions, one limit for uploads, open to this machine only."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from ftcore.data import pictures
from ftcore.files import ROOT

FREE = re.compile(r"pip|triton|nvidia-.*|cuda-.*")  # differ between builds of torch


def versions(path: Path) -> dict[str, str]:
    """The versions that a requirements file fixes."""
    lines = [line for line in path.read_text("utf-8").splitlines() if line and not line.startswith(("#", "-r"))]
    pairs = [line.split("==") for line in lines]
    return {canonicalize_name(name): version for name, version in pairs}


FIXED = versions(ROOT / "constraints.txt")
REQUIRED = versions(ROOT / "requirements.txt") | versions(ROOT / "requirements-dev.txt")


def pulled_in(name: str, seen: set[str]) -> Iterator[str]:
    """A distribution and all that it needs here, as far as it is installed."""
    if name in seen:
        return
    seen.add(name)
    yield name
    for text in metadata.requires(name) or ():
        needed = Requirement(text)
        if needed.marker is None or needed.marker.evaluate({"extra": ""}):
            yield from pulled_in(canonicalize_name(needed.name), seen)


def test_what_is_installed_fits_together() -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "No broken requirements found.")


def test_every_requirement_and_all_it_pulls_in_has_a_fixed_version() -> None:
    seen: set[str] = set()
    needed = {found for name in REQUIRED for found in pulled_in(name, seen) if not FREE.fullmatch(found)}
    assert needed <= set(FIXED)
    assert FIXED.items() >= REQUIRED.items()


def test_the_installed_versions_are_the_fixed_ones() -> None:
    here = {canonicalize_name(one.name): one.version.split("+")[0] for one in metadata.distributions()}
    assert {name: here[name] for name in FIXED if name in here} == {n: v for n, v in FIXED.items() if n in here}


@pytest.mark.parametrize("version", FIXED.values())
def test_a_fixed_version_holds_for_every_build(version: str) -> None:
    assert re.fullmatch(r"[0-9][0-9a-z.]*", version)


def config() -> dict[str, dict[str, object]]:
    return tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))


def test_uploads_have_one_limit() -> None:
    assert config()["server"]["maxUploadSize"] * 2**20 == pictures.MAX_BYTES  # type: ignore[operator]


def test_the_app_is_for_this_machine_unless_opened() -> None:
    assert config()["server"]["address"] == "localhost"
    assert config()["browser"]["serverAddress"] == "localhost"


@pytest.mark.parametrize(
    ("words", "address", "shown", "warned"),
    [
        ([], "localhost", "http://localhost:8501", False),
        (["PORT=9000"], "localhost", "http://localhost:9000", False),
        (["ADDRESS=0.0.0.0"], "0.0.0.0", "http://localhost:8501", True),
        (["ADDRESS=192.168.1.5", "PORT=9"], "192.168.1.5", "http://192.168.1.5:9", True),
    ],
)
def test_make_run_opens_the_app_only_when_told(words: list[str], address: str, shown: str, warned: bool) -> None:
    if shutil.which("make") is None:
        pytest.skip("no make on this machine")
    said = subprocess.run(["make", "-n", "run", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert f"--server.address {address} " in said
    assert f"Thaw is at {shown} " in said
    assert ("everybody there can use it" in said) == warned
