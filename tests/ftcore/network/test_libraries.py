"""Networks of timm, held to timm itself, and the one of them that is built in, held to real photos."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image, ImageDraw, ImageFilter
from safetensors.torch import load_file

from ftcore.data import pictures
from ftcore.files import ROOT
from ftcore.network import backbones, pixels

PHOTOS = backbones.FOR_PHOTOS
REAL = ROOT.parent / "shared" / "data" / "hymenoptera.zip"
CPU = torch.device("cpu")


def photo(size: tuple[int, int]) -> Image.Image:
    """Something with edges and colours, of no even size."""
    noise = np.random.default_rng(0).integers(0, 256, (*reversed(size), 3), dtype=np.uint8)
    drawn = Image.fromarray(noise).filter(ImageFilter.GaussianBlur(2))
    ImageDraw.Draw(drawn).ellipse([size[0] // 4, size[1] // 5, size[0] // 2, size[1] // 2], fill=(200, 120, 30))
    return drawn


@pytest.mark.parametrize("size", [(500, 375), (301, 777), (64, 64)])
def test_a_picture_is_scaled_as_timm_scales_it(size: tuple[int, int]) -> None:
    config = timm.data.resolve_data_config(pretrained_cfg=timm.get_pretrained_cfg("tf_efficientnet_lite0").to_dict())
    theirs = timm.data.create_transform(**config)(photo(size))
    ours = pixels.pixels(
        pictures.prepare(photo(size), backbones.preprocess(PHOTOS))[None], backbones.preprocess(PHOTOS), CPU
    )
    assert torch.allclose(ours[0], theirs, atol=1e-6)


def test_the_built_in_weights_are_timms_network() -> None:
    model = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    kept = load_file(backbones.weights_state(PHOTOS).file)
    model.load_state_dict({key: tensor.float() for key, tensor in kept.items()})
    network = backbones.load(PHOTOS)
    x = torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.equal(network.run(x), model.eval()(x))
    assert not network.model.training


def test_its_classes_are_imagenets() -> None:
    names = backbones.old_classes(PHOTOS)
    assert len(names) == 1000
    assert (names[0], names[281], names[309], names[310]) == ("tench", "tabby", "bee", "ant")


def right(file: Path) -> tuple[int, int]:
    """Of the photos in an archive of ants and bees: how many get exactly the class of their folder first, and all."""
    network, names = backbones.load(PHOTOS), backbones.old_classes(PHOTOS)
    found = wanted = 0
    with zipfile.ZipFile(file) as archive:
        for name in (name for name in archive.namelist() if name.endswith(".jpg")):
            image = pictures.prepare(Image.open(io.BytesIO(archive.read(name))), backbones.preprocess(PHOTOS))
            with torch.no_grad():
                best = int(network.run(pixels.pixels(image[None], backbones.preprocess(PHOTOS), CPU)).argmax())
            wanted += 1
            found += names[best] == {"ants": "ant", "bees": "bee"}[Path(name).parent.name]
    return found, wanted


@pytest.mark.skipif(not REAL.exists(), reason="the photos of ants and bees are not beside the project")
def test_ants_are_called_ants_and_bees_bees() -> None:
    found, wanted = right(REAL)
    assert wanted > 390
    assert found >= 0.8 * wanted
