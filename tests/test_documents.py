"""README, CONTRIBUTING and CHANGELOG held to the code: what they tell to run, where they point, what they count."""

from __future__ import annotations

import functools
import importlib.util
import os
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

from course import experiments, quiz
from ftcore import __main__ as cli
from ftcore import errors, files
from ftcore.analysis import steps
from ftcore.data import downloads
from ftcore.data.decoding import memory
from ftcore.data.own import budget
from ftcore.data.sketchbook import draw
from ftcore.files import ROOT
from ftcore.network import backbones
from ftcore.runs import execute, limits
from tests import test_structure
from ui import sitemap
from ui.lesson import stages
from ui.picture import chapters

TEXTS = {name: (ROOT / name).read_text("utf-8") for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")}
ALL = "\n".join(TEXTS.values())
BLOCKS = re.compile(r"^```\w*\n(.*?)^```$", flags=re.M | re.S)
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
CODE = "\n".join(path.read_text("utf-8") for room in ("ftcore", "course") for path in (ROOT / room).rglob("*.py"))


def _spans(text: str) -> list[str]:
    """What stands between backticks outside of blocks of code."""
    return re.findall(r"`([^`\n]+)`", BLOCKS.sub("", text))


SAID = [*_spans(ALL), *(line for block in BLOCKS.findall(ALL) for line in block.splitlines())]


# What is told to run


@pytest.mark.parametrize("line", sorted({said for said in SAID if re.search(r"(^|[A-Z]+=\S+ )make\b", said)}))
def test_what_make_is_told_is_in_the_makefile(line: str) -> None:
    variables, targets = re.findall(r"\b([A-Z]+)=", line), re.sub(r"\S+=\S+|\bmake\b", "", line).split()
    assert set(variables) <= set(re.findall(r"^([A-Z]+) \?=", MAKEFILE, flags=re.M))
    assert set(targets) <= set(re.findall(r"^([a-z]+):", MAKEFILE, flags=re.M))


TOLD = re.compile(r"\bpython3? -m ([\w.]+)((?: [^`#\n]*)?)")
MODULES = sorted({found for said in (*SAID, *MAKEFILE.splitlines()) for found in TOLD.findall(said)})
OURS = ("ftcore", "course", "benchmarks", "tests", "ui")


@functools.cache
def _help(module: str) -> str:
    command = [sys.executable, "-m", module, "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.parametrize(("module", "rest"), MODULES)
def test_a_module_that_is_told_to_run_answers_and_knows_its_options(module: str, rest: str) -> None:
    assert importlib.util.find_spec(module), module
    if module.partition(".")[0] in OURS:
        options = re.findall(r"--[a-z-]+", rest)
        known = _help(module) + " ".join(word for one in _commands().values() for word in one)
        assert [option for option in options if option not in known] == []
    for file in re.findall(r"[\w-]+\.(?:txt|py)\b", rest):
        assert (ROOT / file).is_file(), file


@functools.cache
def _commands() -> dict[str, set[str]]:
    """The commands of the terminal with their options."""
    found = cli._parser()._subparsers._group_actions[0].choices
    return {name: set(one._option_string_actions) for name, one in found.items()}


@pytest.mark.parametrize("said", sorted({s for s in _spans(ALL) if s.split()[0] in ("train", "resume", "predict")}))
def test_a_command_of_the_terminal_knows_the_options_it_is_told_with(said: str) -> None:
    assert set(re.findall(r"--[a-z-]+", said)) <= _commands()[said.split()[0]]


def test_the_engine_from_python(tmp_path: Path) -> None:
    (code,) = (block for block in BLOCKS.findall(TEXTS["README.md"]) if "import" in block)
    assert code.count("\n") <= 10
    environment = {**os.environ, "THAW_HOME": str(tmp_path), "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    *epochs, answer = done.stdout.splitlines()
    told = [re.fullmatch(r"epoch (\d+): ([\d.]+)% of the validation images", line) for line in epochs]
    assert [int(found[1]) for found in told if found] == list(range(1, 11))
    assert told[-1]
    assert float(told[-1][2]) > 60
    assert re.fullmatch(r"this is a \d", answer)


# Where it points


def _made() -> set[str]:
    """Files and folders that are made while the program runs, by the code that makes them."""
    return {*re.findall(r'home\(\) / "([\w.]+)"', CODE), execute.BAD_PICTURES, "model.safetensors", ".thaw"}


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_every_file_and_folder_that_is_named_is_there(name: str) -> None:
    said = {word for span in _spans(TEXTS[name]) if not span.startswith(("python", "-r")) for word in span.split()}
    said |= set(re.findall(r"\]\(([^)]+)\)", TEXTS[name]))
    paths = {
        word.rstrip("/")
        for word in said
        if re.fullmatch(r"[.\w-]+(/[.\w-]+)*(/|\.(py|txt|md|toml|json|log|png))", word)
    }
    paths |= {one for said in SAID if said.startswith("ls ") for one in said.split()[1:]}
    paths -= {*_made(), *re.findall(r"New file `(\S+)`", TEXTS[name]), ".thaw/runs"}
    rooms = (ROOT, ROOT / "ftcore", ROOT / "ui")
    assert len(paths) > 9
    assert {path for path in paths if not any((room / path).exists() for room in rooms)} == set()


def test_every_address_of_a_page_and_every_name_of_the_code_is_there() -> None:
    pages = {entry.path for entry in sitemap.ENTRIES}
    assert {found for span in _spans(ALL) for found in re.findall(r"^/(\w+)\?", span)} <= pages
    dotted = {span for span in _spans(ALL) if re.fullmatch(rf"({'|'.join(OURS)})(\.\w+)+", span)}
    assert all(map(pkgutil.resolve_name, dotted))  # raises where there is none


# What it counts

WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
NUMBER = f"({'|'.join(WORDS)}|[0-9][0-9,]*)"
COUNTED = {
    "N questions": len(quiz.load().questions),
    "questions in N kinds": len(quiz.KINDS),
    "N experiments": len(experiments.load()[0]),
    "N stages": len(stages.IDS),
    "N chapters": len(chapters.LAYERS),
    "N real steps": steps.STEPS,
    "N backbones": len(backbones.CATALOGUE),
    "N kinds of drawings": len(draw.CLASSES),
    "N torchvision sets": len(downloads.DOWNLOADS),
    "decoders share N MB": memory.ROOM // 2**20,
    "JPEGs of up to N megapixels": memory.MAX_JPEG_PIXELS // 10**6,
    "longer than N characters": errors.LONGEST,
    "longer than N lines": test_structure.LONGEST_FILE,
    "no function longer than N": test_structure.LONGEST_FUNCTION,
    "in N processes": int(re.findall(r"^TESTERS \?= (\d+)", MAKEFILE, flags=re.M)[0]),
}


@pytest.mark.parametrize("said", COUNTED)
def test_what_is_counted_is_what_there_is(said: str) -> None:
    pattern = re.compile(rf"\b{said.replace('N', NUMBER)}\b")
    found = {name: pattern.findall(text) for name, text in TEXTS.items()}
    found["CHANGELOG.md"] = found["CHANGELOG.md"][:1]  # the newest word on it; what was before stays as it was
    counts = [WORDS.index(n) if n in WORDS else int(n.replace(",", "")) for every in found.values() for n in every]
    assert counts
    assert set(counts) == {COUNTED[said]}


def test_the_backbones_of_torchvision_are_named() -> None:
    said = TEXTS["README.md"].split("## Backbones\n", 1)[1].split(" come with torchvision's", 1)[0].split("\n\n")[-1]
    titles = {entry.title.partition(",")[0] for entry in backbones.CATALOGUE.values() if entry.weights}
    assert set(re.split(r", | and ", said)) == titles


def test_defaults_of_the_environment_are_those_of_the_code() -> None:
    said = dict(re.findall(r"^\| `(THAW_\w+)` \| (\d+) \|", TEXTS["README.md"], flags=re.M))
    for name, default in said.items():
        (found,) = re.findall(rf'number_from_environment\("{name}", (\w+)\)', CODE)
        assert default == (
            found if found.isdecimal() else f"{getattr(limits, found, None) or getattr(budget, found):g}"
        ), name


# Which version this is


def test_the_version_is_that_of_the_newest_entry(capsys: pytest.CaptureFixture[str]) -> None:
    entries = re.findall(r"^## (\d+\.\d+\.\d+) - (\d{4}-\d{2}-\d{2})$", TEXTS["CHANGELOG.md"], flags=re.M)
    assert len(entries) == TEXTS["CHANGELOG.md"].count("\n## ")
    assert [date for _, date in entries] == sorted((date for _, date in entries), reverse=True)
    with pytest.raises(SystemExit) as end:
        cli.main(["--version"])
    assert (end.value.code, capsys.readouterr().out) == (0, f"Thaw {entries[0][0]}\n")
    assert files.version() == entries[0][0]
