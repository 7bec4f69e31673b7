"""`data check` in the terminal: lines for people, JSON for programs, and an exit status that says what came out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from ftcore import __main__ as cli


@pytest.fixture
def folder(tmp_path: Path, make_folder: Callable[..., Path]) -> Path:
    made = make_folder(tmp_path / "set", 20)
    first = min((made / "blue").iterdir()).read_bytes()
    (made / "red" / "cut.png").write_bytes(first[:-200])
    (made / "blue" / "copy.png").write_bytes(first)
    return made


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = cli.main(["data", "check", *words])
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def test_trouble_is_told_and_mended(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said(capsys, str(folder))
    assert (code, err) == (1, "")
    assert "set: 3 classes: blue, green, red; " in out
    assert "1 file cannot be used as a picture. Save them again or leave them out (--skip)." in out
    assert "  red/cut.png is damaged or cut short" in out
    assert out.rstrip().endswith("kinds of trouble to mend.")
    code, out, err = said(capsys, str(folder), "--skip", "cut.png", "--skip", "blue/copy.png")
    assert (code, err) == (0, "")
    assert out.rstrip().endswith("Nothing to mend.")
    code, out, err = said(capsys, str(folder), "--skip", "cut.png", "--skip", "copy.png", "--merge", "red=warm")
    assert "blue, green, warm" in out
    table = tmp_path / "t.csv"
    assert said(capsys, str(folder), "--table", str(table))[0] == 1
    assert table.read_text().splitlines()[0] == "file,label,split"
    assert len(table.read_text().splitlines()) == 1 + 61, "all but the one that cannot be read"


def test_json_is_one_object_a_line_and_nothing_else(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said(capsys, str(folder), "--json")
    assert (code, err) == (1, "")
    records = [json.loads(line) for line in out.splitlines()]
    assert {frozenset(one) for one in records} == {frozenset({"kind", "says", "cure", "groups"})}
    assert ["red/cut.png is damaged or cut short"] in records[0]["groups"]


@pytest.mark.parametrize(
    "words, sentence",
    [
        (["--skip", "none.png"], "No file or folder here is called 'none.png'"),
        (["--merge", "red"], "--merge takes two classes, OLD=NEW, not 'red'."),
        (["--merge", "red="], "--merge takes two classes"),
        (["--merge", "pink=red"], "There is no class 'pink' to merge: the classes are 'blue', 'green', 'red'."),
        (["--table", "/proc/none/t.csv"], "cannot be read or written"),
    ],
)
def test_bad_input_is_one_sentence(
    folder: Path, words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = said(capsys, str(folder), *words)
    assert code == 2
    assert sentence in err
    assert len(err.splitlines()) == 1


def test_sets_that_are_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "sketchbook")[0] == 2
    assert said(capsys, str(tmp_path / "nothing"))[0] == 2
    (tmp_path / "empty").mkdir()
    assert "There are no images here" in said(capsys, str(tmp_path / "empty"))[2]
    Image.new("RGB", (9, 9)).save(tmp_path / "one.png")
    assert said(capsys, str(tmp_path / "one.png"))[0] == 2


def test_a_class_may_have_too_few_to_train(tmp_path: Path, make_folder: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    made = make_folder(tmp_path / "set", 20)
    for path in sorted((made / "red").iterdir())[1:]:
        path.unlink()
    code, out, _ = said(capsys, str(made))
    assert code == 1
    assert "The class red has fewer than 3 pictures, and each split needs one." in out
