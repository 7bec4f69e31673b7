"""What this machine does best and how fast, from short measurements that are kept on disk.

Which convolutions train faster by taps, how long each block takes, and from that how long a run will take. The
measurement may have been disturbed by other work, so the epochs of real runs correct it: see `Pace`.
This module knows nothing about processes or pages.
"""

from __future__ import annotations

import contextlib
import functools
import json
import math
import statistics
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from ftcore.data import builtin, sets
from ftcore.events import CacheSkipped, EpochEnd, Event, PhaseEnd
from ftcore.files import derived, home, whole
from ftcore.network import backbones, surgery, tapconv
from ftcore.network.blocks import Block, Network
from ftcore.network.surgery import BlockInfo
from ftcore.preprocess import Preprocess
from ftcore.settings import Phase, RunSettings
from ftcore.training.loop import SAMPLE, make_optimizer, pick_device

LOCK = threading.Lock()
PACES = 5
TELLING = 1.0
FURTHEST = 5.0
_T = TypeVar("_T")


@dataclass(frozen=True)
class Cost:
    """Seconds per image of one block: forward alone, and forward with backward while its weights learn."""

    forward: float
    train: float


@dataclass(frozen=True)
class Estimate:
    """Expected seconds of a run: making the features once, then each phase, then all together.

    `plain` is the whole without kept features. `drawing` is the time to draw a generated set the first time; it
    counts in `seconds` and `plain`. All of it rests on a measurement on this machine.
    """

    cache: float
    phases: tuple[float, ...]
    seconds: float
    plain: float
    drawing: float = 0.0


def _about() -> str:
    return f"{pick_device().type} {torch.__version__} {torch.get_num_threads()} threads"


def _kept(name: str, measure: Callable[[], Any], build: Callable[[Any], _T]) -> _T:
    """A measurement by name: from disk if this machine and these versions made it and `build` takes it, else new."""
    path = home() / "machine.json"
    with LOCK:
        found = derived(lambda: build(_read(path)[name]))
        return build(_keep(path, name, measure())[name]) if found is None else found


def _keep(path: Path, name: str, value: Any) -> dict[str, Any]:
    known = {**_read(path), name: value}
    with contextlib.suppress(OSError):  # not kept on a full disk: measured again next time
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole(path) as file:
            file.write(json.dumps({"machine": _about(), "known": known}, indent=1).encode())
    return known


def _read(path: Path) -> dict[str, Any]:
    return derived(lambda: _known(json.loads(path.read_bytes()))) or {}


def _known(record: Any) -> dict[str, Any]:
    return dict(record["known"]) if record["machine"] == _about() else {}


def _positive(value: Any) -> float:
    """A kept number of seconds, or a ratio of them."""
    if type(value) not in (int, float) or not 0 <= value < math.inf:
        raise ValueError("no measurement")
    return float(value)


def kernels(network: Network, batch: int) -> tuple[str, ...]:
    """The convolutions of this network that train faster by taps on this machine at this batch size."""
    preprocess = backbones.preprocess(network.backbone)
    mode = network.model.training

    def measure() -> list[str]:
        x = torch.zeros(1, 3, preprocess.side, preprocess.side)
        return list(tapconv.choose(network.model.eval(), lambda: network.model(x), batch))

    def build(raw: Any) -> tuple[str, ...]:
        if not isinstance(raw, list) or not all(isinstance(modules[name], nn.Conv2d) for name in raw):
            raise ValueError("no convolutions")
        return tuple(raw)

    modules = dict(network.model.named_modules())
    try:
        return _kept(f"taps {network.backbone} {batch}", measure, build)
    finally:
        network.model.train(mode)


def costs(backbone: str) -> dict[str, Cost]:
    """Seconds per image of every block on this machine, and of one optimizer step per parameter as `step`.

    As measured, at the pace of the last real runs.
    """
    pace = _pace(backbone)
    return {name: Cost(c.forward * pace, c.train * pace) for name, c in _measured(backbone).items()}


