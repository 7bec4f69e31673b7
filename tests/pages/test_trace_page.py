"""The Prediction trace as a page: which network, which picture, which chapter, and that its numbers are the run's."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from PIL import Image

from ftcore.analysis import trace
from ftcore.data import sets
from ftcore.errors import FtError
from ftcore.network import backbones
from ftcore.runs import records, results, service
from tests.made import OpenPage, query_of, texts, tied
from tests.traced import SETTINGS, address
from ui.engine import networks
from ui.picture import browse
from ui.picture.chapters import LAYERS
from ui.widgets import gallery, pad, pixels


def png() -> bytes:
    file = io.BytesIO()
    Image.effect_noise((40, 30), 80).save(file, "PNG")
    return file.getvalue()


PNG = png()


def test_without_a_run_it_shows_the_pretrained_network(open_page: OpenPage) -> None:
    test = open_page("trace", data="digits")
    assert not test.exception
    assert not test.error
    assert "no tuned network yet" in test.info[0].value
    assert "1,000 classes" in test.info[0].value, "the one that knows photos"


def test_before_any_run_one_can_look_at_the_lessons_network(open_page: OpenPage) -> None:
    test = open_page("trace", data="digits", layer="input")
    photos = texts(test)
    assert "3×224×224" in photos
    tied(test.get("button_group"), "trace-net").set_value("lesson").run()
    assert query_of(test)["net"] == "lesson"
    assert "200 classes" in test.info[0].value
    assert "3×64×64" in texts(test)


@pytest.mark.parametrize("layer", LAYERS)
def test_every_chapter_renders_before_any_run(open_page: OpenPage, layer: str) -> None:
    """Pictures of the set are prepared for the lesson's network, and shown to the other all the same."""
    test = open_page("trace", data="digits", layer=layer)
    assert not test.exception
    assert not test.error
    assert test.header[0].value == LAYERS[layer][2:]


def test_an_upload_before_any_run_waits_for_no_pictures_of_the_set(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    monkeypatch.setattr(networks, "images", asked.append)
    test = open_page("trace", pick="upload", layer="prediction")
    test.file_uploader[0].set_value(("one.png", PNG, "image/png")).run()
    assert not test.exception
    assert "It looks like **" in texts(test)
    assert "The network says **" in texts(test)
    assert asked == []


def test_another_backbone_is_taken_at_its_word(open_page: OpenPage) -> None:
    test = open_page("trace", data="digits", backbone="efficientnet_lite0", layer="input")
    assert "1,000 classes" in test.info[0].value
    assert not [group for group in test.get("button_group") if str(group.key).startswith("trace-net")]


@pytest.mark.parametrize("layer", LAYERS)
def test_every_chapter_renders_for_a_run(open_page: OpenPage, run: str, layer: str) -> None:
    test = open_page("trace", **address(run, layer=layer))
    assert not test.exception
    assert not test.error
    assert not test.info
    assert test.header[0].value == LAYERS[layer][2:]


def test_the_tensor_and_its_numbers_are_those_of_the_network(open_page: OpenPage, run: str) -> None:
    side = backbones.preprocess(SETTINGS.backbone).side
    said = texts(open_page("trace", **address(run, layer="input")))
    assert f"the shape 3×{side}×{side} ({3 * side * side:,} numbers)" in said
    assert "divided by 255, less" in said


def test_formulas_lie_folded_behind_an_everyday_sentence(open_page: OpenPage, run: str) -> None:
    test = open_page("trace", **address(run, layer="classifier"))
    folded = [box for box in test.expander if box.label == "More: the formula"]
    assert len(folded) == 2, "of the logit and of the heat map"
    assert "its **logit**" in texts(test)
    assert "adds all products up" in folded[0].markdown[0].value


def test_the_numbers_are_those_of_the_runs_own_weights(open_page: OpenPage, run: str) -> None:
    images = sets.load("digits", backbones.preprocess(SETTINGS.backbone), train_per_class=6)
    network, classes = results.tuned_network(records.folder_of(run))
    at = 3
    with torch.no_grad():
        logits = network.model(trace.tensor(network, np.array(images.val.images[at])))[0]
    p = torch.softmax(logits, 0)
    said = texts(open_page("trace", **address(run, layer="prediction", pick=f"val-{at}")))
    assert f"The network says **{classes[int(p.argmax())]}** with {float(p.max()) * 100:.1f}\u00a0%" in said
    test = open_page("trace", **address(run, layer="classifier", pick=f"val-{at}"))
    assert f"the logit is **{float(logits.max()):.3f}**" in texts(test)


def test_back_and_next_keep_the_address(open_page: OpenPage, run: str) -> None:
    test = open_page("trace", **address(run))
    for layer in list(LAYERS)[1:]:
        next(b for b in test.button if b.label == "Next").click().run()
        assert test.query_params["layer"] in (layer, [layer])
        assert test.query_params["run"] in (run, [run])
        assert test.header[0].value == LAYERS[layer][2:]
    assert next(b for b in test.button if b.label == "Next").disabled
    next(b for b in test.button if b.label == "Back").click().run()
    assert test.header[0].value == "Softmax"


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("empty.png", b"", "empty"),
        ("words.jpg", b"these are words and no picture at all", "not a picture"),
        ("cut.png", PNG[:60], "damaged"),
        ("drawing.png", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
    ],
)
def test_bad_pictures_are_one_sentence(open_page: OpenPage, run: str, name: str, data: bytes, said: str) -> None:
    test = open_page("trace", **address(run, pick="upload"))
    test.file_uploader[0].set_value((name, data, "image/png")).run()
    assert not test.exception
    assert len(test.error) == 1
    assert said in test.error[0].value


