"""What pages say in whole sentences stands in `assets/content`, where it is edited without touching code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from ftcore.files import ROOT

FILES = [ROOT / "app.py", *sorted((ROOT / "ui").rglob("*.py")), *sorted((ROOT / "pages").glob("*.py"))]
LONG = 7  # words: what is shorter is a label or an answer in numbers
EXPLAINED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def spoken(node: ast.AST) -> Iterator[str]:
    """The texts below a node, with the holes of formatted ones; not docstrings, not the sentences of errors."""
    if isinstance(node, ast.Raise):
        return
    if isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    documented = isinstance(node, EXPLAINED) and ast.get_docstring(node) is not None
    for child in ast.iter_child_nodes(node):
        if not (documented and isinstance(node, EXPLAINED) and child is node.body[0]):
            yield from spoken(child)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_sentence_stands_in_code(path: Path) -> None:
    texts = spoken(ast.parse(path.read_text("utf-8")))
    assert [text for text in texts if len(text.split()) >= LONG and text.rstrip().endswith((".", ":", "!", "?"))] == []
