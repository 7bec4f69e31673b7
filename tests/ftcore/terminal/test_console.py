"""Every command with every kind of stream and encoding at the other end, in processes whose streams are real.

One process imports the command and forks a child for each. A child ends as Python does, with the flush and what a
failed flush costs, but does not take its modules apart: in a fork that takes longer than most commands.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from ftcore.events import EpochEnd, Event
from ftcore.files import ROOT
from ftcore.runs import execute, records, verdict
from ftcore.settings import Phase, RunSettings
from ftcore.terminal import console
from tests.conftest import furnish

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
LAUNCH = f"""
import atexit, json, os, sys
sys.path.insert(0, {str(ROOT)!r})
from ftcore.__main__ import main
codes = []
for words in json.loads(os.environ["COMMANDS"]):
    child = os.fork()
    if not child:
        code = main(words)
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            try:
                if stream is not None and not stream.closed:
                    stream.flush()
            except Exception as error:
                code = 120
                print(f"Exception ignored while flushing: {{error}}", file=sys.__stderr__)
        os._exit(code)
    codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
with open(os.environ["CODES"], "w") as file:
    json.dump(codes, file)
"""
NAMES = {"red": "кошка", "green": "naïve", "blue": b"\xe9t\xe9"}
ODD = b"caf\xe9.png"
TRAIN = ["train", "--data", "PICTURES", "--backbone", RunSettings().backbone, "--epochs", "1"]
# Command -> what it is called with; RUN, HALF, PICTURES, OUT are filled in.
COMMANDS = {
    "train": [*TRAIN, "--out", "OUT1"],
    "train json": [*TRAIN, "--out", "OUT2", "--json"],
    "resume": ["resume", "HALF1"],
    "resume json": ["resume", "HALF2", "--json"],
    "predict": ["predict", "--run", "RUN", "PICTURES"],
    "predict json": ["predict", "--run", "RUN", "PICTURES", "--json"],
    "predict csv": ["predict", "--run", "RUN", "PICTURES", "--csv"],
    "help": ["train", "--help"],
    "nothing": [],
}
FAILING = {**COMMANDS, "list": ["list"]}  # where it ends at its first line: to the end it takes long
FINE = {name: 2 if name == "nothing" else 0 for name in COMMANDS}
# Each way to print once, for streams on which all commands fail alike.
FEW = {name: COMMANDS[name] for name in ("train json", "resume", "predict", "predict csv", "nothing")}
SAYING = {name: COMMANDS[name] for name in ("train", "train json", "predict", "predict json", "predict csv", "nothing")}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, make_folder: Callable[..., Path], stock: Path) -> Iterator[Path]:
    """A home with a finished run `done` and a stopped one `half` on classes and files with names of all kinds."""
    place = tmp_path_factory.mktemp("console")
    furnish(place / "home", stock)
    pictures = make_folder(place / "pictures", 6)
    for old, new in NAMES.items():
        os.rename(os.fsencode(pictures / old), os.path.join(os.fsencode(pictures), os.fsencode(new)))
    os.rename(pictures / "кошка" / "00.png", os.path.join(os.fsencode(pictures / "кошка"), ODD))
    settings = RunSettings(data=str(pictures), phases=(Phase(epochs=2, lr=1e-2),), batch_size=8)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("THAW_HOME", str(place / "home"))
        for name, last in (("half", 1), ("done", 3)):
            folder = records.new(settings, folder=place / name)
            execute.finish(folder, lambda: execute.execute(folder, until(folder, last)))  # noqa: B023
        assert verdict.doubt(place / "done") is None
        yield place


def until(folder: Path, last: int) -> Callable[[Event], None]:
    def report(event: Event) -> None:
        records.append(folder, event)
        if isinstance(event, EpochEnd) and event.epoch == last:
            raise execute.StopRun

    return report


@dataclass(frozen=True)
class Told:
    """The exit status of each command, and what all of them said on stdout and stderr, where that was kept."""

    codes: dict[str, int]
    out: bytes
    err: bytes


def run(
    place: Path, folder: Path, redirect: str, commands: Mapping[str, list[str]] = COMMANDS, **env: str
) -> Told:  # fmt: skip
    """All commands with their streams as the shell's `redirect` says; OUT and ERR in it are files that are read."""
    words = json.dumps(list(commands.values()))
    for name in ("OUT1", "OUT2", "HALF1", "HALF2"):
        words = words.replace(f'"{name}"', json.dumps(str(folder / name)))
    words = words.replace('"RUN"', json.dumps(str(place / "done")))
    words = words.replace('"PICTURES"', json.dumps(str(place / "pictures")))
    for name in ("HALF1", "HALF2"):
        shutil.copytree(place / "half", folder / name)
    out, err = folder / "out", folder / "err"
    around = {**os.environ, "COMMANDS": words, "CODES": str(folder / "codes"), "THAW_HOME": str(place / "home")}
    around |= {"OMP_NUM_THREADS": "1", "LAUNCH": LAUNCH, "OUT": str(out), "ERR": str(err), **env}
    line = f'"{sys.executable}" -c "$LAUNCH" {redirect}'
    done = subprocess.run(["bash", "-c", line], env=around, capture_output=True, cwd=folder)
    kept = [file.read_bytes() if file.exists() else piped for file, piped in ((out, done.stdout), (err, done.stderr))]
    return Told(dict(zip(commands, json.loads((folder / "codes").read_text()), strict=True)), *kept)


