"""Altered and mixed pictures on the pages: what they cost is said before the start, and the code does what a run does."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from ftcore.costs import estimate
from ftcore.network import backbones
from ftcore.settings import RunSettings
from ftcore.training import augment
from tests.made import CLASSES, OpenPage, query_of, texts, tied
from ui import address
from ui.words import about, count

SHORT = {"p1": "epochs:2", "p2": "name:Fine-tune;epochs:2;lr:0.0001;trainable:layer4.1+head"}
COUNTS = {"train": 300, "val": 1000, "test": 1000}


def test_the_price_stands_beside_the_start(open_page: OpenPage) -> None:
    plainly = estimate.of_run(address.from_query({"train_per_class": "30", **SHORT})).seconds
    wanted = {
        "none": "",
        "fixed": "learned from in 3 fixed views",
        "random": "new in each epoch, so the whole network runs for each of them",
    }
    for kind, said in wanted.items():
        told = texts(open_page("train_live", train_per_class="30", augmentation=kind, views="3", **SHORT))
        assert said in told
        assert (f"the run would take {about(plainly)}" in told) == (kind != "none")


def test_the_form_writes_them_into_the_address(open_page: OpenPage) -> None:
    test = open_page("train_live", **SHORT)
    tied(test.button_group, "set-run-augmentation").set_value("fixed").run()
    tied(test.toggle, "set-run-mirror").set_value(False).run()
    tied(test.number_input, "set-run-views").set_value(8.0).run()
    tied(test.number_input, "set-run-mixup").set_value(0.3).run()
    found = address.from_query(query_of(test))
    assert (found.augmentation, found.mirror, found.views, found.mixup) == ("fixed", False, 8, 0.3)
    tied(test.number_input, "set-run-mixup").set_value(0.0001).run()
    assert any("write 0 for none" in box.value for box in test.error)
    assert address.from_query(query_of(test)).mixup == 0.3


@pytest.mark.parametrize(
    ("more", "images", "told"),
    [
        ({}, 2300, ""),
        ({"augmentation": "fixed", "views": "3"}, 2900, "A training image counts 3 times"),
        ({"augmentation": "random"}, 2300, "altered or mixed anew in each epoch"),
        ({"mixup": "0.2"}, 2300, "altered or mixed anew in each epoch"),
    ],
)
def test_the_lab_counts_what_is_kept(open_page: OpenPage, more: dict[str, str], images: int, told: str) -> None:
    test = open_page("freeze_lab", train_per_class="30", lab="layer4.1+head", **more, **SHORT)
    assert not test.exception
    said = texts(test)
    assert f"computed once for {count(images)} images" in said
    assert told in said
    assert (not told) == ("counts" not in said and "anew in each epoch" not in said)


@pytest.mark.parametrize("kind", ["fixed", "random"])
def test_the_lab_s_code_runs_as_printed(open_page: OpenPage, kind: str) -> None:
    test = open_page(
        "freeze_lab", lab="layer4.1+head", augmentation=kind, mirror="False", mixup="0.2", batch_size="4", **SHORT
    )
    code, space = test.code[0].value, dict[str, Any]()
    assert ("RandomHorizontalFlip" in code, "num_classes=10" in code) == (False, True)
    assert "# Mixup" not in code
    assert "# Fixed views" not in code
    model = backbones.load(RunSettings().backbone).model
    model.fc = torch.nn.Linear(512, len(CLASSES))
    before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    space |= {"model": model, "batches": [(torch.randn(4, 3, 64, 64), torch.arange(4)) for _ in range(2)]}
    exec(code, space)
    moved = {key.rpartition(".")[0] for key, tensor in model.state_dict().items() if not tensor.equal(before[key])}
    assert {name.partition(".conv")[0].partition(".bn")[0] for name in moved} == {"layer4.1", "fc"}
    assert (len(space["views"]) == 4) if kind == "fixed" else ("views" not in space)


def test_what_is_counted_is_what_is_kept() -> None:
    made = address.from_query({"augmentation": "fixed", "views": "3", **SHORT})
    assert augment.pictures(made, COUNTS) == 2300 + 2 * 300
