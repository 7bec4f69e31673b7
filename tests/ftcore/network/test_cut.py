"""Networks are cut where one tensor carries everything: the blocks in order are the model, or a sentence says why not."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torchvision import models

from ftcore.errors import FtError
from ftcore.network.blocks import Network
from ftcore.network.cut import cut


def as_blocks(arch: str, side: int = 64) -> Network:
    """A torchvision architecture with random weights."""
    size = {"image_size": side} if arch.startswith("vit") else {}
    with torch.device("meta"):
        blocks = cut(models.get_model(arch, weights=None, num_classes=7, **size), (3, side, side))
    torch.manual_seed(1)
    return Network(arch, models.get_model(arch, weights=None, num_classes=7, **size).eval(), blocks)


@pytest.mark.parametrize(
    ("arch", "kinds"),
    [
        ("mobilenet_v2", {"conv": 18}),
        ("densenet121", {"conv": 7}),
        ("shufflenet_v2_x0_5", {"conv": 17}),
        ("mnasnet0_5", {"conv": 31}),
        ("swin_t", {"attention": 12, "mix": 3}),
        ("vit_b_32", {"attention": 12}),
    ],
)
def test_any_row_of_blocks_is_found_and_equals_the_model(arch: str, kinds: dict[str, int]) -> None:
    net, x = as_blocks(arch), torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        assert torch.equal(net.run(x.clone()), net.model(x.clone()))
    found = [block.kind for block in net.blocks]
    assert (found[0], *found[-2:]) == ("stem", "pool", "head")
    assert {kind: found.count(kind) for kind in kinds} == kinds
    by_block = [key for name in net.names for key in net.parameters(name)]
    assert sorted(by_block) == sorted(key for key, _ in net.model.named_parameters())
    assert {key for name in net.names for key in net.tensors(name)} == set(net.model.state_dict())


def test_weights_outside_of_modules_belong_to_the_block_that_uses_them() -> None:
    net = as_blocks("vit_b_32")
    assert {"class_token", "encoder.pos_embedding"} < set(net.parameters("stem"))
    other = net.beside("stem")
    with torch.no_grad():
        other.parameters("stem")["class_token"].add_(1.0)
    assert float(net.tensors("stem")["class_token"].abs().max()) == 0, "a copy"
    x = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        assert not torch.equal(other.run(x, stop="head"), net.run(x, stop="head"))  # the head begins with zeros


class _Odd(nn.Module):
    """Layers that a forward pass puts together in some way."""

    def __init__(self, way: str) -> None:
        super().__init__()
        self.way, self.conv, self.more, self.fc = way, nn.Conv2d(3, 4, 3), nn.Conv2d(3, 4, 3), nn.Linear(4, 5)

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        y = self.conv(x).mean((2, 3))
        match self.way:
            case "branches on a value" if y.sum() > 0:
                y = y * 2
            case "two answers":
                return self.fc(y), y
            case "not in a row":
                return self.fc(y) + self.more(x).mean()
            case "asks for what is not there":
                y = y.view(7, -1)
        return self.fc(y)


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (lambda: models.squeezenet1_0(), "does not end in one linear layer"),
        (lambda: models.googlenet(init_weights=False), "'aux1.conv.conv.weight' is in no block"),
        (lambda: nn.Sequential(nn.Conv2d(3, 4, 3)), "does not end in one linear layer"),
        (
            lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(4 * 62 * 62, 5), nn.Conv1d(1, 1, 1)),
            "end in",
        ),
        (lambda: _Odd("branches on a value"), "cannot be written down as a graph"),
        (lambda: _Odd("two answers"), "more than one tensor"),
        (lambda: _Odd("not in a row"), "does not end in one linear layer"),
        (lambda: _Odd("asks for what is not there"), "cannot be run one after the other"),
    ],
)
def test_what_is_no_row_of_blocks_is_refused_with_a_reason(model: object, reason: str) -> None:
    assert callable(model)
    with torch.device("meta"):
        made = model()
    with pytest.raises(FtError, match=reason):
        cut(made, (3, 64, 64))


def test_weights_used_twice_are_refused() -> None:
    with torch.device("meta"):
        conv = nn.Conv2d(3, 3, 3, padding=1)
        twice = nn.Sequential(
            nn.Sequential(nn.Sequential(conv), nn.Sequential(conv)), nn.Flatten(), nn.Linear(3 * 64, 2)
        )
    with pytest.raises(FtError, match="share weights"):
        cut(twice, (3, 8, 8))