def sentences(err: bytes) -> list[bytes]:
    assert b"Traceback" not in err
    assert b"Exception" not in err
    assert b"\x1b" not in err
    assert all(line.endswith(b".") for line in err.splitlines())
    return err.splitlines()


@pytest.mark.parametrize("redirect", ["", '>"$OUT" 2>"$ERR" <&-'])
def test_streams_that_are_no_terminal(place: Path, tmp_path: Path, redirect: str) -> None:
    told = run(place, tmp_path, redirect)
    assert told.codes == FINE
    assert len(sentences(told.err)) == 1
    assert told.out.startswith(b"3 classes: ")
    plain = told.out[: told.out.index(b'{"event"')].decode()
    assert [line.split()[0] for line in plain.splitlines()] == ["3", "Run", "epoch", "test"]


@pytest.mark.parametrize("redirect", ["2>&-", "2>/dev/full", "2> >(exec <&-)", ">&- 2>&-"])
def test_nobody_hears_complaints(place: Path, tmp_path: Path, redirect: str) -> None:
    told = run(place, tmp_path, redirect, FEW)
    assert told.codes == {name: FINE[name] for name in FEW}
    assert told.err == b""
    assert b"python -m ftcore --help" not in told.out
    for name in ("OUT2", "HALF1"):
        assert records.state_of(tmp_path / name).state == "done"


def test_output_that_is_closed_is_no_error(place: Path, tmp_path: Path) -> None:
    told = run(place, tmp_path, '>&- 2>"$ERR"', FEW)
    assert told.codes == {name: FINE[name] for name in FEW}
    assert len(sentences(told.err)) == 1


def test_a_full_device_is_one_sentence_each(place: Path, tmp_path: Path) -> None:
    told = run(place, tmp_path, '>/dev/full 2>"$ERR"', FAILING)
    assert set(told.codes.values()) == {2}
    said = sentences(told.err)
    assert len(said) == len(FAILING)
    assert sum(b"The output cannot be written (No space left on device)" in line for line in said) == len(COMMANDS)


def test_a_reader_that_has_gone_ends_quietly(place: Path, tmp_path: Path) -> None:
    told = run(place, tmp_path, '2>"$ERR" > >(exec <&-; sleep 0.1)', FAILING)
    assert told.codes == {name: 2 if name == "nothing" else 141 for name in FAILING}
    assert len(sentences(told.err)) == 1


@pytest.mark.parametrize("mode", [[], ["--json"]])
def test_head_takes_the_first_line_and_the_run_can_go_on(place: Path, tmp_path: Path, mode: list[str]) -> None:
    words = [*TRAIN, "--out", str(tmp_path / "run"), *mode]
    words[words.index("PICTURES")] = str(place / "pictures")
    around = {**os.environ, "THAW_HOME": str(place / "home"), "OMP_NUM_THREADS": "1"}
    line = f'"{sys.executable}" -m ftcore "$@" | head -1; exit ${{PIPESTATUS[0]}}'
    done = subprocess.run(["bash", "-c", line, "bash", *words], env=around, capture_output=True, cwd=ROOT)
    assert (done.returncode, done.stdout.count(b"\n"), done.stderr) == (141, 1, b"")
    assert records.state_of(tmp_path / "run").state == "interrupted"


ENCODINGS = {
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "cp1252": {"PYTHONIOENCODING": "cp1252"},
    "C": {"LC_ALL": "C"},
}


@pytest.mark.parametrize("name", ENCODINGS)
def test_names_that_the_terminal_cannot_say(place: Path, tmp_path: Path, name: str) -> None:
    told = run(place, tmp_path, '>"$OUT" 2>"$ERR"', SAYING, **ENCODINGS[name])
    assert told.codes == {name: FINE[name] for name in SAYING}
    assert len(sentences(told.err)) == 1
    rows = [line for line in told.out.splitlines() if line.startswith(b"{")]
    assert all(line.isascii() for line in rows)
    found = [json.loads(line) for line in rows]
    assert found[0]["classes"] == ["?t?", "naïve", "кошка"]
    assert os.fsencode(next(r["image"] for r in found if "caf" in r.get("image", ""))).endswith(ODD)
    assert "file,class,probability,?t?,naïve,кошка".encode() in told.out.splitlines()


@pytest.mark.parametrize(
    ("cell", "row"),
    [
        ("a.png", "a.png"), ("a,b", '"a,b"'), ('a"b', '"a""b"'), ("a\nb", '"a\nb"'), ("a\rb", '"a\rb"'), ("", '""'),
        ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@SUM(A1)", "'@SUM(A1)"), ("\tx", "'\tx"), ("a=1", "a=1"),
    ],
)  # fmt: skip
def test_a_cell_is_never_a_formula(cell: str, row: str) -> None:
    assert console.csv_line([cell]) == row
