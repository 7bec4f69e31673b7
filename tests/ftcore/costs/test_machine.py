"""Measurements of the machine: kept, made anew when they do not fit, and what is expected from them."""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path

import pytest
import torch

from ftcore.costs import estimate, machine, memory, pace
from ftcore.costs.machine import Cost
from ftcore.costs.pace import Pace
from ftcore.errors import FtError
from ftcore.events import CacheSkipped, EpochEnd, PhaseEnd
from ftcore.network import backbones
from ftcore.network.describe import describe
from ftcore.runs import execute, records
from ftcore.settings import Phase, RunSettings
from ftcore.training import recipes

SHIPPED = "resnet18-tinyimagenet64"
FILE = "machine.json"


def test_every_block_is_measured_and_kept(home: Path) -> None:
    found = machine.costs(SHIPPED)
    assert set(found) == {*backbones.build(SHIPPED).names, "step"}
    assert all(cost.train >= 0 and cost.forward >= 0 for cost in found.values())
    assert all(min(found[name].train, found[name].forward) > 0 for name in ("stem", "layer1.0", "layer4.1"))
    kept = json.loads((home / FILE).read_text())
    assert kept["known"][f"costs {SHIPPED}"]["stem"] == list(dataclasses.astuple(found["stem"]))
    assert [f.name for f in home.iterdir()] == [FILE]


def test_measurement_is_made_once(home: Path) -> None:
    made = []

    def measure() -> list[int]:
        made.append(1)
        return [1, 2]

    assert memory.kept("x", measure, list) == [1, 2]
    before = (home / FILE).read_bytes()
    assert memory.kept("x", measure, list) == [1, 2]
    assert len(made) == 1
    assert (home / FILE).read_bytes() == before
    assert memory.kept("y", lambda: 3, int) == 3
    assert memory.kept("x", measure, list) == [1, 2]
    assert len(made) == 1


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"machine": 1}', "other version", "no dict"])
def test_foreign_or_damaged_measurement_is_made_anew(home: Path, text: str) -> None:
    memory.kept("x", lambda: 1, int)
    record = json.loads((home / FILE).read_text())
    if text == "other version":
        text = json.dumps(record | {"machine": record["machine"].replace("torch", "").replace("cpu ", "cpu 0.")})
    elif text == "no dict":
        text = json.dumps(record | {"known": [1]})
    (home / FILE).write_text(text)
    assert memory.kept("x", lambda: 2, int) == 2
    assert json.loads((home / FILE).read_text())["known"] == {"x": 2}


DEEP = "[" * 100_000
COSTS = f"costs {SHIPPED}"


