"""The terminal command: `python -m ftcore train | resume | predict | data check | list`.

It only reads arguments and prints; the work is the engine's.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from ftcore.analysis import answers
from ftcore.data import catalogue, sets
from ftcore.data.splits import listed
from ftcore.errors import FtError
from ftcore.events import Event
from ftcore.files import home, version
from ftcore.names import shown, tidy
from ftcore.network import backbones
from ftcore.network.catalogue import OF_TIMM
from ftcore.network.describe import describe
from ftcore.numerals import several
from ftcore.runs import execute, longer, records, results, verdict
from ftcore.terminal import checked, console, options, risk, story
from ftcore.training import recipes


def main(argv: list[str] | None = None) -> int:
    """Run one command; exit status 0, or 2 with one sentence on stderr for bad input."""
    console.steady()
    try:
        if any("\0" in word for word in argv or ()):
            raise FtError("An argument holds a NUL character, which no name of a file can: leave it out.")
        arguments = _parser().parse_args(argv)
        command: Callable[[argparse.Namespace], int] = arguments.command
        return command(arguments)
    except FtError as error:
        console.complain(error)
        return 2
    except KeyboardInterrupt:
        console.complain("Stopped. The finished epochs are kept: go on with `python -m ftcore resume RUN_FOLDER`.")
        return 130
    except BrokenPipeError:  # whoever read the output has enough
        return 141
    except OSError as error:
        name = f"'{shown(str(error.filename))}'" if error.filename else "A file"
        console.complain(f"{name} cannot be read or written ({error.strerror or error}): check it and try again.")
        return 2
    except Exception as error:  # noqa: BLE001 - whatever it is, nobody is to be shown Python's own lines
        return _unforeseen(error)


def _unforeseen(error: Exception) -> int:
    log = home() / "error.log"
    with contextlib.suppress(OSError):
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("".join(traceback.format_exception(error)), "utf-8", "backslashreplace")
    console.complain(f"This was not foreseen ({type(error).__name__}): {log} says more; please report it.")
    return 1


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise FtError(f"{message[:1].upper()}{shown(message[1:], 300)}; see python -m ftcore --help.")

    def _print_message(self, message: str, file: object = None) -> None:
        console.say(message, end="")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m ftcore", description="Fine-tune a pretrained image classifier, block by block.")
    parser.add_argument("--version", action="version", version=f"Thaw {version()}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    t = commands.add_parser("train", help="run the classic lesson, or your own variant of it")
    t.set_defaults(command=_train)
    options.add(t)
    t.add_argument("--settings", type=Path, metavar="FILE", help="start from a settings.json; other options change it")
    t.add_argument("--thaw", metavar="N", help="blocks to thaw in the last phase, or `all`")
    start = t.add_mutually_exclusive_group()
    start.add_argument("--pretrained", dest="weights", action="store_const", const="pretrained", help="the default")
    start.add_argument(
        "--random", dest="weights", action="store_const", const="random",
        help="from random weights: one phase of 15 epochs with everything trainable, unless other options say else",
    )  # fmt: skip
    t.add_argument("--out", type=Path, metavar="RUN_FOLDER", help="a folder that does not exist yet")
    t.add_argument("--json", action="store_true", help="print the events, one JSON object a line")
    r = commands.add_parser("resume", help="go on with a run after its last finished epoch")
    r.set_defaults(command=_resume)
    r.add_argument("run", type=Path, metavar="RUN_FOLDER")
    r.add_argument(
        "--epochs", type=options.several(int), metavar="5,20",
        help="other epochs of each phase: more in the last that has begun (unless its rate follows a cosine)",
    )  # fmt: skip
    r.add_argument("--json", action="store_true", help="print the events, one JSON object a line")
    p = commands.add_parser("predict", help="class names and probabilities for pictures")
    p.set_defaults(command=_predict)
    p.add_argument("--run", type=Path, required=True, metavar="RUN_FOLDER")
    p.add_argument("images", nargs="+", type=Path, metavar="IMAGE", help="a picture, or a folder of pictures")
    shape = p.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="one JSON object a picture and line")
    shape.add_argument("--csv", action="store_true", help="CSV with a column for each class, in UTF-8")
    data = commands.add_parser("data", help="look at pictures of your own before training")
    check = data.add_subparsers(required=True, metavar="WHAT").add_parser("check", help="what should be mended")
    check.set_defaults(command=checked.run)
    checked.add(check)
    show = commands.add_parser("list", help="backbones and datasets, and where the weights are")
    show.set_defaults(command=_list)
    return parser


def _train(a: argparse.Namespace) -> int:
    settings = options.settings_from(a)
    recipes.check_settings(settings)
    per_class, seed, labels = settings.train_per_class, settings.seed, settings.labels
    sets.summary(settings.data, train_per_class=per_class, seed=seed, labels=labels)
    if a.data in catalogue.CATALOGUE and settings.data != a.data:
        console.complain(
            f"'{a.data}' is a folder here and is taken; for the built-in set say {catalogue.BUILT_IN}{a.data}."
        )
    for line in risk.warnings(settings):
        console.complain(line)
    return _work(records.new(settings, folder=a.out.absolute() if a.out else None), a.json)


def _resume(a: argparse.Namespace) -> int:
    folder = a.run.absolute()
    records.settings_of(folder)
    if a.epochs:
        longer.extend(folder, a.epochs)
    elif records.state_of(folder).state == "done" and results.is_sound(folder):
        raise FtError("This run is finished: there is nothing to resume.")
    return _work(folder, a.json)


def _work(folder: Path, as_json: bool) -> int:
    settings = records.settings_of(folder)
    show = story.Lines() if as_json else story.Story(folder, settings)

    def report(event: Event) -> None:
        records.append(folder, event)
        show(event)

    def work() -> None:
        records.set_state(folder, "running")
        execute.execute(folder, report)

    code = execute.finish(folder, work)
    if code == execute.TAKEN:
        raise FtError("This run is going on in another process: wait for it or stop it there.")
    if code:
        message = execute.DISK_FULL_SAYS if code == execute.DISK_FULL else records.state_of(folder).message
        bad = folder / execute.BAD_PICTURES
        if bad.exists() and not settings.skip_bad:
            message = f"{message.removesuffix('.')}, or leave out with --skip-bad what {bad} names."
        raise FtError(message)
    return 0


def _predict(a: argparse.Namespace) -> int:
    network, classes = results.tuned_network(a.run.absolute())
    doubt = verdict.doubt(a.run.absolute())
    if doubt:
        console.complain(doubt)
    if a.csv:
        console.as_utf8()
        console.say(console.csv_line(["file", "class", "probability", *classes]))
    paths, wrong = _meant(a.images)
    for answer in answers.answers(network, paths):
        if answer.wrong:
            wrong += 1
            console.complain(answer.wrong)
        else:
            console.say(_said(a, str(answer.path), classes, answer.chances, doubt))
    return 2 if wrong else 0


def _meant(given: Sequence[Path]) -> tuple[list[Path], int]:
    """The pictures that the arguments mean, in order, and how many arguments mean none."""
    paths, wrong = list[Path](), 0
    for one in given:
        try:
            pictures, others = answers.files(one)
        except FtError as error:
            wrong += 1
            console.complain(error)
            continue
        paths += pictures
        if others:
            names = listed([shown(str(path)) for path in others])
            console.complain(f"{several(len(others), 'file')} passed over, since no pictures: {names}.")
    return paths, wrong


def _said(a: argparse.Namespace, path: str, classes: Sequence[str], chances: Sequence[float], doubt: str | None) -> str:
    ranked = sorted(zip(classes, chances, strict=True), key=lambda pair: -pair[1])
    best, chance = ranked[0]
    if a.csv:
        return console.csv_line([path, best, *(f"{p:.6f}" for p in (chance, *chances))])
    if a.json:
        return console.json_line({"image": path, "class": best, "probabilities": dict(ranked), "doubt": doubt})
    return f"{tidy(path)}: " + "  ".join(f"{shown(name, 60)} {console.share(p)}" for name, p in ranked[:5])


def _list(_: argparse.Namespace) -> int:
    console.say("Backbones")
    for name in backbones.CATALOGUE:
        rows, side = describe(name), backbones.preprocess(name).side
        size, top1 = sum(row.parameters for row in rows), backbones.accuracy(name)
        told = f"top-1 {console.share(top1)}" if top1 is not None else "top-1 not told"
        console.say(
            f"  {name:24} {size:>11,} parameters  {side:3} px  {len(backbones.old_classes(name)):4} classes  "
            f"{told}  {backbones.weights_state(name).sentence}"
        )
    console.say(f"  Any other that timm knows can be named too, with {OF_TIMM} in front or without.")
    console.say("Datasets")
    for name, entry in catalogue.CATALOGUE.items():
        console.say(f"  {name:24} {entry.classes:4} classes  {entry.note}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
