"""The terminal command: `python -m ftcore train | resume | predict | list`.

It only reads arguments and prints; the work is the engine's.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from ftcore import backbones, datasets, features, longer, pictures, records, surgery, worker
from ftcore.events import (
    CacheProgress,
    DataFound,
    DataProgress,
    EpochEnd,
    Event,
    Recovered,
    RunEnd,
    StepProgress,
    to_dict,
)
from ftcore.settings import FtError, Phase, RunSettings


def main(argv: list[str] | None = None) -> int:
    """Run one command; exit status 0, or 2 with one sentence on stderr for bad input."""
    try:
        arguments = _parser().parse_args(argv)
        command: Callable[[argparse.Namespace], int] = arguments.command
        return command(arguments)
    except FtError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(
            "\nStopped. The finished epochs are kept: go on with `python -m ftcore resume RUN_FOLDER`.", file=sys.stderr
        )
        return 130


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        raise FtError(f"{message[:1].upper()}{message[1:]}; see python -m ftcore --help.")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m ftcore", description="Fine-tune a pretrained image classifier, block by block.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    t = commands.add_parser("train", help="run the classic lesson, or your own variant of it")
    t.set_defaults(command=_train)
    t.add_argument("--backbone", help="a name from `list`")
    t.add_argument("--data", help="a name from `list`, a folder of class folders, or a zip of one")
    t.add_argument("--settings", type=Path, metavar="FILE", help="start from a settings.json; other options change it")
    t.add_argument("--epochs", type=_numbers(int), metavar="5,10", help="epochs of each phase")
    t.add_argument("--lr", type=_numbers(float), metavar="1e-3,1e-4", help="learning rate of each phase")
    t.add_argument("--thaw", metavar="N", help="convolutional blocks to thaw in the last phase, or `all`")
    t.add_argument("--train-per-class", type=int, metavar="N", help="use only so many training images of each class")
    start = t.add_mutually_exclusive_group()
    start.add_argument("--pretrained", dest="weights", action="store_const", const="pretrained", help="the default")
    start.add_argument(
        "--random", dest="weights", action="store_const", const="random",
        help="from random weights: one phase of 15 epochs with everything trainable, unless other options say else",
    )  # fmt: skip
    t.add_argument("--seed", type=int)
    t.add_argument("--no-cache", action="store_true", help="compute frozen features anew in each epoch")
    t.add_argument("--out", type=Path, metavar="RUN_FOLDER", help="a folder that does not exist yet")
    t.add_argument("--json", action="store_true", help="print the events, one JSON object a line")
    r = commands.add_parser("resume", help="go on with a run after its last finished epoch")
    r.set_defaults(command=_resume)
    r.add_argument("run", type=Path, metavar="RUN_FOLDER")
    r.add_argument(
        "--epochs", type=_numbers(int), metavar="5,20",
        help="other epochs of each phase: more in the last that has begun (unless its rate follows a cosine)",
    )  # fmt: skip
    r.add_argument("--json", action="store_true", help="print the events, one JSON object a line")
    p = commands.add_parser("predict", help="class names and probabilities for pictures")
    p.set_defaults(command=_predict)
    p.add_argument("--run", type=Path, required=True, metavar="RUN_FOLDER")
    p.add_argument("images", nargs="+", type=Path, metavar="IMAGE")
    p.add_argument("--json", action="store_true", help="one JSON object a picture and line")
    show = commands.add_parser("list", help="backbones and datasets, and where the weights are")
    show.set_defaults(command=_list)
    return parser


def _numbers(kind: type) -> Callable[[str], tuple[float, ...]]:
    def numbers(text: str) -> tuple[float, ...]:
        return tuple(kind(part) for part in text.split(","))

    numbers.__name__ = f"{kind.__name__} list"
    return numbers


def settings_from(a: argparse.Namespace) -> RunSettings:
    """The settings that the arguments of `train` ask for."""
    base = RunSettings()
    if a.settings:
        try:
            base = RunSettings.from_json(a.settings.read_text("utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise FtError(f"{a.settings} cannot be read: name a settings.json, such as that of a run.") from error
    backbone, weights = a.backbone or base.backbone, a.weights or base.weights
    if a.settings and backbone == base.backbone and weights == base.weights and a.thaw is None:
        phases = base.phases
    else:
        phases = _phases(backbone, weights, a.thaw, a.epochs)
    for name in ("epochs", "lr"):
        if getattr(a, name):
            phases = _spread(phases, name, getattr(a, name))
    elsewhere = a.data and a.data not in datasets.CATALOGUE
    data = str(Path(a.data).expanduser().absolute()) if elsewhere else a.data  # a resume may start in another folder
    changes = {"data": data, "train_per_class": a.train_per_class, "seed": a.seed}
    if weights == "random" and base.weights != "random":
        changes["batch_norm"] = "update"
    if a.no_cache:
        changes["cache"] = False
    kept = {k: v for k, v in changes.items() if v is not None}
    return dataclasses.replace(base, backbone=backbone, weights=weights, phases=phases, **kept)


def _phases(backbone: str, weights: str, thaw: str | None, epochs: tuple[int, ...] | None) -> tuple[Phase, ...]:
    if weights == "random" and thaw is None and len(epochs or (15,)) == 1:
        return surgery.scratch(backbone)
    first, second = surgery.classic(backbone)
    if thaw == "all" or (thaw is None and weights == "random"):
        return (first, dataclasses.replace(second, trainable=surgery.every_block(backbone)))
    if thaw is not None and not re.fullmatch(r"[0-9]{1,4}", thaw):
        raise FtError(f"--thaw takes a number of blocks or 'all', not '{thaw}'.")
    return surgery.classic(backbone, int(thaw)) if thaw is not None else (first, second)


def _spread(phases: tuple[Phase, ...], name: str, values: tuple[float, ...]) -> tuple[Phase, ...]:
    if len(values) > len(phases):
        raise FtError(f"--{name} names {len(values)} values, but the run has {len(phases)} phases: give fewer.")
    if name == "epochs" and len(values) < len(phases):
        phases = phases[: len(values)]
    return tuple(
        dataclasses.replace(phase, **_one(name, values[i])) if i < len(values) else phase
        for i, phase in enumerate(phases)
    )


def _one(name: str, value: float) -> dict[str, Any]:
    return {name: value}


def _train(a: argparse.Namespace) -> int:
    settings = settings_from(a)
    surgery.check_settings(settings)
    datasets.summary(settings.data, train_per_class=settings.train_per_class, seed=settings.seed)
    return _work(records.new(settings, folder=a.out.absolute() if a.out else None), a.json)


def _resume(a: argparse.Namespace) -> int:
    folder = a.run.absolute()
    records.settings_of(folder)
    if a.epochs:
        longer.extend(folder, a.epochs)
    elif records.state_of(folder).state == "done" and worker.is_sound(folder):
        raise FtError("This run is finished: there is nothing to resume.")
    return _work(folder, a.json)


def _work(folder: Path, as_json: bool) -> int:
    show = _Lines() if as_json else _Bar(folder)

    def report(event: Event) -> None:
        records.append(folder, to_dict(event))
        show(event)

    def work() -> None:
        records.set_state(folder, "running")
        worker.execute(folder, report)

    code = worker.finish(folder, work)
    if code == worker.TAKEN:
        raise FtError("This run is going on in another process: wait for it or stop it there.")
    if code:
        raise FtError(worker.DISK_FULL_SAYS if code == worker.DISK_FULL else records.state_of(folder).message)
    return 0


class _Lines:
    """One JSON object a line."""

    def __call__(self, event: Event) -> None:
        print(json.dumps(to_dict(event)), flush=True)


class _Bar:
    """A progress bar that is renewed for each thing that takes long, and a line per epoch."""

    def __init__(self, folder: Path) -> None:
        print(f"Run folder: {folder}")
        self.bar: tqdm | None = None

    def __call__(self, event: Event) -> None:
        match event:
            case DataFound(says=says) | Recovered(says=says):
                print(says)
            case DataProgress(what=what, done=done, total=total):
                self._show(what, done, total)
            case CacheProgress(done=done, total=total, from_disk=False):
                self._show("Frozen features", done, total)
            case StepProgress(epoch=epoch, step=step, steps=steps):
                self._show(f"Epoch {epoch}", step, steps)
            case EpochEnd():
                self._close()
                print(
                    f"epoch {event.epoch:3d}  phase {event.phase}  train loss {event.train_loss:.3f} accuracy "
                    f"{event.train_accuracy:.3f}  validation loss {event.val_loss:.3f} accuracy {event.val_accuracy:.3f}"
                    f"  {event.seconds:.1f} s"
                )
            case RunEnd():
                self._close()
                print(f"test accuracy {event.test_accuracy:.3f}  {event.seconds:.1f} s  {event.folder}")
            case _:
                self._close()

    def _show(self, what: str, done: int, total: int) -> None:
        if self.bar is None or self.bar.desc != what + ": ":
            self._close()
            self.bar = tqdm(total=total, desc=what, leave=False, disable=None)
        self.bar.total = total
        self.bar.update(done - self.bar.n)

    def _close(self) -> None:
        if self.bar is not None:
            self.bar.close()
            self.bar = None


def _predict(a: argparse.Namespace) -> int:
    network, classes = worker.tuned_network(a.run.absolute())
    preprocess = backbones.preprocess(network.backbone)
    for path in a.images:
        image = pictures.prepare(pictures.read_picture(path), preprocess)
        with torch.no_grad():
            logits = network.run(features.pixels(image[None], preprocess, torch.device("cpu")))
        chances = torch.softmax(logits[0], 0).tolist()
        ranked = sorted(zip(classes, chances, strict=True), key=lambda pair: -pair[1])
        if a.json:
            record = {"image": str(path), "class": ranked[0][0], "probabilities": dict(ranked)}
            print(json.dumps(record, ensure_ascii=False))
        else:
            print(f"{path}: " + "  ".join(f"{name} {chance:.1%}" for name, chance in ranked[:5]))
    return 0


def _list(_: argparse.Namespace) -> int:
    print("Backbones")
    for name in backbones.CATALOGUE:
        rows, side = surgery.describe(name), backbones.preprocess(name).side
        size = sum(row.parameters for row in rows)
        print(
            f"  {name:24} {size:>11,} parameters  {side:3} px  {len(backbones.old_classes(name)):4} classes  "
            f"top-1 {backbones.accuracy(name):.1%}  {backbones.weights_state(name).sentence}"
        )
    print("Datasets")
    for name, found in datasets.CATALOGUE.items():
        print(f"  {name:24} {found.classes:4} classes  {found.note}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
