"""Recipes that fit own photos: enough steps where there are few, weights where classes differ, and why."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftcore.network import backbones
from ftcore.settings import RunSettings
from ftcore.training import recipes
from ftcore.training.recipes import MOST_EPOCHS, STEPS

COUNTS = st.lists(st.integers(1, 400), min_size=2, max_size=12)


def steps(made: RunSettings, images: int) -> list[int]:
    """Steps of each phase."""
    return [phase.epochs * -(-images // made.batch_size) for phase in made.phases]


@settings(deadline=None, max_examples=60)
@given(COUNTS)
def test_phases_last_long_enough_and_are_never_shortened(counts: list[int]) -> None:
    plain = {"tail": recipes.classic(RunSettings().backbone), "whole": recipes.whole(RunSettings()).phases}
    for name, (made, reasons) in recipes.fitted(RunSettings(), counts).items():
        taken, usual = steps(made, sum(counts)), [phase.epochs for phase in plain[name]]
        for phase, least, done, wanted, most in zip(made.phases, usual, taken, STEPS, MOST_EPOCHS, strict=True):
            assert done >= wanted or phase.epochs == most
            assert least <= phase.epochs <= most
        lengthened = [phase.epochs for phase in made.phases] != usual
        assert ("longer" in reasons) == ("stopping" in reasons) == lengthened
        assert made.patience == (recipes.PATIENCE if lengthened else 0)


@settings(deadline=None, max_examples=60)
@given(COUNTS)
def test_rare_classes_count_more_where_classes_differ(counts: list[int]) -> None:
    uneven = max(counts) >= 2 * min(counts)
    for made, reasons in recipes.fitted(RunSettings(), counts).values():
        assert made.class_weights == ("balanced" if uneven else "none")
        assert ("weights" in reasons) is uneven


@pytest.mark.parametrize("backbone", backbones.CATALOGUE)
def test_they_can_be_started_with_every_network(backbone: str) -> None:
    found = recipes.fitted(RunSettings(backbone=backbone), [20, 20])
    for made, _ in found.values():
        recipes.check_settings(made)
        assert made.label_smoothing == recipes.SMOOTHING
        assert made.phases[1].schedule == "cosine"
    whole, reasons = found["whole"]
    assert set(whole.phases[1].trainable) == set(recipes.every_block(backbone))
    assert set(found["tail"][0].phases[1].trainable) == set(recipes.last_blocks(backbone, 2))
    assert ("statistics" in reasons) == (backbone not in WITHOUT_NORM)


WITHOUT_NORM = {
    "vgg16",
    "convnext_tiny",
    "convnextv2_atto",
    "vit_b_16",
    "vit_tiny_patch16_224",
    "vit_small_patch14_dinov2",
}
