"""The Freeze lab as a page: what the address says, what it counts, what it starts."""

from __future__ import annotations

import pytest

from ftcore.costs import machine
from ftcore.costs.machine import Cost
from ftcore.files import home
from ftcore.network.describe import describe
from ftcore.settings import HEAD, RunSettings
from ftcore.training import recipes
from tests.made import OpenPage, texts
from ui import words
from ui.lesson import patterns as parts

RESNET = "resnet18-tinyimagenet64"


@pytest.fixture(autouse=True)
def _known_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Times of a machine that needs no measurement: the page's numbers are then exact."""
    monkeypatch.setattr(
        machine,
        "costs",
        lambda backbone: {row.name: Cost(1e-3, 3e-3) for row in describe(backbone)} | {"step": Cost(0.0, 0.0)},
    )


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