@pytest.mark.parametrize(
    "value",
    ["5", "null", '"x"', "[]", "{}", '{"stem": 3}', '{"stem": [1]}', '{"stem": [1, "x"]}', '{"stem": [NaN, 1]}', DEEP],
)
@pytest.mark.parametrize("name", [COSTS, f"pace {SHIPPED}", f"taps {SHIPPED} 8"])
def test_any_wrong_value_is_measured_anew(
    known: dict[str, Cost], home: Path, name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = {block: dataclasses.astuple(cost) for block, cost in known.items()}
    monkeypatch.setattr(machine, "_measure", lambda backbone, told: raw)  # what takes seconds
    monkeypatch.setattr(machine.tapconv, "choose", lambda *_: ("layer4.1.conv2",))
    text = json.loads((home / FILE).read_text())
    text["known"][name] = "HERE"
    (home / FILE).write_text(json.dumps(text).replace('"HERE"', value))
    assert machine.costs(SHIPPED) == known
    taps = () if (name, value) == (f"taps {SHIPPED} 8", "[]") else ("layer4.1.conv2",)
    assert machine.taps(backbones.build(SHIPPED), 8) == taps


def test_measurement_that_cannot_be_kept_still_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("THAW_HOME", str(tmp_path / "file" / "home"))
    assert memory.kept("x", lambda: 5, int) == 5


def test_kernels_are_convolutions_on_small_maps_and_the_mode_stays() -> None:
    network = backbones.load(SHIPPED)
    network.model.train()
    names = machine.taps(network, 8)
    assert names == machine.taps(network, 8)
    assert {name.split(".")[0] for name in names} <= {"layer3", "layer4"}
    assert network.model.training


@pytest.fixture
def known(home: Path) -> dict[str, Cost]:
    """A machine on which every block takes 1 ms forward and 3 ms to learn, and a step 1 ns a weight."""
    found = {name: (0.001, 0.003) for name in backbones.build(SHIPPED).names}
    memory.kept(f"costs {SHIPPED}", lambda: found | {"step": (0, 1e-9)}, dict)
    return machine.costs(SHIPPED)


def test_estimate_by_hand(known: dict[str, Cost], noise: Path) -> None:
    # 24 + 6 + 6 images, 11 blocks; the head learns alone for two epochs in batches of eight
    settings = RunSettings(data=str(noise), phases=(Phase(epochs=2),), batch_size=8)
    found, head = estimate.of_run(settings), 512 * 1000
    weights = next(row.parameters for row in describe(SHIPPED) if row.name == "head")
    step = 3 * weights * 1e-9
    assert weights < head
    assert found.cache == pytest.approx(36 * 10 * 0.001)
    assert found.phases == pytest.approx([2 * (24 * 0.003 + 30 * 0.001 + step)])
    assert found.seconds == pytest.approx(found.cache + found.phases[0] + 12 * 0.001)
    assert found.plain == pytest.approx(2 * (54 * 10 * 0.001 + 24 * 0.003 + 30 * 0.001 + step) + 12 * 11 * 0.001)


def test_estimate_of_altered_pictures_by_hand(known: dict[str, Cost], noise: Path) -> None:
    # as above, in two phases of the head alone: 24 images are altered, ten frozen blocks answer at 1 ms each
    memory.kept("view 64", lambda: 0.0005, float)
    plain = RunSettings(data=str(noise), phases=(Phase(epochs=2), Phase(epochs=2)), batch_size=8)
    base, prefix = estimate.of_run(plain), 10 * 0.001
    views = estimate.of_run(dataclasses.replace(plain, augmentation="fixed", views=3))
    assert views.cache == pytest.approx(base.cache + 2 * 24 * (prefix + 0.0005))
    assert views.phases == pytest.approx(base.phases)
    assert views.plain == pytest.approx(base.plain + 4 * 24 * 0.0005 / 2), "the first and the fourth are as they are"
    few = estimate.of_run(dataclasses.replace(plain, augmentation="fixed", views=32))
    assert few.cache == pytest.approx(base.cache + 3 * 24 * (prefix + 0.0005)), "no more views than epochs"
    anew = estimate.of_run(dataclasses.replace(plain, augmentation="random"))
    assert anew.cache == pytest.approx(base.cache)
    assert anew.phases == pytest.approx([each + 2 * 24 * (prefix + 0.0005) for each in base.phases])
    mixed = estimate.of_run(dataclasses.replace(plain, mixup=0.2))
    assert mixed.phases == pytest.approx([each + 2 * 24 * prefix for each in base.phases])
    assert mixed.plain == pytest.approx(base.plain)


def test_altering_a_picture_is_measured_once(home: Path) -> None:
    found = machine.altering(SHIPPED)
    assert 0 < found < 0.1
    assert machine.altering(SHIPPED) == found == json.loads((home / FILE).read_text())["known"]["view 64"]


def test_plain_run_takes_no_less(known: dict[str, Cost], small: RunSettings) -> None:
    for settings in (small, dataclasses.replace(small, phases=(Phase(epochs=1),)), RunSettings()):
        found = estimate.of_run(settings)
        uncached = estimate.of_run(dataclasses.replace(settings, cache=False))
        assert found.plain >= found.seconds > 0
        assert uncached.seconds == pytest.approx(uncached.plain)
        assert uncached.plain == pytest.approx(found.plain)
        assert uncached.cache == 0


def test_everything_trainable_leaves_nothing_to_keep(known: dict[str, Cost], small: RunSettings) -> None:
    found = estimate.of_run(dataclasses.replace(small, phases=recipes.scratch(SHIPPED, 2)))
    assert found.cache == 0
    assert found.seconds == pytest.approx(found.plain)


def test_estimate_of_foreign_blocks_is_refused(known: dict[str, Cost], small: RunSettings) -> None:
    for trainable in (("features.1",), ("pool",)):
        with pytest.raises(FtError):
            estimate.of_run(dataclasses.replace(small, phases=(Phase(trainable=trainable),)))


def seen(settings: RunSettings, *seconds: float, number: int = 1, skipped: bool = False) -> None:
    """A real run of 24 training and 6 validation images whose phase had epochs of these lengths."""
    pace = Pace(settings, 24, 6)
    if skipped:
        pace.see(CacheSkipped("head", 9.0, 1.0))
    for at, each in enumerate(seconds, 1):
        pace.see(EpochEnd(number, at, *(0.5,) * 6, lr=1e-3, drift={}, seconds=each))
    pace.see(PhaseEnd(number, "any", len(seconds), False, sum(seconds)))


def test_real_epochs_correct_a_measurement_that_was_disturbed(known: dict[str, Cost], small: RunSettings) -> None:
    phase, before = small.phases[1], estimate.of_run(small)
    epoch = estimate.of_epoch(small, phase, cached=True)
    seen(small, epoch / 2, epoch / 2, number=2)
    assert estimate.of_epoch(small, phase, cached=True) == epoch, "shorter than tells anything"
    many = [epoch / 2] * round(3 / epoch)
    seen(small, *many, 100.0, number=2)
    assert estimate.of_epoch(small, phase, cached=True) == pytest.approx(epoch / 2)
    after = estimate.of_run(small)
    assert after.seconds == pytest.approx(before.seconds / 2)
    assert after.phases == pytest.approx([each / 2 for each in before.phases])
    assert after.plain == pytest.approx(before.plain / 2)


def test_one_odd_run_changes_nothing_three_do(known: dict[str, Cost], small: RunSettings) -> None:
    phase = small.phases[0]
    epoch = estimate.of_epoch(small, phase, cached=True)
    like = lambda times: [epoch * times] * (1 + round(2 / epoch / times))  # noqa: E731
    for times in (1.0, 1.0, 3.0):
        seen(small, *like(times))
    assert estimate.of_epoch(small, phase, cached=True) == pytest.approx(epoch)
    for _ in range(2):
        seen(small, *like(3.0))
    assert estimate.of_epoch(small, phase, cached=True) == pytest.approx(3 * epoch)
    for _ in range(3):
        seen(small, *like(100.0))
    assert estimate.of_epoch(small, phase, cached=True) == pytest.approx(machine.FURTHEST * epoch)
    for _ in range(3):
        seen(small, *like(1.0))
    assert estimate.of_epoch(small, phase, cached=True) == pytest.approx(epoch)


def test_a_pace_belongs_to_its_backbone_and_to_runs_as_expected(known: dict[str, Cost], small: RunSettings) -> None:
    epoch = estimate.of_epoch(small, small.phases[0], cached=True)
    seen(small, 2.0, skipped=True)
    seen(dataclasses.replace(small, backbone="resnet50"), 2.0)
    assert estimate.of_epoch(small, small.phases[0], cached=True) == epoch
    seen(dataclasses.replace(small, cache=False), *[estimate.of_epoch(small, small.phases[0], cached=False)] * 9)
    assert estimate.of_epoch(small, small.phases[0], cached=True) == pytest.approx(epoch)


def test_a_run_teaches_the_pace(known: dict[str, Cost], tiny: RunSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "TELLING", 0.0)
    before = estimate.of_epoch(tiny, tiny.phases[0], cached=True)
    folder = records.new(tiny)
    execute.execute(folder, lambda event: records.append(folder, event))
    took = next(said.seconds for said in records.read_log(folder)[0] if isinstance(said, EpochEnd))
    wanted = min(max(took, before / machine.FURTHEST), before * machine.FURTHEST)
    assert estimate.of_epoch(tiny, tiny.phases[0], cached=True) == pytest.approx(wanted)


def test_short_work_is_measured_more_often() -> None:
    calls = []
    machine._seconds(lambda: calls.append(1), torch.device("cpu"))
    assert len(calls) == 200
    slow = []
    machine._seconds(lambda: slow.append(time.sleep(0.01)), torch.device("cpu"))
    assert len(slow) == 5
