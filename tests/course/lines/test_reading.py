"""The first wall: what lines may be made of, and one kind sentence for what they may not."""

from __future__ import annotations

import pytest

from course.lines import reading
from ftcore.errors import FtError

ALLOWED = [
    "import torch", "from torch import nn", "import torch.nn.functional as F", "model.fc = nn.Linear(2, 3)",
    "for p in model.parameters():\n    p.requires_grad = False", "model.conv1.weight.data = model.conv1.weight.data * 2",
    "with torch.inference_mode():\n    y = F.softmax(model(x), dim=1)", 'print(f"{loss:.3f}", [p for p in x if p > 0])',
    'torch.save(model.state_dict(), "a-b.pt")', "    model.eval()\n    model.train()", "\tmodel.eval()",
    "# a word\nmodel.eval()", "model.requires_grad_(False); model.fc.requires_grad_(True)", "model.eval()\r\nx = 1\r\n",
]  # fmt: skip
REFUSED = {
    "no line yet": ["", "\n \n", "# only a word"],
    "more than the exercise needs": ["x = 1\n" * 20, "x = '" + "a" * 2000 + "'"],
    "Line 1 is not Python yet": ["x\x00 = 1", "x = " + "(" * 900],
    "Line 2 is not Python yet": ["x = 1\nx = = 2", "x = 1\n  y = 2", "x = 1\nbreak"],
    "is not needed here": [
        "def f(): pass", "class A: pass", "f = lambda: 0", "try:\n    x\nexcept Exception:\n    pass", "del x",
        "raise SystemExit", "global x", "assert x", "print(y := 1)", "async def f(): pass", "match x:\n    case _: pass",
    ],
    "Only torch, nn and F can be imported": [
        "import os", "import torch, os", "from os import path", "import torch.utils as u", "from torch import *",
        "from torch import os", "import torch as nn", "from . import x",
    ],
    "begin with an underscore": ["__import__", "_x = 1", "__builtins__"],
    "is nothing that the exercises know": [
        "model.__class__", "().__class__.__base__.__subclasses__()", "torch.os.system", "torch.sys", "nn.Module.__init__",
        "torch.utils", "torch.from_file", "torch.hub", "torch.ops", "torch.jit", "torch.distributed",
        "x.numpy().tofile", "x.untyped_storage()", '"{0.__class__}".format(model)', "g.gi_frame.f_back", "model.compile()",
        "model.ｏｓ", "torch.ſys", "torch._C", "x.apply_(print)", "torch.multiprocessing",
    ],
    "cannot be changed here": [
        "nn.Linear = None", "nn.Module.training = 1", "F.weight = 1", "torch.save = print", "model.forward = print",
        "model.train = print", "for nn.fc in x:\n    pass", "x.named_parameters = print", "torch.nn.bias = 1",
    ],
    "Write the file of": [
        'torch.save(x, "/tmp/a.pt")', 'torch.save(x, "../a.pt")', "torch.save(x, name)", "torch.load()", 'torch.load("a")',
        'torch.load(*["/etc/passwd"])', 'torch.load(f="/etc/passwd")', 'torch.load(**{"f": "a.pt"})', 'torch.load("a\\n.pt")',
        'torch.load("ａ.pt")', 'model.load("a/b.pt")',
    ],
    "Call `save` where it stands": ["keep = torch.save", "list(torch.save)"],
    "cannot be read": ["x = '\ud800'"],
}  # fmt: skip


@pytest.mark.parametrize("lines", ALLOWED)
def test_what_lessons_are_made_of_is_let_through(lines: str) -> None:
    assert reading.read(lines)


@pytest.mark.parametrize(("said", "lines"), [(said, one) for said, every in REFUSED.items() for one in every])
def test_the_rest_is_refused_in_one_sentence(said: str, lines: str) -> None:
    with pytest.raises(FtError, match=said) as error:
        reading.read(lines)
    assert "\n" not in str(error.value)


def test_no_allowed_name_is_a_module_of_torch_that_leads_out() -> None:
    """Names are allowed wherever they stand, so none may be, on torch's own modules, a door to files or programs."""
    seen, todo = set(), [reading.torch]
    while todo:
        here = todo.pop()
        seen.add(here.__name__)
        inner = (getattr(here, name) for name in reading.attributes() if hasattr(here, name))
        todo += [one for one in inner if isinstance(one, reading.types.ModuleType) and one.__name__ not in seen]
    assert seen >= {"torch", "torch.nn", "torch.nn.functional", "torch.optim"}
    known = ("torch.nn.", "torch.optim", "torch.functional", "torch.cpu")  # layers, functions, nothing that opens files
    assert [name for name in seen if name not in ("torch", "torch.nn") and not name.startswith(known)] == []
