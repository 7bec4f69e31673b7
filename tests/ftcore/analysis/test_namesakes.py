"""Which classes a pretrained network knew by name: the drawings' and those of other sets, against two lists of names."""

from __future__ import annotations

import pytest

from ftcore.analysis.pretrained import namesakes
from ftcore.data.downloads import DOWNLOADS
from ftcore.data.sketchbook import draw
from ftcore.network import backbones

SHIPPED, IMAGENET = "resnet18-tinyimagenet64", "resnet50"
CATS = ("tiger cat", "Persian cat", "Siamese cat", "Egyptian cat", "Madagascar cat")


def test_five_of_the_drawings_have_a_namesake_in_the_built_in_network() -> None:
    assert namesakes(SHIPPED, draw.CLASSES) == {
        "house": ("birdhouse",),
        "fish": ("goldfish",),
        "umbrella": ("umbrella",),
        "car": ("freight car", "sports car"),
        "cat": ("Egyptian cat", "Persian cat"),
    }


def test_among_the_thousand_names_of_imagenet() -> None:
    found = namesakes(IMAGENET, draw.CLASSES)
    assert set(found) == {"house", "fish", "cup", "umbrella", "car", "cat"}
    assert (found["cat"], found["cup"]) == (CATS, ("cup",))
    pets = namesakes(IMAGENET, DOWNLOADS["oxford_pets"].names)
    assert pets["English Setter"] == ("English setter",)
    assert pets["Wheaten Terrier"] == ("soft-coated wheaten terrier",)


@pytest.mark.parametrize("backbone", backbones.CATALOGUE)
def test_every_old_name_is_its_own_namesake(backbone: str) -> None:
    old = backbones.old_classes(backbone)
    found = namesakes(backbone, old)
    assert set(found) == set(old)
    assert all(name in found[name] for name in old)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("wheel", ("car wheel", "potter's wheel")),  # and no paddlewheel: a word of its own comes first
        ("fish", ("anemone fish",)),
        ("flower", ()),  # cauliflower
        ("star", ()),  # earthstar
        ("tree", ()),  # a tree frog is a frog
        ("frogs", ("tree frog", "tailed frog")),
        ("golden_retriever", ("golden retriever",)),
        ("t", ()),  # Model T
        ("0", ()),
        ("???", ()),
        ("", ()),
    ],
)
def test_the_rule_for_names(name: str, said: tuple[str, ...]) -> None:
    assert namesakes(IMAGENET, (name,)).get(name, ()) == said
