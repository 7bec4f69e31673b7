"""README.md held to the code: limits, settings of the environment, options and exit statuses are those that are."""

from __future__ import annotations

import argparse
import inspect
import re
import shlex
import tomllib
from collections.abc import Iterator

import pytest

from ftcore import __main__ as cli
from ftcore.data import pictures, zips
from ftcore.data.decoding import memory
from ftcore.data.layouts import tables
from ftcore.files import ROOT

README = (ROOT / "README.md").read_text("utf-8")
CODE = "\n".join(path.read_text("utf-8") for room in ("ftcore", "course") for path in (ROOT / room).rglob("*.py"))


@pytest.mark.parametrize(
    "said",
    [
        f"| a picture | {pictures.MAX_BYTES // 2**20} MB; {pictures.MAX_PIXELS // 10**6} megapixels",
        f"(JPEG and HEIC in tiles {memory.MAX_JPEG_PIXELS // 10**6}, HEIC in one piece about 25, WebP and AVIF about 12)",
        f"beyond {memory.WHOLE // 10**6} megapixels it is reduced",
        f"longer than {pictures.THIN:,} pixels and more than {pictures.MAX_SHAPE:,} times as long as wide",
        f"{zips.MAX_FILES:,} files, {zips.MAX_DEPTH} folders deep; a zip unpacks to {zips.MAX_UNPACKED // 2**30} GB",
        f"| a table of labels | {tables.MAX_BYTES // 2**20} MB, {tables.MAX_ROWS:,} lines |",
    ],
)
def test_limits_are_those_of_the_code(said: str) -> None:
    assert said in README


def test_the_limit_of_an_upload_is_that_of_a_picture() -> None:
    server = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))["server"]
    assert server["maxUploadSize"] == pictures.MAX_BYTES // 2**20
    assert f"| a picture on the Prediction trace | {server['maxUploadSize']} MB |" in README


def test_every_setting_of_the_environment_is_told() -> None:
    assert set(re.findall(r"\bTHAW_[A-Z_]+", CODE)) == set(re.findall(r"\bTHAW_[A-Z_]+", README))


def parsers(one: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """A parser and those of its commands, however deep."""
    yield one
    for action in one._subparsers._group_actions if one._subparsers else ():
        for below in action.choices.values():
            yield from parsers(below)


def test_every_option_that_is_told_exists() -> None:
    known = {word for one in parsers(cli._parser()) for word in one._option_string_actions}
    terminal = README[README.index("## In the terminal") : README.index("## Backbones")]
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", terminal)) <= known


@pytest.mark.parametrize("line", re.findall(r"^python -m ftcore (.+)$", README, flags=re.M))
def test_every_command_that_is_told_can_be_read(line: str) -> None:
    assert cli._parser().parse_args(shlex.split(line)).command


def test_exit_statuses_are_told() -> None:
    table = README[README.index("**Exit status**") : README.index("### Your own pictures")]
    used = {int(status) for status in re.findall(r"\breturn (\d+)\b", inspect.getsource(cli))}
    assert [int(row) for row in re.findall(r"^\| (\d+) \|", table, flags=re.M)] == sorted(used)