def test_an_uploaded_picture_is_traced_and_its_name_is_text(open_page: OpenPage, run: str) -> None:
    file = io.BytesIO()
    Image.new("CMYK", (90, 40), (10, 200, 30, 0)).save(file, "JPEG")
    test = open_page("trace", **address(run, pick="upload", layer="prediction"))
    test.file_uploader[0].set_value(("**bold** <b>.jpg", file.getvalue(), "image/jpeg")).run()
    assert not test.exception
    assert not test.error
    assert "Whether that is right only you can tell" in texts(test)


def test_choosing_a_source_goes_into_the_address(open_page: OpenPage, run: str) -> None:
    test = open_page("trace", **address(run))
    tied(test.get("button_group"), "pick-source").set_value("upload").run()
    assert test.query_params["pick"] in ("upload", ["upload"])
    assert test.file_uploader


def test_sorting_out_right_wrong_and_unsure() -> None:
    chances = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.45, 0.55], [0.3, 0.7], [0.05, 0.95]])
    found = browse.sorted_out(chances, np.array([0, 0, 0, 1, 1, 0]))
    assert found["right"] == [0, 3, 1, 4]  # the classes in turn
    assert found["wrong"] == [5, 2]  # the most certain first
    assert found["unsure"] == [3]


@pytest.mark.parametrize("bad", ["", "data:image/svg+xml;base64,AAAA", "data:image/png;base64,&&&", 7, None])
def test_only_a_png_address_is_a_drawing(bad: object) -> None:
    with pytest.raises(FtError, match="clear the pad"):
        pad.decoded(bad)
    assert pad.decoded("data:image/png;base64,aGVsbG8=") == b"hello"


def test_pixels_are_enlarged_and_coloured_without_blur() -> None:
    image = np.arange(4, dtype=np.uint8).reshape(2, 2)
    assert pixels.enlarged(image, 5).tolist() == [[0] * 3 + [1] * 3] * 3 + [[2] * 3 + [3] * 3] * 3
    colours = pixels.coloured(np.array([[0.0, 0.5], [1.0, 9.0]]), 0.0, 1.0)
    assert colours.shape == (2, 2, 3)
    assert colours.sum(2)[0, 0] < colours.sum(2)[0, 1] < colours.sum(2)[1, 0] == colours.sum(2)[1, 1]
    assert np.array_equal(pixels.coloured(np.full((1, 2), 3.0), 3.0, 3.0)[0, 0], colours[0, 0])
    heat = pixels.overlaid(np.full((8, 8, 3), 100, np.uint8), np.array([[1.0, -1.0], [0.0, 0.5]]), 16)
    assert heat.shape == (16, 16, 3)
    for y in (0, 8):
        for x in (0, 8):
            assert (heat[y : y + 8, x : x + 8] == heat[y, x]).all()
    assert np.array_equal(heat[0, 8], heat[8, 0])  # against the class looks like nothing for it
    assert not np.array_equal(heat[0, 0], heat[8, 8])


def test_run_that_failed_is_not_called_going(run: str, open_page: OpenPage) -> None:
    records.set_state(records.folder_of(run), "failed", "Out of paper.")
    said = "\n".join(info.value for info in open_page("trace", **address(run)).info)
    assert "This run failed. You see the network as it was after epoch 4" in said
    assert "still going" not in said


def test_damaged_final_weights_give_way_to_an_earlier_epoch_and_can_be_made_anew(open_page: OpenPage, run: str) -> None:
    file = records.folder_of(run) / "model.safetensors"
    data = bytearray(file.read_bytes())
    data[-5] ^= 1
    file.write_bytes(data)
    test = open_page("trace", **address(run))
    assert not test.exception
    assert not test.error
    assert "cannot be used" in test.warning[0].value
    assert "as it was after epoch 3" in test.warning[0].value
    assert str(file.parent.parent) not in test.warning[0].value
    test.button(key=f"Make them anew-{run}").click().run()
    assert service.status(run).active


@pytest.mark.parametrize("loss, says", [(1e20, "no better than guessing among 10 classes"), (1.0, "")])
def test_a_run_that_only_guesses_says_so(open_page: OpenPage, run: str, loss: float, says: str) -> None:
    log = records.folder_of(run) / "events.jsonl"
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    changed = [r | {"val_accuracy": 0.1, "val_loss": loss} if r["event"] == "epoch_end" else r for r in rows]
    log.write_text("".join(json.dumps(row) + "\n" for row in changed))
    test = open_page("trace", **address(run))
    assert not test.exception
    assert [says in box.value for box in test.warning] == [True] * bool(says)


def test_each_image_is_on_some_page_and_a_class_can_be_asked_for(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = np.array([2, 0, 0, 1, 2, 2, 0])
    assert browse.spread(labels) == [1, 3, 0, 2, 4, 6, 5]
    assert sorted(browse.spread(labels)) == list(range(7))
    shown: list[Sequence[gallery.Cell]] = []
    monkeypatch.setattr(gallery, "draw", lambda cells, *_, **__: shown.append(cells))
    test = open_page("trace")
    assert len({cell.words for cell in shown[-1]}) == browse.SHOWN, "one of each class"
    test.selectbox(key="trace-class").set_value(7).run()
    assert not test.exception
    assert {cell.words for cell in shown[-1]} == {sets.summary("sketchbook").classes[7]}
