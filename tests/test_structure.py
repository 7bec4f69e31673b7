"""The house rules that a reader of the tree can check: who imports whom, and that everything is explained."""

from __future__ import annotations

import ast
import functools
import graphlib
import re
from pathlib import Path

import pytest

from ftcore.data import catalogue
from ftcore.files import ROOT
from ftcore.network import backbones

# From the ground up: a folder may import only what stands before it. Within a folder there is no circle.
ROOMS = (
    "ftcore", "ftcore/network", "ftcore/data", "ftcore/training", "ftcore/costs", "ftcore/export", "ftcore/analysis",
    "ftcore/runs", "ftcore/terminal", "ftcore/__main__.py", "course/measures", "course/lines", "course",
    "ui", "ui/engine", "ui/widgets", "ui/runs", "ui/picture", "ui/exchange", "ui/lesson", "ui/course", "ui/frame", "pages", "app.py",
)  # fmt: skip
APART = {"ftcore/network", "ftcore/data"}  # neither imports the other


def place_of(path: Path) -> str:
    """A file as the tree shows it."""
    return path.relative_to(ROOT).as_posix()


ENGINE = sorted([*(ROOT / "ftcore").rglob("*.py"), *(ROOT / "course").rglob("*.py")])
WEB = sorted([ROOT / "app.py", *(ROOT / "ui").rglob("*.py"), *(ROOT / "pages").glob("*.py")])
ALL = [*ENGINE, *WEB]


@functools.cache
def imported(path: Path) -> set[str]:
    """Full names of all modules that a file imports, wherever in it."""
    return set().union(*(named(path, node) for node in ast.walk(ast.parse(path.read_text("utf-8")))))


def named(path: Path, node: ast.AST) -> set[str]:
    """Full names of the modules that one statement imports."""
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"{path.name} imports relatively"
        return {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
    return set()


@pytest.mark.parametrize("path", ALL, ids=place_of)
def test_torchvision_is_imported_by_one_module_alone(path: Path) -> None:
    """Else a page that happens to import another module first ends in an error where its operators do not load."""
    names = {name for node in ast.parse(path.read_text("utf-8")).body for name in named(path, node)}
    assert not [name for name in names if name.partition(".")[0] in ("torchvision", "timm")]


def room(path: Path) -> str:
    """The room that a file belongs to: the longest of `ROOMS` that its path begins with."""
    place = path.relative_to(ROOT).as_posix()
    return max((r for r in ROOMS if place == r or place.startswith(f"{r}/")), key=len)


@functools.cache
def ours(path: Path) -> set[Path]:
    """The files of this project that a file imports; folders' faces apart."""
    files = {ROOT / f"{name.replace('.', '/')}.py" for name in imported(path)}
    return {file for file in files if file.exists() and file in ALL}


@pytest.mark.parametrize("path", ALL, ids=place_of)
def test_rooms_import_only_downwards(path: Path) -> None:
    here = room(path)
    there = {room(file) for file in ours(path)} - {here}
    assert there <= set(ROOMS[: ROOMS.index(here)])
    assert not (here in APART and there & APART)


def test_no_file_imports_itself_by_a_detour() -> None:
    graphlib.TopologicalSorter({path: ours(path) for path in ALL}).prepare()  # raises and names the circle


FACES = [path for path in ALL if path.name == "__init__.py" and path.parent not in (ROOT / "ftcore", ROOT / "ui")]


@pytest.mark.parametrize("path", FACES, ids=place_of)
def test_a_face_defines_nothing_and_names_what_is_there(path: Path) -> None:
    text, *rest = ast.parse(path.read_text("utf-8")).body
    assert isinstance(text, ast.Expr)
    (names,) = rest
    assert isinstance(names, ast.Assign)
    face = ast.literal_eval(names.value)
    assert face == sorted(face)
    assert all((path.parent / f"{name}.py").exists() or (path.parent / name).is_dir() for name in face)


@pytest.mark.parametrize("path", ALL, ids=place_of)
def test_outsiders_import_only_what_a_face_names(path: Path) -> None:
    for file in ours(path):
        face = file.parent / "__init__.py"
        if face in FACES and file.parent not in (path.parent, *path.parents) and file.stem != "__init__":
            listed = ast.literal_eval(ast.parse(face.read_text("utf-8")).body[1].value)  # type: ignore[attr-defined]
            assert file.stem in listed, f"{place_of(path)} imports {place_of(file)}"


LONGEST_FILE, LONGEST_FUNCTION = 300, 50  # lines
BESIDE = sorted(path for folder in ("benchmarks", "tests") for path in (ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize("path", [*ALL, *BESIDE], ids=place_of)
def test_no_file_and_no_function_is_long(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.count("\n") <= LONGEST_FILE
    functions = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef))
    assert {f.name for f in functions if (f.end_lineno or 0) - f.lineno >= LONGEST_FUNCTION} == set()


@pytest.mark.parametrize("path", ENGINE, ids=place_of)
def test_engine_knows_no_web(path: Path) -> None:
    tops = {name.split(".")[0] for name in imported(path)}
    assert tops & {"streamlit", "plotly", "pandas", "ui", "pages", "app"} == set()


@pytest.mark.parametrize("drawn", ["st.segmented_control(", "st.pills("])
def test_a_row_of_choices_that_breaks_into_lines_is_drawn_in_one_place(drawn: str) -> None:
    files = [
        path for part in ("ui", "pages") for path in (ROOT / part).rglob("*.py") if drawn in path.read_text("utf-8")
    ]
    assert [path.name for path in files] == ["choice.py"]


def test_no_page_imports_another() -> None:
    pages = {path for path in WEB if path.parent.name == "pages"}
    assert pages
    assert all(ours(path).isdisjoint(pages) for path in pages)


@pytest.mark.parametrize("path", ENGINE, ids=place_of)
def test_public_names_are_documented(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    assert ast.get_docstring(tree)
    kinds = ast.FunctionDef | ast.ClassDef
    for owner in [tree, *(n for n in tree.body if isinstance(n, ast.ClassDef) and not n.name.startswith("_"))]:
        for node in (n for n in owner.body if isinstance(n, kinds) and not n.name.startswith("_")):
            assert ast.get_docstring(node), f"{path.stem}.{node.name}"


def test_catalogues_explain_every_entry() -> None:
    notes = [e.note for e in backbones.CATALOGUE.values()] + [e.note for e in catalogue.CATALOGUE.values()]
    assert all(len(note) > 20 and note.endswith(".") for note in notes)
    assert len(set(notes)) == len(notes) == 20


PLACES = re.findall(r"`([\w./]+\.py)`: (`\w+`(?:(?:, | and )`\w+`)*)", (ROOT / "CONTRIBUTING.md").read_text("utf-8"))


@pytest.mark.parametrize(("file", "names"), PLACES)
def test_what_contributors_are_sent_to_is_there(file: str, names: str) -> None:
    body = ast.parse((ROOT / file).read_text("utf-8")).body
    named = {node.name for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    for node in body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            named |= {name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)}
    assert set(re.findall(r"\w+", names)) - {"and"} <= named


def test_contributors_are_sent_somewhere() -> None:
    assert len(PLACES) >= 6
