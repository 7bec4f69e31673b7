"""The house rules that a reader of the tree can check: who imports whom, and that everything is explained."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from ftcore.data import sets
from ftcore.files import ROOT
from ftcore.network import backbones

# From the ground up: a module may import only what stands before it.
ORDER = (
    "names", "errors", "preprocess", "files", "settings", "_torchvision", "content", "learners", "events", "blocks", "kinds", "bare", "frames",
    "memory", "rgb", "pictures", "weights", "backbones", "splits", "zipnames", "zips", "listings", "splitnames", "splitfolders",
    "tables", "arrange", "folders", "caches", "prepared", "reading", "pen", "nature", "things", "paper", "draw",
    "builtin", "downloads", "sets", "identity", "quiz", "glossary", "surgery", "change", "marking", "rounds", "cards",
    "facts", "lines", "tapconv", "snapshots", "checkpoint", "features", "loop", "recorded", "trace", "machine", "steps",
    "pretrained", "measure", "experiments", "locks", "records", "shelf", "verdict", "longer", "worker", "limits",
    "crew", "manager", "service", "export", "answers", "console", "story", "options", "__main__",
)  # fmt: skip
ENGINE = sorted((ROOT / "ftcore").rglob("*.py"))
WEB = sorted([ROOT / "app.py", *(ROOT / "ui").glob("*.py"), *(ROOT / "pages").glob("*.py")])


def imported(path: Path) -> set[str]:
    """Full names of all modules that a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports relatively"
            names |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
    return names


def parts(path: Path, package: str) -> set[str]:
    """The modules of one of our packages that a file imports."""
    files = [ROOT / f"{name.replace('.', '/')}.py" for name in imported(path) if name.startswith(f"{package}.")]
    return {file.stem for file in files if file.exists()}


@pytest.mark.parametrize("path", ENGINE, ids=lambda p: p.stem)
def test_engine_imports_only_downwards(path: Path) -> None:
    if path.stem == "__init__":
        assert parts(path, "ftcore") == set()
        return
    assert path.stem in ORDER, path.stem
    below = set(ORDER[: ORDER.index(path.stem)])
    assert parts(path, "ftcore") - below == set()


@pytest.mark.parametrize("path", ENGINE, ids=lambda p: p.stem)
def test_engine_knows_no_web(path: Path) -> None:
    tops = {name.split(".")[0] for name in imported(path)}
    assert tops & {"streamlit", "plotly", "pandas", "ui", "pages", "app"} == set()


@pytest.mark.parametrize("path", WEB, ids=lambda p: p.stem)
def test_pages_stand_on_ui_and_ui_on_the_engine(path: Path) -> None:
    tops = {name.split(".")[0] for name in imported(path)}
    assert "app" not in tops
    assert path.parent.name != "ui" or "pages" not in tops
    assert path.parent.name != "pages" or parts(path, "pages") == set()


@pytest.mark.parametrize("path", ENGINE, ids=lambda p: p.stem)
def test_public_names_are_documented(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    assert ast.get_docstring(tree)
    kinds = ast.FunctionDef | ast.ClassDef
    for owner in [tree, *(n for n in tree.body if isinstance(n, ast.ClassDef) and not n.name.startswith("_"))]:
        for node in (n for n in owner.body if isinstance(n, kinds) and not n.name.startswith("_")):
            assert ast.get_docstring(node), f"{path.stem}.{node.name}"


def test_catalogues_explain_every_entry() -> None:
    notes = [e.note for e in backbones.CATALOGUE.values()] + [e.note for e in sets.CATALOGUE.values()]
    assert all(len(note) > 20 and note.endswith(".") for note in notes)
    assert len(set(notes)) == len(notes) == 14
