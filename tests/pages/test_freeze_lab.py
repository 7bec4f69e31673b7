"""The Freeze lab as a page: what the address says, what it counts, what it starts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from ftcore.analysis.steps import Movement
from ftcore.costs import estimate, machine
from ftcore.costs.machine import Cost
from ftcore.files import home
from ftcore.network import backbones
from ftcore.network.describe import describe
from ftcore.settings import HEAD, RunSettings
from ftcore.training import recipes
from tests.made import OpenPage, query_of, texts, tied
from ui import address, words
from ui.engine import setup
from ui.lesson import patterns as parts

RESNET = "resnet18-tinyimagenet64"


@pytest.fixture(autouse=True)
def _known_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Times of a machine that needs no measurement: the page's numbers are then exact."""

    def made(backbone: str) -> dict[str, Cost]:
        return {row.name: Cost(1e-3, 3e-3) for row in describe(backbone)} | {"step": Cost(0.0, 0.0)}

    for module in (machine, estimate):  # which knows it by its own name
        monkeypatch.setattr(module, "costs", made)
    monkeypatch.setattr(machine, "known", lambda backbone: True)


def metrics(open_page: OpenPage, **address: str) -> dict[str, str]:
    test = open_page("freeze_lab", **address)
    assert not test.exception
    assert not test.error
    return {metric.label.split(" ", 1)[-1]: metric.value for metric in test.metric}


def test_the_pattern_of_the_settings_is_shown(open_page: OpenPage) -> None:
    found = metrics(open_page)
    assert found["Trainable"] == "8,398,858"
    assert found["Frozen"] == "2,782,784"
    assert found["trainable"] == "75.1\u00a0%"


def test_a_link_opens_the_same_pattern_in_a_new_session(open_page: OpenPage) -> None:
    for _ in range(2):
        test = open_page("freeze_lab", lab="layer3.1+head", seed="7")
        assert {m.label: m.value for m in test.metric}["🔥 Trainable"] == "1,185,802"
        assert "model.layer3[1]" in test.code[0].value
        assert "layer4" not in test.code[0].value


def test_nothing_trainable_says_why_and_starts_nothing(open_page: OpenPage) -> None:
    test = open_page("freeze_lab", lab="-")
    assert any("nothing to train" in box.value for box in test.info)
    assert [button.disabled for button in test.button if button.label == "Nothing to train"] == [True]


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("layer1.0+head", "gradient passes through frozen blocks"),
        ("layer4.1", "random reading"),
        ("stem", "head is frozen"),
    ],
)
def test_odd_patterns_are_explained(open_page: OpenPage, pattern: str, said: str) -> None:
    test = open_page("freeze_lab", lab=pattern)
    assert any(said in box.value for box in test.info)


def test_names_of_another_network_are_left_out(open_page: OpenPage) -> None:
    test = open_page("freeze_lab", backbone="mobilenet_v3_small", lab="layer4.1+features.12+head+<script>")
    assert not test.error
    assert "script" not in texts(test)
    assert "model.features[12]" in test.code[0].value


def test_the_button_starts_exactly_this_pattern(open_page: OpenPage) -> None:
    test = open_page("freeze_lab", lab="layer3.1+layer4.1+head", train_per_class="20")
    next(button for button in test.button if button.label.startswith("Train this")).click().run()
    started = next(iter((home() / "runs").glob("*")))
    settings = RunSettings.from_json((started / "settings.json").read_text("utf-8"))
    assert [phase.trainable for phase in settings.phases] == [(HEAD,), ("layer3.1", "layer4.1", HEAD)]
    assert settings.train_per_class == 20


def _follows(table: Any) -> set[str]:
    return {row["block"] for _, row in table.value.iterrows() if "follow" in row["BatchNorm layers"]}


def test_the_rule_for_batchnorm_is_the_run_s_own(open_page: OpenPage) -> None:
    test = open_page("freeze_lab", lab="layer4.1+head")
    assert _follows(test.table[0]) == set()
    assert "layer.eval()" in test.code[0].value
    tied(test.button_group, "lab-norm").set_value("update").run()
    assert address.from_query(query_of(test)).batch_norm == "update"
    assert query_of(test)["lab"] == "layer4.1+head"
    assert _follows(test.table[0]) == {"layer4.1"}
    assert "layer.eval()" not in test.code[0].value


def test_the_code_of_settings_for_real_sets_is_the_training_itself(open_page: OpenPage) -> None:
    tune = "name:Fine-tune;epochs:1;lr:0.001;clip:0.5;warm_up:0.5;decay_on:matrices;trainable:layer4.1+head"
    more = {"label_smoothing": "0.1", "dropout": "0.25", "class_weights": "balanced", "p1": "-", "p2": tune}
    code = open_page("freeze_lab", lab="layer4.1+head", **more).code[0].value
    model = backbones.load(RESNET).model
    before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    space: dict[str, Any] = {"model": model, "batches": [(torch.randn(10, 3, 64, 64), torch.arange(10))]}
    exec(code, space)
    assert [type(part).__name__ for part in model.fc] == ["Dropout", "Linear"]
    assert (model.fc[0].p, space["loss_of"].label_smoothing, space["balanced"].tolist()) == (0.25, 0.1, [1.0] * 10)
    assert {group["weight_decay"] for group in space["optimizer"].param_groups} == {0.01, 0.0}
    moved = {key for key, tensor in model.state_dict().items() if key in before and not tensor.equal(before[key])}
    assert {key.rpartition(".")[0].partition(".conv")[0].partition(".bn")[0] for key in moved} == {"layer4.1"}
    assert "# " not in code.replace("# before", "").replace("# a DataLoader", ""), "nothing is left to a comment"


