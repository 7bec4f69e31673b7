"""Any network of timm by its name: cut into blocks that equal it bit for bit, or refused in one sentence."""

from __future__ import annotations

import pytest
import timm
import torch

from ftcore.analysis import trace
from ftcore.errors import FtError
from ftcore.network import backbones
from ftcore.network.cut import BODY
from ftcore.network.describe import describe
from ftcore.training import recipes

TAKEN = (
    "beit_base_patch16_224", "cait_xxs24_224", "coatnet_nano_rw_224", "convmixer_768_32", "deit3_small_patch16_224",
    "densenet121", "edgenext_xx_small", "eva02_tiny_patch14_224", "fastvit_t8", "ghostnet_100", "inception_v4",
    "lcnet_050", "maxvit_nano_rw_256", "mixer_b16_224", "mobilevit_xxs", "nf_resnet50", "poolformer_s12",
    "regnety_002", "repvgg_a0", "res2net50_26w_4s", "swin_tiny_patch4_window7_224", "tiny_vit_5m_224",
)  # fmt: skip
REFUSED = {
    "deit_tiny_distilled_patch16_224": "does not end in one linear layer",
    "levit_128s": "does not end in one linear layer",
    "crossvit_tiny_240": "cannot be written down as a graph",
    "hrnet_w18_small": "cannot be run one after the other",
    "vit_small_patch16_dinov3": "makes tensors that are no part of the model",
    "vit_large_patch16_224": "304 million parameters, more than the 200 million",
}


@pytest.mark.parametrize("name", TAKEN)
def test_blocks_in_order_are_the_model(name: str) -> None:
    entry = backbones.entry(f"timm/{name}")
    torch.manual_seed(0)
    network = backbones.build(entry.name, 3)
    network.model.eval()
    side = backbones.preprocess(entry.name).side
    x = torch.randn(1, 3, side, side)
    with torch.no_grad():
        assert torch.equal(network.run(x.clone()), network.model(x.clone()))
    held = sorted(key for block in network.names for key in network.parameters(block))
    assert held == sorted(key for key, _ in network.model.named_parameters())
    theirs = timm.create_model(name, num_classes=3)
    assert {k: t.shape for k, t in theirs.state_dict().items()} == {
        k: t.shape for k, t in network.model.state_dict().items()
    }
    rows = describe(entry.name, 3)
    assert (rows[0].kind, rows[-1].kind) == ("stem", "head")
    assert any(row.kind in BODY for row in rows)
    assert recipes.last_blocks(entry.name, 1)[-1] == "head"
    assert trace.mapped(network)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_row_of_blocks_is_refused_in_one_sentence(name: str) -> None:
    with pytest.raises(FtError, match=REFUSED[name]) as caught:
        describe(f"timm/{name}")
    assert str(caught.value).startswith(name)
    assert "choose a" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_server_says_how_large_a_network_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THAW_MILLION_PARAMETERS", "1")
    with pytest.raises(FtError, match="3 million parameters, more than the 1 million"):
        backbones.build("timm/tf_mobilenetv3_small_100", 3)


def test_a_name_is_known_with_timm_in_front_and_without() -> None:
    assert backbones.named(" regnety_002 ") == "timm/regnety_002"
    assert backbones.named("timm/regnety_002.pycls_in1k") == "timm/regnety_002.pycls_in1k"
    assert backbones.named("vit_b_16") == "vit_b_16", "of the catalogue"
    for odd in (
        "regnety_0002",
        "vit_b_16.other",
        "",
        "hf-hub:someone/model",
        "../x",
        "local-dir:/tmp",
        "regnety_002.no",
    ):
        with pytest.raises(FtError, match="a name that timm knows, such as") as caught:
            backbones.named(odd)
        assert "\n" not in str(caught.value)
    with pytest.raises(FtError, match=r"such as .*regnety_002"):
        backbones.named("regnety_0002")


@pytest.mark.parametrize("name", ["timm/../x", "timm/hf-hub:a/b", "timm/", "timm/no_such_network", "timm/vit_b_16"])
def test_odd_names_in_settings_are_one_sentence(name: str) -> None:
    with pytest.raises(FtError) as caught:
        describe(name)
    assert "\n" not in str(caught.value)


def test_classes_are_those_that_the_weights_know() -> None:
    assert backbones.old_classes("timm/regnety_002")[310] == "ant"
    many = backbones.old_classes("timm/vit_tiny_patch16_224.augreg_in21k")
    assert len(many) == 21_843
    assert "ant" in many
    assert backbones.old_classes("timm/vit_base_patch16_clip_224.openai") == (), "its outputs are no classes"
    assert "cc-by-nc-4.0" in backbones.licence("convnextv2_atto")
