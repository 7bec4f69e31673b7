"""Measurements of the machine: kept, made anew when they do not fit, and what is expected from them."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from ftcore import backbones, machine, surgery
from ftcore.machine import Cost
from ftcore.settings import FtError, Phase, RunSettings

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

    assert machine._kept("x", measure) == [1, 2]
    before = (home / FILE).read_bytes()
    assert machine._kept("x", measure) == [1, 2]
    assert len(made) == 1
    assert (home / FILE).read_bytes() == before
    assert machine._kept("y", lambda: 3) == 3
    assert machine._kept("x", measure) == [1, 2]
    assert len(made) == 1


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"machine": 1}', "other version", "no dict"])
def test_foreign_or_damaged_measurement_is_made_anew(home: Path, text: str) -> None:
    machine._kept("x", lambda: 1)
    record = json.loads((home / FILE).read_text())
    if text == "other version":
        text = json.dumps(record | {"machine": record["machine"].replace("torch", "").replace("cpu ", "cpu 0.")})
    elif text == "no dict":
        text = json.dumps(record | {"known": [1]})
    (home / FILE).write_text(text)
    assert machine._kept("x", lambda: 2) == 2
    assert json.loads((home / FILE).read_text())["known"] == {"x": 2}


def test_measurement_that_cannot_be_kept_still_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("THAW_HOME", str(tmp_path / "file" / "home"))
    assert machine._kept("x", lambda: 5) == 5


def test_kernels_are_convolutions_on_small_maps_and_the_mode_stays() -> None:
    network = backbones.load(SHIPPED)
    network.model.train()
    names = machine.kernels(network, 8)
    assert names == machine.kernels(network, 8)
    assert {name.split(".")[0] for name in names} <= {"layer3", "layer4"}
    assert network.model.training


@pytest.fixture
def known(home: Path) -> dict[str, Cost]:
    """A machine on which every block takes 1 ms forward and 3 ms to learn, and a step 1 ns a weight."""
    found = {name: (0.001, 0.003) for name in backbones.build(SHIPPED).names}
    return {
        name: Cost(*pair)
        for name, pair in machine._kept(f"costs {SHIPPED}", lambda: found | {"step": (0, 1e-9)}).items()
    }


def test_estimate_by_hand(known: dict[str, Cost], noise: Path) -> None:
    # 24 + 6 + 6 images, 11 blocks; the head learns alone for two epochs in batches of eight
    settings = RunSettings(data=str(noise), phases=(Phase(epochs=2),), batch_size=8)
    found, head = machine.estimate(settings), 512 * 1000
    weights = next(row.parameters for row in surgery.describe(SHIPPED) if row.name == "head")
    step = 3 * weights * 1e-9
    assert weights < head
    assert found.cache == pytest.approx(36 * 10 * 0.001)
    assert found.phases == pytest.approx([2 * (24 * 0.003 + 30 * 0.001 + step)])
    assert found.seconds == pytest.approx(found.cache + found.phases[0] + 12 * 0.001)
    assert found.plain == pytest.approx(2 * (54 * 10 * 0.001 + 24 * 0.003 + 30 * 0.001 + step) + 12 * 11 * 0.001)


def test_plain_run_takes_no_less(known: dict[str, Cost], small: RunSettings) -> None:
    for settings in (small, dataclasses.replace(small, phases=(Phase(epochs=1),)), RunSettings()):
        found = machine.estimate(settings)
        uncached = machine.estimate(dataclasses.replace(settings, cache=False))
        assert found.plain >= found.seconds > 0
        assert uncached.seconds == pytest.approx(uncached.plain)
        assert uncached.plain == pytest.approx(found.plain)
        assert uncached.cache == 0


def test_everything_trainable_leaves_nothing_to_keep(known: dict[str, Cost], small: RunSettings) -> None:
    found = machine.estimate(dataclasses.replace(small, phases=surgery.scratch(SHIPPED, 2)))
    assert found.cache == 0
    assert found.seconds == pytest.approx(found.plain)


def test_estimate_of_foreign_blocks_is_refused(known: dict[str, Cost], small: RunSettings) -> None:
    for trainable in (("features.1",), ("pool",)):
        with pytest.raises(FtError):
            machine.estimate(dataclasses.replace(small, phases=(Phase(trainable=trainable),)))