def _measured(backbone: str) -> dict[str, Cost]:
    wanted = {row.name for row in surgery.describe(backbone)} | {"step"}

    def build(raw: Any) -> dict[str, Cost]:
        found = {name: Cost(*map(_positive, pair)) for name, pair in raw.items()}
        if set(found) != wanted:
            raise ValueError("other blocks")
        return found

    return _kept(f"costs {backbone}", functools.partial(_measure, backbone), build)


def _measure(backbone: str) -> dict[str, tuple[float, float]]:
    device, preprocess = pick_device(), backbones.preprocess(backbone)
    network = backbones.build(backbone)
    network.model.to(device).eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    batch = _trial_batch(preprocess)
    x = torch.randn(batch, 3, preprocess.side, preprocess.side, device=device).to(memory_format=torch.channels_last)
    taps = _taps_for(network, x) if device.type == "cpu" else ()
    found: dict[str, tuple[float, float]] = {}
    with tapconv.enabled(network.model, taps):
        for block in network.blocks:
            leaf = x.requires_grad_()
            with torch.no_grad():
                forward = _seconds(functools.partial(_forward, network, block, leaf), device)
            both = _seconds(functools.partial(_forward_and_back, network, block, leaf), device)
            found[block.name] = forward / batch, both / batch
            x = network.step(block, x.detach().clone()).detach()
    last = network.names[-3:]
    grads = [(p, torch.ones_like(p)) for name in last for p in network.parameters(name).values()]
    optimizer = make_optimizer(network, Phase(trainable=last), device)

    def step() -> None:
        for p, grad in grads:
            p.grad = grad
        optimizer.step()

    found["step"] = (0.0, _seconds(step, device) / sum(p.numel() for p, _ in grads))
    return found


def _pace(backbone: str) -> float:
    """How many times longer than measured the last real runs took."""
    known = _paces(backbone)
    return statistics.median(known) if known else 1.0


def _paces(backbone: str) -> list[float]:
    raw = _read(home() / "machine.json").get(f"pace {backbone}", [])
    known = derived(lambda: [_positive(pace) for pace in raw]) or []
    return [min(max(pace, 1 / FURTHEST), FURTHEST) for pace in known]


class Pace:
    """Learns from the epochs of a real run how far off the short measurement is.

    One made while the machine was busy is too long and would stay so. So each phase that lasted long enough to
    tell leaves the ratio of its median epoch to the measured one, and expected times are multiplied by the median
    of the last few ratios of that backbone: one odd run changes little, and what really became slower or faster
    counts after three phases.
    """

    def __init__(self, settings: RunSettings, train: int, val: int) -> None:
        self._settings, self._images = settings, {"train": train, "val": val}
        self._epochs: list[float] = []
        self._skipped = False

    def see(self, event: Event) -> None:
        """Tell it what happens in the run; the end of a phase is when it learns."""
        if isinstance(event, CacheSkipped):
            self._skipped = True  # each epoch then does more than was expected
        elif isinstance(event, EpochEnd):
            self._epochs.append(event.seconds)
        elif isinstance(event, PhaseEnd):
            if sum(self._epochs) >= TELLING and not self._skipped:
                self._learn(self._settings.phases[event.phase - 1], statistics.median(self._epochs))
            self._epochs = []

    def _learn(self, phase: Phase, epoch: float) -> None:
        backbone, path = self._settings.backbone, home() / "machine.json"
        if f"costs {backbone}" not in _read(path):
            return
        rows = surgery.describe(backbone)
        cached = self._settings.cache and _first(phase, rows) > 0
        ratio = epoch / _epoch(self._settings, phase, self._images, _measured(backbone), rows, cached=cached)
        with LOCK:
            known = [*_paces(backbone), min(max(ratio, 1 / FURTHEST), FURTHEST)]
            _keep(path, f"pace {backbone}", known[-PACES:])


def _forward(network: Network, block: Block, x: Tensor) -> Tensor:
    return network.step(block, x.clone())  # a copy, since some blocks work in place


def _forward_and_back(network: Network, block: Block, x: Tensor) -> None:
    _forward(network, block, x).sum().backward()


