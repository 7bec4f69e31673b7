"""Reads a learner's lines before they run: are they Python, few, and made of what PyTorch lessons are made of?

This is the first wall and the one that speaks kindly: it lets through only plain statements, names and attributes of
a list. What still gets past it meets the walls of the process (`walls`). Nothing runs here.
"""

from __future__ import annotations

import ast
import functools
import re
import textwrap
import types

import torch
import torch.nn.functional as F
from torch import nn

from ftcore.errors import FtError
from ftcore.names import shown

MOST_LINES, MOST_SIGNS = 8, 1000
MODULES, FILES = ("torch", "nn", "F"), ("save", "load")
BUILTINS = ("print", "len", "range", "enumerate", "zip", "sum", "min", "max", "abs", "isinstance", "int", "float", "str",
            "bool", "list", "tuple", "dict", "set", "sorted", "any", "all", "round", "reversed")  # fmt: skip
_PLAIN = (
    ast.Module, ast.Expr, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.For, ast.If, ast.With, ast.withitem, ast.Pass,
    ast.Break, ast.Continue, ast.While, ast.Call, ast.keyword, ast.Attribute, ast.Name, ast.Constant, ast.List, ast.Tuple,
    ast.Dict, ast.Set, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.comprehension, ast.Subscript,
    ast.Slice, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Starred, ast.expr_context, ast.operator,
    ast.unaryop, ast.boolop, ast.cmpop, ast.Import, ast.ImportFrom, ast.alias, ast.JoinedStr, ast.FormattedValue,
)  # fmt: skip
_WORDS = {ast.FunctionDef: "def", ast.ClassDef: "class", ast.Lambda: "lambda", ast.Try: "try", ast.Delete: "del",
          ast.Raise: "raise", ast.Global: "global", ast.Assert: "assert", ast.NamedExpr: ":="}  # fmt: skip
_IMPORTS = {"import torch", "from torch import nn", "import torch.nn as nn", "import torch.nn.functional as F",
            "from torch.nn import functional as F"}  # fmt: skip
_OF_TORCH = {
    "nn", "functional", "optim", "no_grad", "inference_mode", "enable_grad", "set_grad_enabled", "save", "load", "tensor",
    "zeros", "ones", "cat", "stack", "AdamW", "Adam", "SGD", "float32", "float64", "int64", "uint8", "device", "Tensor",
}  # fmt: skip
_OF_MODEL = {"fc", "conv1", "bn1", "relu", "maxpool", "avgpool", "layer1", "layer2", "layer3", "layer4", "conv2", "bn2",
             "downsample", "weight", "bias", "in_features", "out_features", "running_mean", "running_var",
             "track_running_stats", "param_groups", "params", "requires_grad", "training", "grad", "eps", "momentum",
             "items", "keys", "values", "append", "extend", "insert", "get", "startswith", "endswith"}  # fmt: skip
_STORED = {"requires_grad", "training", "grad", "fc", "weight", "bias", "data", "track_running_stats", "momentum", "eps",
           "in_features", "out_features"}  # fmt: skip
# what reaches memory, files, other processes or code from a tensor or a layer
_NEVER = {"compile", "format", "format_map", "numpy", "storage", "untyped_storage", "typed_storage", "share_memory",
          "share_memory_", "pin_memory", "data_ptr", "map_", "map2_", "apply_", "set_", "resize_", "module_load",
          "record_stream", "is_shared", "register_module", "cuda", "xpu", "ipu", "mtia"}  # fmt: skip


@functools.cache
def attributes() -> frozenset[str]:
    """Every attribute that lines may use: public ones of networks, layers, tensors and optimizers, and a few of torch."""
    owners = (nn.Module, torch.Tensor, torch.optim.Optimizer)
    found = {name for owner in owners for name in dir(owner)}
    found |= {name for name, value in vars(nn).items() if isinstance(value, type) and issubclass(value, nn.Module)}
    found |= {name for name, value in vars(F).items() if isinstance(value, types.FunctionType) and name.islower()}
    public = {name for name in found if not name.startswith("_") and not name.startswith(("has_torch", "handle_torch"))}
    return frozenset((public | _OF_TORCH | _OF_MODEL) - _NEVER)


