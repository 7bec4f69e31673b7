"""Lines that attack: past the first wall, which would have refused each of them, against the process and its walls."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from course import exercises
from course.lines import runner, walls
from course.lines.runner import Program, Told
from ftcore.errors import FtError

PROGRAM = Program("head", "", "", ("model.trainable",))
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="these walls are Linux's")
ONE = next(one for one in exercises.load()[0] if one.id == "freeze")


def attack(lines: str) -> Told:
    return runner.run(PROGRAM, lines, 1, guarded=False)


def tried(*attempts: str) -> list[str]:
    """What each of many attempts met, in one process: the kind of its error, "done" without one."""
    body = f"import os, socket, subprocess, ctypes, gc\nmet = []\nfor one in {attempts!r}:\n"
    body += "    try:\n        exec(one, globals())\n        met.append('done')\n"
    body += "    except BaseException as error:\n        met.append(type(error).__name__)\n"
    told = attack(body + "raise ValueError(' '.join(met))")
    assert told.ended == "raised", told
    return told.why["said"].split()


def test_the_walls_stand_and_refuse_files_network_programs_and_the_way_to_the_checker(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"mine" * 10)
    python = [
        "open('/etc/passwd')", f"open({str(secret)!r})", f"open({str(secret)!r}, 'w')", f"os.remove({str(secret)!r})",
        f"os.rename({str(secret)!r}, 'here')", "os.listdir('/etc')", "socket.socket()", "subprocess.run(['ls'])",
        "socket.getaddrinfo('localhost', 80)", "os.system('ls')", "os.fork()", "os.execv('/bin/ls', ['ls'])",
        "os.kill(os.getppid(), 9)", "ctypes.CDLL(None)", "gc.get_objects()",
    ]  # fmt: skip
    beside = [  # C++ in torch opens files itself, without asking Python: there Landlock stands
        f"torch.from_file({str(secret)!r}, size=8, dtype=torch.uint8)", f"torch.save({{}}, {str(tmp_path / 'new.pt')!r})",
    ]  # fmt: skip
    met = tried(*python, *beside)
    assert [one for one, what in zip(python, met, strict=False) if what != "Refused"] == []
    assert secret.read_bytes() == b"mine" * 10
    stood = attack("x = 1").walls
    assert "audit" in stood
    if "landlock" in stood:
        assert met[len(python) :] == ["RuntimeError", "RuntimeError"]
        assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["secret"]


@LINUX
def test_no_process_is_left_and_no_file_of_the_scratch_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner.tempfile, "tempdir", str(tmp_path))
    told = attack("open('a.txt', 'w').write('x')\nwhile True:\n    torch.save({}, 'b.pt')")
    assert told.ended == "time"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("lines", "ended"),
    [
        ("x = []\nwhile True:\n    x.append(torch.ones(10**7))", "memory"),
        ("import os\nos._exit(0)", "left"),
        ("import os\nos.close(1)\nos.closerange(0, 100)", "left"),
        ("import os\nfor fd in range(3, 30):\n    try:\n        os.write(fd, b'x' * 2**20)\n    except OSError:\n        pass", "output"),
    ],
)  # fmt: skip
def test_each_end_has_its_name(lines: str, ended: str) -> None:
    told = attack(lines)
    assert (told.facts, told.ended) == (None, ended)


FORGED = json.dumps({"sign": "x", "walls": [], "printed": "", "facts": {"model.trainable": {"trainable": {}}}})


@pytest.mark.parametrize(
    "lines",
    [
        f"import os\nfor fd in range(3, 30):\n    try:\n        os.write(fd, {FORGED!r}.encode() + b'\\n')\n    except OSError:\n        pass\nos._exit(0)",
        "import sys\nsys.modules['course.lines.found'].trainable = lambda model: {'fc.weight': 5120, 'fc.bias': 11}\n"
        "sys.modules['course.lines.found'].PARTS['trainable'] = sys.modules['course.lines.found'].trainable",
        "nn.Module.named_parameters = lambda self, *a, **k: []",
        "import sys\nframe = sys._getframe()\nwhile frame:\n    for value in list(frame.f_locals.values()):\n"
        "        if isinstance(value, dict) and 'sign' in value:\n            value['looks'] = []\n    frame = frame.f_back",
    ],
)  # fmt: skip
def test_a_claim_is_not_a_pass(lines: str) -> None:
    """The process tells facts, and the verdict is made outside of it."""
    told = runner.run(ONE.program, lines, 1, guarded=False)
    assert told.facts is None or exercises.judged(ONE, told.facts, 1).key != "right"


def test_a_learners_lines_from_text_to_finding() -> None:
    outcome = exercises.check(ONE, ONE.answer + "\nprint(len(images), 'x' * 9000)")
    assert outcome.right
    assert outcome.printed.startswith("8 xxx")
    assert len(outcome.printed) <= 2000
    with pytest.raises(FtError, match="Only torch"):
        exercises.check(ONE, "import os")


def test_learners_wait_for_each_other_and_one_that_cannot_start_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner.sys, "executable", "/nowhere/python")
    with pytest.raises(FtError, match="cannot be run right now"):
        attack("x = 1")
    assert not runner._TURN.locked()


@pytest.mark.parametrize("said", [[], [b"ready\n"], [b"ready\n", b"[]\n"], [b"ready\n", b"{}\n"], [b"x", FORGED.encode()],
                                  [b"ready\n", FORGED.encode(), b"x\n"], [b"ready\n", b"[" * 90_000]])  # fmt: skip
def test_what_has_not_the_shape_that_it_should_is_nothing(said: list[bytes]) -> None:
    assert runner._read(said, "", "y", 1.0) == Told(ended="left", seconds=1.0)


def test_the_filter_leads_every_call_to_an_answer() -> None:
    for machine in ("x86_64", "aarch64"):
        steps = walls.program(machine)
        assert len(steps) < 256
        for call in (0, 1, 41, 56, 59, 220, 435, 1000):
            assert _run(steps, machine, call, 0) in (walls._ALLOW, walls._ERRNO | 1, walls._ERRNO | 38)
    assert walls.program("riscv64") == []
    x86 = walls.program("x86_64")
    assert {_run(x86, "x86_64", call, 0) for call in (41, 42, 56, 57, 58, 59, 62, 322)} == {walls._ERRNO | 1}
    assert _run(x86, "x86_64", 56, 0x10000) == _run(x86, "x86_64", 0, 0) == walls._ALLOW
    assert _run(x86, "aarch64", 0, 0) == _run(x86, "x86_64", 0x40000000, 0) == walls._ERRNO | 1
    assert _run(x86, "x86_64", 435, 0) == walls._ERRNO | 38


def _run(steps: list[tuple[int, int, int, int]], machine: str, call: int, flags: int) -> int:
    """The filter as the kernel reads it: number of the call at 0, architecture at 4, first argument at 16."""
    data, value, at = {0: call, 4: walls._MACHINES[machine][0], 16: flags}, 0, 0
    while True:
        code, yes, no, operand = steps[at]
        at += 1
        if code == walls._RETURN:
            return operand
        if code == walls._LOAD:
            value = data[operand]
        else:
            kinds = {walls._EQUAL: value == operand, walls._AT_LEAST: value >= operand}
            at += yes if kinds.get(code, bool(value & operand)) else no
