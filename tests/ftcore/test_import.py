"""What importing the engine does not bring with it, and that what it leaves out still works when wanted."""

from __future__ import annotations

import subprocess
import sys

LATE = """
import sys
import torch
import ftcore.analysis.answers
from ftcore._torchvision import torchvision, transforms


def loaded():
    return [name for name in sys.modules if name.startswith("torch._dynamo.") and name != "torch._dynamo.utils"]


mask = torchvision.tv_tensors.Mask(torch.eye(3))
turned = transforms.functional.hflip(mask)
assert type(turned) is torchvision.tv_tensors.Mask and turned.equal(torch.eye(3).flip(-1))
weight = torch.nn.Parameter(torch.ones(1))
optimizer = torch.optim.SGD([weight], lr=0.5)
for left in (0.5, 0.0):
    weight.grad = torch.ones(1)
    optimizer.step()
    assert weight.item() == left
assert torch.is_grad_enabled()
marked = torch.compiler.disable(torch.sin)
assert marked(weight) == 0 and marked.__name__ == "sin"
assert not loaded(), loaded()

asked = torchvision.ops.roi_align.__globals__["is_compile_supported"]
assert asked("cpu") == torch._dynamo.utils.is_compile_supported("cpu")
import torch._dynamo.config
assert loaded() and torch._dynamo.config.recompile_limit and torch._dynamo is sys.modules["torch._dynamo"]
optimizer.step()
assert marked(weight) == torch.sin(weight) and weight.item() == -0.5
breaks = torch._dynamo.explain(lambda x: marked(x) + 1)(weight)
assert breaks.op_count == 1, breaks  # the sum; the sine is left alone
"""


def test_torchs_compiler_is_imported_by_who_wants_it_alone() -> None:
    done = subprocess.run([sys.executable, "-c", LATE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
