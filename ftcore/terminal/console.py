"""What goes to a terminal, a pipe or a file: whatever the other end can say or take, no printing ends in a traceback.

Knows nothing about runs or arguments.
"""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Sequence
from typing import TextIO

from ftcore.errors import FtError
from ftcore.names import tidy
from ftcore.numerals import percent


def steady() -> None:
    """Let both streams say every name, and fill closed ones, so that no file opened later takes their place."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def as_utf8() -> None:
    """From here on stdout is UTF-8, whatever the terminal's own encoding."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")


def say(text: str, end: str = "\n") -> None:
    """Print at once. Raises `BrokenPipeError` when the reader has gone, `FtError` when it cannot be written."""
    try:
        print(text, end=end, flush=True)
    except BrokenPipeError:
        hush(sys.stdout)
        raise
    except OSError as error:
        hush(sys.stdout)
        raise FtError(f"The output cannot be written ({error.strerror}): make room or send it elsewhere.") from error


def share(value: float) -> str:
    """A share in percent as on pages, without the signs that hold it together there."""
    return percent(value).replace("\u00a0", " ").replace("\u2060", "")


def complain(text: object) -> None:
    """One line on stderr, if there is one that takes it."""
    if sys.stderr is None:
        return
    try:
        print(tidy(str(text)), file=sys.stderr, flush=True)
    except OSError:
        hush(sys.stderr)


def hush(stream: TextIO | None) -> None:
    """Send what a broken stream still holds nowhere, since Python would trip over it when it closes down."""
    if isinstance(stream, io.TextIOWrapper):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def json_line(record: dict[str, object]) -> str:
    """A record as JSON on one line, in ASCII whatever is in it."""
    return json.dumps(record)


def csv_line(cells: Sequence[str]) -> str:
    """Cells as one row of CSV. An apostrophe goes before what a spreadsheet would take for a formula."""
    row = io.StringIO()
    csv.writer(row, lineterminator="\r\n").writerow(
        [f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell for cell in cells]
    )
    return row.getvalue().removesuffix("\r\n")