def _trial_batch(preprocess: Preprocess) -> int:
    return max(4, min(64, 64 * 64 * 64 // preprocess.side**2))


def _taps_for(network: Network, x: Tensor) -> tuple[str, ...]:
    return tapconv.choose(network.model, lambda: network.model(x[:1]), len(x))


def _seconds(work: Callable[[], object], device: torch.device) -> float:
    """The fastest of five runs, of more when they are short: what disturbs only ever makes slower."""
    taken: list[float] = []
    while len(taken) < 5 or (sum(taken) < 0.03 and len(taken) < 200):
        start = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize()
        taken.append(time.perf_counter() - start)
    return min(taken)


def estimate(settings: RunSettings, counts: Mapping[str, int] | None = None) -> Estimate:
    """Expected time of a run, with nothing kept yet. The first call for a backbone measures for a few seconds.

    `counts` gives the images of train, val and test where they are known; else the set is asked.
    """
    surgery.check_settings(settings)
    cost, rows = costs(settings.backbone), surgery.describe(settings.backbone)
    made = counts or _counts(settings)
    firsts = [_first(phase, rows) for phase in settings.phases]
    whole_set = sum(made.values())
    cache = whole_set * sum(cost[row.name].forward for row in rows[: max(firsts)]) if settings.cache else 0.0
    looks = made["val"] * _look(cost, rows, firsts[0]) + made["test"] * _look(cost, rows, firsts[-1])
    phases = tuple(
        p.epochs * _epoch(settings, p, made, cost, rows, cached=settings.cache and first > 0)
        for p, first in zip(settings.phases, firsts, strict=True)
    )
    plain = sum(p.epochs * _epoch(settings, p, made, cost, rows, cached=False) for p in settings.phases)
    plain += (made["val"] + made["test"]) * _look(cost, rows, 0)
    kept = looks if settings.cache else (made["val"] + made["test"]) * _look(cost, rows, 0)
    draw = _drawing(settings)
    return Estimate(cache, phases, cache + sum(phases) + kept + draw, plain + draw, draw)


def _drawing(settings: RunSettings) -> float:
    """Seconds to draw what is not drawn yet of a generated set."""
    preprocess = backbones.preprocess(settings.backbone)
    missing = sets.to_draw(settings.data, preprocess, train_per_class=settings.train_per_class)
    if not missing:
        return 0.0
    measure = functools.partial(builtin.drawing_seconds, preprocess.side)
    return missing * _kept(f"drawing {preprocess.side}", measure, _positive)


def epoch_seconds(
    settings: RunSettings, phase: Phase, *, cached: bool, counts: Mapping[str, int] | None = None
) -> float:
    """Expected seconds of one epoch of a phase, evaluation included, with or without kept features.

    `counts` as in `estimate`.
    """
    made = counts or _counts(settings)
    return _epoch(settings, phase, made, costs(settings.backbone), surgery.describe(settings.backbone), cached=cached)


def _counts(settings: RunSettings) -> dict[str, int]:
    per_class, seed, labels = settings.train_per_class, settings.seed, settings.labels
    return sets.summary(settings.data, train_per_class=per_class, seed=seed, labels=labels).counts


def _first(phase: Phase, rows: tuple[BlockInfo, ...]) -> int:
    return min(i for i, row in enumerate(rows) if row.name in phase.trainable and row.parameters)


def _look(cost: dict[str, Cost], rows: tuple[BlockInfo, ...], first: int) -> float:
    """Seconds to evaluate one image from this block on."""
    return sum(cost[row.name].forward for row in rows[first:])


def _epoch(
    settings: RunSettings, phase: Phase, made: Mapping[str, int], cost: dict[str, Cost], rows: tuple[BlockInfo, ...],
    *, cached: bool,
) -> float:  # fmt: skip
    """Expected seconds of one epoch, evaluation included."""
    learn, look = made["train"], made["val"] + min(SAMPLE, made["train"])
    first = _first(phase, rows)
    prefix = 0.0 if cached else (learn + look) * sum(cost[row.name].forward for row in rows[:first])
    tail = learn * sum(cost[row.name].train for row in rows[first:]) + look * _look(cost, rows, first)
    weights = sum(row.parameters for row in rows if row.name in phase.trainable)
    return prefix + tail + math.ceil(learn / settings.batch_size) * weights * cost["step"].train