MEASURED = (
    Movement("layer4.0", False, 0.0, 0.0),
    Movement("layer4.1", True, 0.1, 0.25),
    Movement(HEAD, True, 1.0, None),
)


@pytest.mark.parametrize(
    "moved", [{"lab": "layer3.1+head"}, {"batch_norm": "update"}, {"data": "digits"}, {"backbone": "resnet50"}]
)
def test_what_was_measured_stands_only_beside_its_own_settings(
    moved: dict[str, str], open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup, "movement", lambda settings, phase, plain: MEASURED)
    test = open_page("freeze_lab", lab="layer4.1+head")
    for key in ("lab-moved-steps", "lab-plain-steps"):
        test.button(key=key).click().run()
    assert len(test.table) == 3
    for name, value in moved.items():
        test.query_params[name] = value
    test.run()
    assert not test.exception
    assert len(test.table) == 1, "the blocks alone"


def test_counts_and_code_do_not_wait_for_the_clock(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that this machine has not met: what needs no clock is there before it is measured."""
    told: list[str] = []

    def measured(backbone: str, tell: Callable[[int, int], None]) -> None:
        tell(3, 12)
        told.append(backbone)

    monkeypatch.setattr(machine, "known", lambda backbone: False)
    monkeypatch.setattr(machine, "measured", measured)
    monkeypatch.setattr(machine, "costs", lambda backbone: pytest.fail("it asks for times"))
    test = open_page("freeze_lab", backbone="resnet50", lab="head")
    assert not test.exception
    assert told == ["resnet50"]
    assert {m.label: m.value for m in test.metric}["🔥 Trainable"] == "20,490"
    assert "model.fc" in test.code[0].value
    assert "ResNet-50 for the first time and measures block 4 of 12" in texts(test)
    assert len(test.table) == 1
    assert all(button.disabled for button in test.button if button.key in ("lab-start-later", "lab-moved-steps"))


@pytest.mark.parametrize(
    ("rule", "plain", "pattern", "said"),
    [
        ("keep", False, ("b", HEAD), "with *Keep* all BatchNorm layers are in eval mode"),
        ("update", False, ("b", HEAD), "followed the images, by up to 25.0\u00a0% in `b`"),
        ("update", False, (HEAD,), "No trainable block has BatchNorm"),
        ("keep", True, (HEAD,), "by up to 25.0\u00a0% in `b`: `requires_grad=False` does not stop them"),
        ("update", True, ("a", "b", HEAD), "Nothing is frozen"),
        ("keep", True, ("a", "b"), "no frozen block has BatchNorm statistics"),
    ],
)
def test_the_finding_in_words(rule: str, plain: bool, pattern: tuple[str, ...], said: str) -> None:
    """Statistics move in trainable blocks under update, and in all of them under a plain train()."""
    rows = []
    for name, most in (("a", 0.1), ("b", 0.25), (HEAD, None)):
        moves = plain or (rule == "update" and name in pattern)
        statistics = None if most is None else most if moves else 0.0
        rows.append(Movement(name, name in pattern, float(name in pattern), statistics))
    assert said in parts.movement_words(rows, rule, plain=plain)


def test_a_network_without_batchnorm_is_not_said_to_keep_any(open_page: OpenPage) -> None:
    test = open_page("freeze_lab", backbone="vgg16", lab="head")
    assert "no BatchNorm" in texts(test)
    assert "lab-plain-steps" not in {button.key for button in test.button}
    rows = [Movement("stem", False, 0.0, None), Movement(HEAD, True, 1.0, None)]
    assert parts.movement_words(rows, "keep") == "Weights of frozen blocks moved by exactly 0."
    rows[0] = Movement("stem", False, 0.25, None)
    assert "moved by exactly 25.0" in parts.movement_words(rows, "keep"), "the measurement speaks, whatever it is"


@pytest.mark.parametrize("backbone", ["resnet18-tinyimagenet64", "resnet50", "vgg16", "convnext_tiny"])
def test_presets_are_different_patterns_of_known_blocks(backbone: str) -> None:
    ready = parts.presets(backbone)
    assert len(set(ready.values())) == len(ready)
    assert ready["Head only"] == (HEAD,)
    assert ready["Last two blocks"] == recipes.last_blocks(backbone, 2)
    assert all(set(blocks) <= set(recipes.every_block(backbone)) for blocks in ready.values())


def test_pattern_and_address_are_the_same_thing() -> None:
    blocks = describe(RESNET, 10)
    for pattern in ((HEAD,), ("stem", "layer2.1"), ()):
        assert parts.parse(parts.text(pattern, blocks), blocks, ("x",)) == pattern
    assert parts.parse(None, blocks, (HEAD,)) == (HEAD,)


def test_plans_keep_the_head_first() -> None:
    chosen = RunSettings()
    assert [p.trainable for p in parts.with_pattern(chosen, (HEAD,)).phases] == [(HEAD,)]
    assert [p.trainable for p in parts.with_pattern(chosen, ("stem", HEAD)).phases] == [(HEAD,), ("stem", HEAD)]
    scratch = parts.with_pattern(RunSettings(weights="random"), recipes.every_block(RESNET))
    assert [p.trainable for p in scratch.phases] == [recipes.every_block(RESNET)]


@pytest.mark.parametrize(
    ("value", "shown"), [(0.0, "0"), (None, "none"), (0.00123, "0.12\u00a0%"), (1.5, "150.0\u00a0%")]
)
def test_exact_zero_is_shown_as_zero(value: float | None, shown: str) -> None:
    assert words.moved(value) == shown
