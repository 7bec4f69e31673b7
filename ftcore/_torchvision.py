"""Makes `import torchvision` work where its compiled operators do not load.

Whoever needs torchvision takes it from here: `from ftcore._torchvision import torchvision`, or `transforms`, which
alter pictures. It knows nothing about networks or images.
"""

from __future__ import annotations

import importlib
import sys

import torch

from ftcore import _compiler


def _import_torchvision() -> torch.library.Library | None:
    """Import torchvision; give back the declarations that this took, or None with a matching build.

    A torchvision built for CUDA beside a CPU torch cannot load its library of operators, and its import then
    ends with "operator torchvision::nms does not exist", because its Python code describes that operator.
    Names and signatures are enough for the import. Calling the operators still fails, so pictures must be
    decoded with Pillow.
    """
    try:
        importlib.import_module("torchvision")
        return None
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]  # halves left by the failed import
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    importlib.import_module("torchvision")
    return library


_compiler.leave_out()
_LIBRARY = _import_torchvision()  # kept: a library that is collected takes its names with it
torchvision = importlib.import_module("torchvision")
transforms = importlib.import_module("torchvision.transforms.v2")
