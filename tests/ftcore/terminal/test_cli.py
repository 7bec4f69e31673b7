"""The terminal command, in a process of its own where output counts."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ftcore import __main__ as cli
from ftcore.events import EpochEnd, Event
from ftcore.files import ROOT
from ftcore.runs import execute, records, results
from ftcore.settings import RunSettings

EPOCH_KEYS = {"phase", "epoch", "train_loss", "train_accuracy", "val_loss", "val_accuracy", "seconds"}


def command(*words: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    launch = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from ftcore.__main__ import main; sys.exit(main())"
    return subprocess.run([sys.executable, "-c", launch, *words], capture_output=True, text=True, cwd=folder)


def events(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_train_then_predict_then_resume(noise: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "run"
    words = ["--data", noise.name, "--epochs", "1,1", "--lr", "1e-2", "--out", str(out), "--json"]
    done = command("train", *words, folder=noise.parent)
    assert done.returncode == 0, done.stderr
    told = events(done.stdout)
    ends = [e for e in told if e["event"] == "epoch_end"]
    assert [(e["phase"], e["epoch"]) for e in ends] == [(1, 1), (2, 2)]
    assert all(e.keys() > EPOCH_KEYS for e in ends)
    assert told[-1]["event"] == "run_end"
    assert told[-1]["folder"] == str(out)
    assert 0 <= told[-1]["test_accuracy"] <= 1 < told[-1]["seconds"] + 1
    assert records.state_of(out).state == "done"
    assert records.settings_of(out).data == str(noise)

    image = str(noise / "red" / "00.png")
    assert cli.main(["predict", "--run", str(out), image, image, "--json"]) == 0
    rows = events(capsys.readouterr().out)
    assert len(rows) == 2
    assert rows[0]["probabilities"].keys() == {"blue", "green", "red"}
    assert sum(rows[0]["probabilities"].values()) == pytest.approx(1)
    assert rows[0]["class"] == max(rows[0]["probabilities"], key=rows[0]["probabilities"].get)
    assert cli.main(["resume", str(out)]) == 2
    assert capsys.readouterr().err == "This run is finished: there is nothing to resume.\n"
    (out / "model.safetensors").write_bytes(b"x" * 100)
    assert cli.main(["predict", "--run", str(out), image]) == 2
    assert "cannot be used" in capsys.readouterr().err


def test_resume_goes_on_after_the_last_epoch(
    small: RunSettings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def twice(event: Event) -> None:
        records.append(folder, event)
        if isinstance(event, EpochEnd) and event.epoch == 2:
            raise execute.StopRun

    folder = records.new(small, folder=tmp_path / "run")
    assert execute.finish(folder, lambda: execute.execute(folder, twice)) == 0
    assert records.state_of(folder).state == "stopped"
    assert cli.main(["resume", str(folder), "--json"]) == 0
    again = [e for e in events(capsys.readouterr().out) if not e["event"].endswith("_progress")]
    assert [e["event"] for e in again] == [
        "data_found", "head_alone", "phase_end", "epoch_end", "epoch_end", "phase_end", "run_end",
    ]  # fmt: skip
    assert [e["epoch"] for e in again if e["event"] == "epoch_end"] == [3, 4]


@pytest.mark.parametrize(
    "words",
    [
        [], ["dance"], ["train", "--backbone", "alexnet"], ["train", "--data", "nowhere"], ["train", "--data", ""],
        ["train", "--epochs", "x"], ["train", "--epochs", "1.5"], ["train", "--epochs", "0"], ["train", "--epochs", ""],
        ["train", "--epochs", "1,2,3"], ["train", "--lr", "fast"], ["train", "--lr", "nan"], ["train", "--lr", "-1"],
        ["train", "--thaw", "many"], ["train", "--thaw", "-1"], ["train", "--thaw", "99"], ["train", "--thaw", "²"],
        ["train", "--train-per-class", "x"], ["train", "--train-per-class", "-3"], ["train", "--seed", "x"],
        ["train", "--seed", "-1"], ["train", "--seed", "9" * 400], ["train", "--random", "--pretrained"],
        ["train", "--settings", "/nowhere"], ["train", "--settings", "/"], ["train", "--colour"],
        ["train", "--settings", "a\0b"], ["train", "--out", "a\0b"], ["resume", "a\0b"], ["predict", "--run", "a\0b", "x"],
        ["resume"], ["resume", "/nowhere"], ["resume", "/dev/null"], ["predict", "--run", "/nowhere", "x.png"],
        ["predict", "x.png"],
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence(words: list[str], capsys: pytest.CaptureFixture[str], home: Path) -> None:
    assert cli.main(words) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert said.err.endswith(".\n")
    assert not (home / "runs").exists()


def test_bad_input_from_a_shell_has_no_traceback(tmp_path: Path) -> None:
    done = command("train", "--epochs", "x")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    (tmp_path / "s.json").write_bytes(b"\xff\xfe{")
    done = command("train", "--settings", str(tmp_path / "s.json"))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_existing_or_impossible_folder_is_refused(noise: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for out in (noise, noise / "red" / "00.png" / "run"):
        assert cli.main(["train", "--data", str(noise), "--epochs", "1", "--out", str(out)]) == 2
        assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("said", "meant", "note"),
    [
        ("digits", "{here}/digits", "'digits' is a folder here and is taken; for the built-in set say builtin:digits.\n"),
        ("./digits", "{here}/digits", ""), ("digits/", "{here}/digits", ""), ("builtin:digits", "digits", ""),
        ("sketchbook", "sketchbook", ""), ("builtin:sketchbook", "sketchbook", ""),
    ],
)  # fmt: skip
def test_a_folder_named_like_a_built_in_set(
    said: str, meant: str, note: str, noise: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    shutil.copytree(noise, tmp_path / "digits")
    monkeypatch.setattr(cli, "_work", lambda folder, as_json: 0)
    assert cli.main(["train", "--data", said, "--out", "run"]) == 0
    assert records.settings_of(tmp_path / "run").data == meant.format(here=tmp_path)
    assert capsys.readouterr().err == note


@pytest.fixture
def trained(tiny: RunSettings, tmp_path: Path) -> Path:
    folder = records.new(tiny, folder=tmp_path / "trained")
    assert execute.finish(folder, lambda: execute.execute(folder, lambda e: records.append(folder, e))) == 0
    return folder


def test_one_bad_picture_does_not_lose_the_rest(
    trained: Path, noise: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty.png").touch()
    (tmp_path / "hollow").mkdir()
    good = [str(noise / "red" / "00.png"), str(noise / "blue" / "03.png")]
    words = [good[0], str(tmp_path / "empty.png"), str(tmp_path / "hollow"), str(tmp_path / "no.png"), good[1]]
    for mode in ([], ["--json"], ["--csv"]):
        assert cli.main(["predict", "--run", str(trained), *words, *mode]) == 2
        said = capsys.readouterr()
        rows = said.out.splitlines()[1 if mode == ["--csv"] else 0 :]
        assert [path in row for path, row in zip(good, rows, strict=True)] == [True, True]
        wrong = [line for line in said.err.splitlines() if not line.startswith("This run")]
        assert [next(w for w in ("hollow", "empty", "no.png") if w in line) for line in wrong] == [
            "hollow", "empty", "no.png",
        ]  # fmt: skip


def test_a_folder_of_pictures_as_csv(trained: Path, noise: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["predict", "--run", str(trained), str(noise), "--csv"]) == 0
    rows = list(csv.reader(capsys.readouterr().out.splitlines()))
    assert rows[0] == ["file", "class", "probability", "blue", "green", "red"]
    assert [row[0] for row in rows[1:]] == sorted(str(path) for path in noise.rglob("*.png"))
    for row in rows[1:]:
        chances = dict(zip(rows[0][3:], map(float, row[3:]), strict=True))
        assert sum(chances.values()) == pytest.approx(1, abs=1e-5)
        assert (row[1], float(row[2])) == (max(chances, key=chances.__getitem__), max(chances.values()))


@pytest.mark.parametrize("mode", [[], ["--json"], ["--csv"]])
def test_predict_warns_of_a_run_that_only_guesses(
    trained: Path, noise: Path, mode: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    log = (trained / "events.jsonl").read_text().splitlines()
    for number, line in enumerate(log):
        if '"epoch_end"' in line:
            log[number] = json.dumps(json.loads(line) | {"val_accuracy": 1 / 3, "val_loss": 3e20, "sample_loss": 3e20})
    (trained / "events.jsonl").write_text("\n".join(log) + "\n")
    assert cli.main(["predict", "--run", str(trained), str(noise / "red" / "00.png"), *mode]) == 0
    said = capsys.readouterr()
    assert said.err.startswith(
        "This run ended at 33.3 % validation accuracy with a loss of 3.0e20, no better than gues"
    )
    assert said.err.endswith("Train again with a lower learning rate.\n")
    if mode == ["--json"]:
        assert json.loads(said.out)["doubt"] == said.err.strip()


@pytest.mark.parametrize("number", [1, 5])
def test_bad_pictures_are_named_in_a_file_or_left_out(
    number: int, noise: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(noise, tmp_path / "set")
    bad = [f"{name}/{i:02}.png" for i in range(2) for name in ("blue", "green", "red")][:number]
    for name in bad:
        (tmp_path / "set" / name).write_bytes(b"")
    words = ["train", "--data", str(tmp_path / "set"), "--epochs", "1"]
    assert cli.main([*words, "--out", str(tmp_path / "run1")]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.endswith(f", or leave out with --skip-bad what {tmp_path}/run1/bad_pictures.txt names.\n")
    assert said.startswith(
        "5 files cannot" if number == 5 else "'blue/00.png' is empty (0 bytes): save or copy it again"
    )
    assert cli.main([*words, "--skip-bad", "--json", "--out", str(tmp_path / "run2")]) == 0
    told = events(capsys.readouterr().out)
    (skipped,) = [e for e in told if e["event"] == "pictures_skipped"]
    assert (skipped["count"], skipped["names"]) == (number, sorted(bad))
    assert next(e for e in told if e["event"] == "run_start")["train_images"] <= 24
    for run in ("run1", "run2"):
        text = (tmp_path / run / "bad_pictures.txt").read_text()
        assert text == "".join(f"{name}\tis empty (0 bytes)\n" for name in sorted(bad))


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied", "/x"), RuntimeError("odd"), MemoryError()])
def test_whatever_happens_is_one_sentence(
    error: Exception, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(folder: Path) -> None:
        raise error

    monkeypatch.setattr(results, "tuned_network", fail)
    assert cli.main(["predict", "--run", "x", "y.png"]) == (2 if isinstance(error, OSError) else 1)
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n"), said.err[-2:]) == ("", 1, ".\n")
    assert (home / "error.log").exists() != isinstance(error, OSError)


def test_list_names_everything(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["list"]) == 0
    said = capsys.readouterr().out
    assert all(name in said for name in ("resnet18-tinyimagenet64", "vgg16", "sketchbook", "eurosat"))
    assert "25,557,032 parameters  224 px  1000 classes" in said
    assert "resnet50-11ad3fa6.pth into" in said


@pytest.mark.parametrize("mode", [[], ["--json"]])
def test_train_warns_of_a_rate_that_is_known_to_end_badly_and_goes_on(
    mode: list[str], noise: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["train", "--data", str(noise), "--backbone", RunSettings().backbone, "--epochs", "1", *mode]
    assert cli.main([*words, "--lr", "10", "--out", str(tmp_path / "high")]) == 0
    said = capsys.readouterr()
    assert re.fullmatch(r"Train the head at 10: in \d+ of \d+ short runs .* went well in .*\.\n", said.err)
    assert cli.main([*words, "--lr", "1e-3", "--out", str(tmp_path / "usual")]) == 0
    assert "went well" not in capsys.readouterr().err
    assert "went well" not in said.out
