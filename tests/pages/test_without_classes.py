"""A network that learned without classes on every page: nothing is said of old ones, and nothing is asked about them."""

from __future__ import annotations

from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file

from course import quiz
from ftcore.network import backbones
from tests.made import OpenPage, texts
from ui import sitemap
from ui.picture.chapters import LAYERS

NAME = "vit_small_patch14_dinov2"


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of its weights, with numbers of our own, where one may be put by hand."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    torch.manual_seed(0)
    arch = backbones.entry(NAME).arch
    backbones.checkpoints().mkdir(parents=True)
    save_file(timm.create_model(arch, num_classes=0).state_dict(), backbones.checkpoints() / f"{arch}.safetensors")


@pytest.mark.parametrize("entry", [e for e in sitemap.ENTRIES if e.path != "trace"], ids=lambda entry: entry.path)
def test_every_page_opens(open_page: OpenPage, weights: None, entry: sitemap.Entry) -> None:
    test = open_page(entry.path, backbone=NAME, data="digits")
    assert not test.exception
    assert not test.error
    assert " 0 kinds" not in texts(test)
    assert " 0 scores" not in texts(test)


def test_the_first_stages_say_that_there_is_no_head(open_page: OpenPage, weights: None) -> None:
    said = texts(open_page("pipeline", backbone=NAME, data="digits", stage="load"))
    assert "so it has no classes and no head of its own" in said
    assert "it cannot be asked what it sees" in said
    assert "licence apache-2.0" in said
    said = texts(open_page("pipeline", backbone=NAME, data="digits", stage="head"))
    assert "There is no head: 384 features come out" in said
    assert "It names nothing." in said


@pytest.mark.parametrize("layer", LAYERS)
def test_its_blocks_can_be_looked_at_before_it_has_a_head(open_page: OpenPage, weights: None, layer: str) -> None:
    test = open_page("trace", backbone=NAME, data="digits", layer=layer)
    assert not test.exception
    assert not test.error
    assert "It learned its features without classes" in test.info[0].value
    looked_at = layer in ("input", "features")
    assert ("has no head and no classes yet" in texts(test)) != looked_at
    if layer == "features":
        assert "257 tokens of 384 numbers" in texts(test)
        assert "Where the class token looks" in [heading.value for heading in test.subheader]


def test_questions_about_old_classes_are_not_asked() -> None:
    every, fit = quiz.load().questions, quiz.fitting(quiz.load(), 0).questions
    gone = {question.id for question in every} - {question.id for question in fit}
    assert {"head-shape", "old-classes-left", "load-early"} <= gone
    assert len(gone) < len(every) / 10
    assert quiz.fitting(quiz.load(), 200).questions == every
