"""A log recorded once: the same seed gives the same events in every later version, to the last digit.

The file also says on which processor it was recorded. Another one adds in another order, so there the numbers are
held to three digits. Where the numbers were meant to change, delete the file: the next run of this test writes it.
"""

from __future__ import annotations

import dataclasses
import json
import platform
import re
from pathlib import Path
from typing import Any

import pytest
import torch

from ftcore.events import to_dict
from ftcore.settings import RunSettings
from ftcore.training import loop
from ftcore.training.start import load_images, start_network

RECORDED = Path(__file__).parents[2] / "fixtures" / "events.jsonl"
KINDS = ("run_start", "baseline", "epoch_end", "phase_end", "run_end")
PASSING = ("seconds", "data", "folder")


def told(settings: RunSettings) -> list[dict[str, Any]]:
    """What a run says that has to do neither with the clock nor with the place of its files."""
    torch.set_num_threads(1)
    images = load_images(settings)
    network = start_network(settings, len(images.classes))
    records = [to_dict(event) for event in loop.train(settings, images, network)]
    return [{k: v for k, v in r.items() if k not in PASSING} for r in records if r["event"] in KINDS]


def machine() -> dict[str, str]:
    """What decides in which order sums are taken."""
    listed = Path("/proc/cpuinfo")
    text = listed.read_text("utf-8") if listed.exists() else ""
    model = re.search(r"^model name\s*: (.*)$", text, re.MULTILINE)
    processor = f"{model[1] if model else platform.processor()}, {torch.backends.cpu.get_cpu_capability()}"
    return {"torch": torch.__version__.partition("+")[0], "processor": processor}


def test_the_same_seed_tells_the_recorded_events(small: RunSettings) -> None:
    if not RECORDED.exists():
        RECORDED.write_text("".join(json.dumps(line) + "\n" for line in (machine(), *told(small))), "utf-8")
        pytest.fail(f"{RECORDED.name} was recorded anew: look at it and run the test again.")
    there, *recorded = (json.loads(line) for line in RECORDED.read_text("utf-8").splitlines())
    now = json.loads(json.dumps(told(small)))
    if there == machine():
        assert now == recorded
    else:
        assert flat(now) == pytest.approx(flat(recorded), rel=1e-3, abs=1e-3)


def test_another_seed_tells_others(small: RunSettings) -> None:
    _, *recorded = (json.loads(line) for line in RECORDED.read_text("utf-8").splitlines())
    assert flat(told(dataclasses.replace(small, seed=1))) != pytest.approx(flat(recorded), rel=1e-3, abs=1e-3)


def flat(records: list[dict[str, Any]]) -> list[float]:
    """All measured numbers in their order."""
    values = [value for record in records for value in record.values()]
    deeper = [v for value in values for v in (value.values() if isinstance(value, dict) else [value])]
    return [float(v) for v in deeper if isinstance(v, int | float)]
