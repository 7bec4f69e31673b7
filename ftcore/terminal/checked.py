"""`data check`: what is wrong with a folder or zip of pictures, in lines, and a table of it as it is after mending."""

from __future__ import annotations

import argparse
from pathlib import Path

from ftcore.data import catalogue
from ftcore.data.check import findings, mended
from ftcore.data.splits import passed_over
from ftcore.errors import FtError
from ftcore.names import shown, tidy
from ftcore.numerals import several
from ftcore.terminal import console, story

_MOST = 10  # lines of one finding


def add(parser: argparse.ArgumentParser) -> None:
    """The arguments of `data check`."""
    parser.add_argument("data", metavar="FOLDER|ZIP", help="class folders, with or without train/, val/ and test/")
    parser.add_argument("--labels", metavar="FILE", help="a table that names the class of each file")
    parser.add_argument(
        "--skip",
        action="append",
        default=[],
        metavar="FILE",
        help="leave this file or folder aside; as often as needed",
    )
    parser.add_argument(
        "--merge",
        action="append",
        default=[],
        metavar="OLD=NEW",
        help="take one class into another; as often as needed",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the splits, where the set brings none")
    parser.add_argument(
        "--table", type=Path, metavar="FILE",
        help="write files, classes and splits after mending, for `train --labels`; no copies on two sides of a split",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="one JSON object a finding and line")


def run(a: argparse.Namespace) -> int:
    """Print what was found; exit status 1 when something should be mended."""
    data = catalogue.meant(a.data)
    if data in catalogue.CATALOGUE:
        raise FtError(f"'{shown(a.data)}' is built in and needs no check: give a folder or a zip of pictures.")
    merge = [_pair(said) for said in a.merge]
    far = story.far()
    progress = None if a.json else far.show
    examined = mended.examine(Path(data), a.labels, skip=a.skip, merge=merge, seed=a.seed, progress=progress)
    far.end()
    if a.json:
        for one in examined.findings:
            said: dict[str, object] = {"kind": one.kind, "says": one.says, "cure": one.cure, "groups": one.groups}
            console.say(console.json_line(said))
    else:
        for line in _lines(examined):
            console.say(line)
    if a.table:
        rows = mended.write_table(examined, a.table, a.seed)
        say = console.complain if a.json else console.say
        file = tidy(str(a.table))
        say(f"{file} holds {several(rows, 'picture')} with class and split: train with --labels {file}.")
    return 1 if examined.findings else 0


def _pair(said: str) -> tuple[str, str]:
    old, sign, new = said.partition("=")
    if not sign or not old or not new:
        raise FtError(f"--merge takes two classes, OLD=NEW, not '{shown(said)}'.")
    return old, new


def _lines(examined: mended.Examined) -> list[str]:
    drawn = "" if examined.given else " The splits are drawn."
    lines = [f"{examined.title}: {findings.counted(examined.pictures)}{drawn}", *examined.notes]
    if examined.passed_over:
        lines.append(f"{passed_over(examined.passed_over)}.")
    for one in examined.findings:
        lines += ["", f"{one.says} {one.cure}"]
        lines += [f"  {tidy(' = '.join(group))}" for group in one.groups[:_MOST]]
        if len(one.groups) > _MOST:
            lines.append(f"  and {len(one.groups) - _MOST:,} more")
    kinds = len(examined.findings)
    return [*lines, "", f"{several(kinds, 'kind')} of trouble to mend." if kinds else "Nothing to mend."]
