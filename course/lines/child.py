"""The process in which a learner's lines run: `python -I child.py`, a job as JSON on stdin, what was found on stdout.

It builds what the shown code finds, says "ready", puts up the walls and runs the lines among the shown ones. It tells
plain facts and judges nothing: whoever cheats here can but claim facts, and those that the engine gets from the same
seed have to be worked out first.
"""

from __future__ import annotations

import builtins
import contextlib
import io
import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

MOST_SAID, MOST_PRINTED = 300, 2000  # characters


def main() -> None:
    """Read the job, get ready, run, tell."""
    job = json.loads(sys.stdin.readline())
    sys.path.insert(0, job["root"])
    tell = _pipe()
    from course.lines import found, given, reading, walls  # all of it before the walls stand

    assert found
    assert reading

    names = given.make(job["exercise"], job["seed"]).names
    _warm(names["torch"])
    made = walls.build(Path(job["scratch"]))
    tell("ready")
    result = run(job, names)
    tell(json.dumps({"sign": job["sign"], "walls": made, **result}))


def _pipe() -> Callable[[str], None]:
    """A pipe of its own for what is told; what lines or libraries print goes nowhere."""
    pipe, nowhere = os.dup(1), os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    write = os.write

    def tell(text: str) -> None:
        data = text.encode("ascii") + b"\n"
        while data:
            data = data[write(pipe, data) :]

    return tell


def _warm(torch: Any) -> None:
    """What torch imports when it is first used, while it still can."""
    weight = torch.nn.Parameter(torch.ones(2))
    for kind in (torch.optim.AdamW, torch.optim.Adam, torch.optim.SGD):
        optimizer = kind([weight], lr=0.1)
        (weight * 2).sum().backward()
        optimizer.step()
        optimizer.zero_grad()
    file = io.BytesIO()
    torch.save({"weight": weight}, file)
    file.seek(0)
    torch.load(file)
    with torch.inference_mode():
        repr(torch.nn.functional.softmax(weight, 0))


def run(job: Mapping[str, Any], names: dict[str, Any]) -> dict[str, Any]:
    """Run the shown lines and the learner's as one program; its facts, or what ended it and in which line.

    The facts are read as soon as the program is over. `guarded` false leaves the builtins as they are, for lines that
    attack the walls behind.
    """
    from course.lines import found, reading, walls

    first = job["before"].count("\n") + 1 if job["before"] else 0
    whole = "\n".join(part for part in (job["before"], job["lines"], job["after"]) if part)
    printed = io.StringIO()
    names["__builtins__"] = _builtins(reading.BUILTINS, printed) if job["guarded"] else builtins
    told: dict[str, Any] = {}
    try:
        exec(compile(whole, "lines", "exec", dont_inherit=True), names)  # noqa: S102 - what all the walls are for
        told["facts"] = found.of(names, tuple(job["looks"]))
    except walls.Refused as error:
        told = {"ended": "forbidden", "why": {"said": str(error)[:MOST_SAID]}}
    except BaseException as error:  # noqa: BLE001 - lines may raise anything, `SystemExit` included
        told = _ended(error, whole.split("\n"), first, job["lines"].count("\n") + 1)
    return {**told, "printed": printed.getvalue()[:MOST_PRINTED]}


def _builtins(listed: tuple[str, ...], printed: io.StringIO) -> dict[str, Any]:
    def say(*values: object, sep: str = " ", end: str = "\n", **_: object) -> None:
        if printed.tell() < MOST_PRINTED:
            printed.write((sep.join(str(value)[:MOST_PRINTED] for value in values) + end)[:MOST_PRINTED])

    def find(name: str, *_: object) -> Any:
        import torch

        return torch if name.split(".")[0] == "torch" else None

    own = {name: getattr(builtins, name) for name in listed}
    return {**own, "print": say, "__import__": find}


def _ended(error: BaseException, whole: list[str], first: int, count: int) -> dict[str, Any]:
    """What was raised, in a line, and where: in a line of the learner's by its number, or in a shown one after it."""
    said = ""
    with contextlib.suppress(BaseException):
        said = " ".join(str(error).split())[:MOST_SAID]
    if isinstance(error, MemoryError) or "not enough memory" in said or "can't allocate memory" in said:
        return {"ended": "memory", "why": {}}
    if isinstance(error, SystemExit):
        return {"ended": "left", "why": {}}
    at, trace = first + 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "lines":
            at = trace.tb_lineno
        trace = trace.tb_next
    why = {"kind": type(error).__name__[:60], "said": said}
    if at > first + count:
        return {"ended": "then", "why": {**why, "code": whole[at - 1].strip()[:MOST_SAID]}}
    return {"ended": "raised", "why": {**why, "line": at - first}}


if __name__ == "__main__":
    main()