def read(text: str, most: int = MOST_LINES) -> str:
    """The lines as they will run, without a common indent. What cannot or need not be raises `FtError`."""
    lines = textwrap.dedent(text.replace("\r\n", "\n").replace("\t", "    ")).strip("\n")
    said = [line for line in lines.split("\n") if line.strip() and not line.strip().startswith("#")]
    if not said:
        raise FtError("There is no line yet: write one in place of the gap.")
    if len(said) > most or len(lines) > MOST_SIGNS:
        raise FtError(
            f"That is more than the exercise needs: {most} lines and {MOST_SIGNS:,} characters at most."
            " Leave out what is not asked for."
        )
    nodes = list(ast.walk(_parsed(lines)))
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    for node in nodes:
        _check(node)
        if isinstance(node, ast.Attribute) and node.attr in FILES and id(node) not in called:
            raise FtError(f"Call `{node.attr}` where it stands: under another name it is not for exercises.")
    return lines


def _parsed(lines: str) -> ast.Module:
    try:
        compile(lines.encode(), "lines", "exec", dont_inherit=True)  # finds a `break` outside of a loop, too
        return ast.parse(lines)
    except SyntaxError as error:
        raise FtError(f"Line {error.lineno or 1} is not Python yet ({error.msg}): look at its signs.") from None
    except (ValueError, RecursionError, MemoryError):
        raise FtError("These lines cannot be read: write plain ones.") from None


def _check(node: ast.AST) -> None:
    """Raise `FtError` for a part that no exercise needs."""
    where = f"line {node.lineno}: " if isinstance(node, ast.stmt | ast.expr) else ""
    if not isinstance(node, _PLAIN):
        word = _WORDS.get(type(node), type(node).__name__.lower())
        raise FtError(f"{where}`{word}` is not needed here: plain lines, loops and conditions are enough.".capitalize())
    if isinstance(node, ast.Import | ast.ImportFrom) and ast.unparse(node) not in _IMPORTS:
        raise FtError(
            f"Only torch, nn and F can be imported, and they are already there: take out `{shown(ast.unparse(node), 60)}`."
        )
    if isinstance(node, ast.Name):
        _check_name(node.id)
    if isinstance(node, ast.Attribute):
        _check_attribute(node)
    if isinstance(node, ast.Call):
        _check_file(node)


def _check_name(name: str) -> None:
    if name.startswith("_"):
        raise FtError(f"Names that begin with an underscore are not for exercises: take out `{shown(name, 60)}`.")


def _check_attribute(node: ast.Attribute) -> None:
    name = shown(node.attr, 60)
    if node.attr not in attributes():
        raise FtError(f"`.{name}` is nothing that the exercises know: use what the lesson's own code uses.")
    root = node.value
    while isinstance(root, ast.Attribute | ast.Subscript):
        root = root.value
    of_torch = isinstance(root, ast.Name) and root.id in MODULES
    if not isinstance(node.ctx, ast.Load) and (of_torch or node.attr not in _STORED):
        raise FtError(f"`.{name}` cannot be changed here: change the network, not PyTorch.")


def _check_file(node: ast.Call) -> None:
    """`torch.save` and `torch.load` get the name of a file written out, and no folder."""
    called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    if called not in FILES:
        return
    at = 0 if called == "load" else 1
    path = node.args[at] if len(node.args) > at else next((k.value for k in node.keywords if k.arg == "f"), None)
    name = path.value if isinstance(path, ast.Constant) else None
    if not isinstance(name, str) or not re.fullmatch(r"\w[\w-]*\.pt", name, flags=re.ASCII):
        raise FtError(
            f'Write the file of `{called}` out, as in "net.pt": exercises have one small folder of their own.'
        )
