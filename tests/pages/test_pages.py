"""The pages as a whole, in Streamlit's test harness: they render, keep the address, and say errors in a sentence."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from ftcore import files
from ftcore.costs import estimate
from ftcore.data import sets
from ftcore.data.sets import Summary
from ftcore.events import CacheSkipped
from ftcore.files import ROOT
from ftcore.runs import records, service
from ftcore.settings import RunSettings
from ftcore.training import recipes
from tests.made import OWNER, TOKEN, OpenPage, texts, tied, write_run
from ui import address, learner, sitemap
from ui.frame import nav
from ui.words import plain

SHORT = dataclasses.replace(RunSettings(), phases=recipes.classic("resnet18-tinyimagenet64", epochs=(2, 2)))
HOSTILE = ("<script>alert(1)</script>", "**bold**", ":red[x]", "![i](http://h/i.png)", "$x$", "`c`", "# h")


@pytest.mark.parametrize("entry", sitemap.ENTRIES, ids=lambda entry: entry.path)
def test_every_page_renders(entry: sitemap.Entry, open_page: OpenPage) -> None:
    test = open_page(entry.path)
    assert not test.exception
    assert not test.error
    assert len(test.title) == 1
    assert f"Thaw {files.version()}" in [caption.value for caption in test.sidebar.caption]


@pytest.mark.parametrize("entry", sitemap.ENTRIES, ids=lambda entry: entry.path)
def test_a_deep_link_is_led_into_the_app(entry: sitemap.Entry, monkeypatch: pytest.MonkeyPatch) -> None:
    """In discovery mode, as on a fresh server, the page script comes without app.py and must find its way."""
    monkeypatch.chdir(ROOT)
    test = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    test.session_state["thaw_token"] = TOKEN
    test.run().switch_page(entry.file).run()
    assert not test.exception
    assert len(test.title) == 1
    assert [link.proto.label for link in test.sidebar.get("page_link")] == [entry.title for entry in sitemap.ENTRIES]


def test_the_guard_lets_pass_what_runs_inside_the_app(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []
    monkeypatch.setattr(nav, "navigation", lambda: called.append("navigation"))
    monkeypatch.setattr(nav.st, "rerun", lambda: called.append("rerun"))
    with nav.inside():
        nav.guard()
    assert called == []
    nav.guard()
    assert called == ["navigation", "rerun"]


@pytest.mark.parametrize("number", range(6))
def test_each_stage_shows_its_numbers(number: int, open_page: OpenPage) -> None:
    from ui.lesson import stages

    test = open_page(stage=stages.IDS[number])
    said = texts(test)
    assert not test.exception
    assert [metric.value for metric in test.metric][3] == ("200" if number == 0 else "10")
    wanted = {0: "11,279,112", 1: "102,600", 2: "11,176,512", 3: "1e-3", 4: "8,398,858", 5: "1e-4"}
    assert wanted[number] in said
    if number == 4:
        assert "residual block" in said
        assert "75.1\u00a0%" in said


def test_the_first_stage_says_which_classes_it_knew_by_name(open_page: OpenPage) -> None:
    said = texts(open_page(stage="load"))
    assert "Namesakes of 5 of our 10 classes are among the 200" in said
    assert "fish (goldfish), umbrella, car (freight car, sports car)" in said
    assert "None of our 10 classes" in texts(open_page(stage="load", data="digits"))


def test_a_stage_says_how_the_run_stands_in_it(open_page: OpenPage) -> None:
    assert "-badge[" not in texts(open_page(stage="freeze")), "without a run no stage is the next one"
    first, second = (service.manager().submit(SHORT, OWNER) for _ in range(2))
    for run, badges in ((first, ["preparing", "running"]), (second, ["waiting", "waiting"])):
        assert re.findall(r"-badge\[(\w+)\]", texts(open_page(run=run))) == badges, "of the run, and of its stage"
    stopped = write_run(SHORT, 0.5, 0.62, end="stopped")
    assert re.findall(r"-badge\[(\w+)\]", texts(open_page(run=stopped))) == ["stopped", "next"]


def test_the_button_starts_the_lesson(open_page: OpenPage) -> None:
    test = open_page()
    test.button(key="run-quick").click().run()
    found = service.status(test.query_params["run"])
    assert (found.state, found.settings.train_per_class) == ("preparing", 100)
    assert test.query_params["train_per_class"] == "100"


def test_settings_travel_in_the_address(open_page: OpenPage) -> None:
    test = open_page("train_live", backbone="resnet50", seed="7")
    assert tied(test.selectbox, "side-backbone").value == "resnet50"
    assert tied(test.number_input, "set-run-seed").value == 7
    tied(test.number_input, "set-p0-epochs").set_value(3).run()
    tied(test.selectbox, "set-p1-lr").set_value("3e-5").run()
    query = dict(test.query_params)
    kept = address.from_query(query)
    assert (kept.backbone, kept.seed, kept.phases[0].epochs, kept.phases[1].lr) == ("resnet50", 7, 3, 3e-5)
    again = open_page("train_live", **query)
    assert tied(again.number_input, "set-p0-epochs").value == 3


def test_another_backbone_gets_its_own_last_blocks(open_page: OpenPage) -> None:
    test = open_page()
    tied(test.selectbox, "side-backbone").set_value("resnet50").run()
    assert "`layer4.1` and `layer4.2`" in texts(open_page(backbone="resnet50", stage="thaw"))
    assert address.from_query(dict(test.query_params)).phases == recipes.classic("resnet50")


def test_missing_weights_are_said_with_file_and_folder(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    said = texts(open_page(backbone="resnet50"))
    assert "resnet50-11ad3fa6.pth" in said
    assert str(tmp_path / "hub" / "checkpoints") in said


@pytest.mark.parametrize(
    ("query", "part"),
    [
        ({"data": "/etc"}, "no dataset"),
        ({"data": "../data"}, "no dataset"),
        ({"labels": "/etc/passwd"}, "A table of labels cannot come from an address"),
        ({"labels": "labels.csv"}, "A table of labels cannot come from an address"),
        ({"labels": "%00"}, "A table of labels cannot come from an address"),
        ({"backbone": "alexnet"}, "no backbone"),
        ({"seed": "many"}, "no value for Seed"),
        ({"p1": "lr:-3"}, "Learning rate must lie between"),
        ({"run": "../../etc/passwd"}, "no such run"),
        ({"run": "0" * 32}, "no such run"),
    ],
)
@pytest.mark.parametrize("page", ["pipeline", "train_live"])
def test_a_bad_address_gets_one_sentence(page: str, query: dict[str, str], part: str, open_page: OpenPage) -> None:
    test = open_page(page, **query)
    assert not test.exception
    assert len(test.error) == 1
    assert part in test.error[0].value.replace("\\", "")
    assert [link.proto.label for link in test.sidebar.get("page_link")] == [entry.title for entry in sitemap.ENTRIES]
    assert [link.proto.label for link in test.main.get("page_link")] == ["Start afresh with the built-in lesson"]
    assert {link.proto.query_string for link in test.get("page_link")} == {"run=none"}


def test_class_names_are_never_markup(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        sets, "summary", lambda data, **more: Summary(HOSTILE[0], HOSTILE, {"train": 70, "val": 7, "test": 7})
    )
    said = texts(open_page())
    for name in HOSTILE:
        assert plain(name, 24) in said
        assert name not in said.replace(plain(name, 24), "")


def test_a_phase_name_from_the_address_is_never_markup(open_page: OpenPage) -> None:
    said = texts(open_page("train_live", p1="name:%3Cimg src=x%3E **b**;epochs:1"))
    assert plain("<img src=x> **b**") in said
    assert "<img" not in said.replace(r"\<img", "")


def test_a_finished_run_is_summed_up_in_its_own_numbers(open_page: OpenPage) -> None:
    run = write_run(SHORT, 0.5, 0.62, 0.7, 0.75)
    test = open_page("train_live", run=run)
    assert not test.exception
    for part in ("62.0\u00a0%", "13.0 points", "75.0\u00a0%", "91.0\u00a0%", "1 min 23 s"):
        assert part in test.success[0].value
    assert len(test.table) == 2, "the epochs and the network"
    assert len(test.get("vega_lite_chart")) == 4, "its curves, and beside the printed lesson"


@pytest.mark.parametrize("end", ["stopped", "failed", "interrupted"])
def test_a_run_that_ended_early_says_so_and_can_go_on(end: str, open_page: OpenPage) -> None:
    run = write_run(SHORT, 0.5, 0.62, end=end, message="Out of paper.")
    test = open_page("train_live", run=run)
    said = texts(test)
    assert not test.exception
    assert {"stopped": "Stopped after epoch 2 of 4", "failed": "Out of paper", "interrupted": "ended unexpectedly"}[
        end
    ] in said
    test.button(key=f"Resume-{run}").click().run()
    assert service.status(run).active


def test_history_opens_and_deletes_only_own_runs(open_page: OpenPage) -> None:
    mine, other = write_run(SHORT, 0.5, 0.6, 0.7, 0.8), write_run(SHORT, 0.5, owner="someone else", end="stopped")
    test = open_page("train_live", run="none")
    keys = {button.key for button in test.button}
    assert f"open-{mine}" in keys
    assert f"open-{other}" not in keys
    test.button(key=f"open-{mine}").click().run()
    assert test.query_params["run"] == mine
    test.button(key=f"really-{mine}").click().run()
    assert not service.history(learner.owner_of(TOKEN))
    assert "run" not in test.query_params


def test_the_home_page_knows_the_latest_run(open_page: OpenPage) -> None:
    write_run(SHORT, 0.5, 0.62, 0.7, 0.75)
    said = texts(open_page(stage="train"))
    assert "62.0\u00a0%" in said


def test_an_interrupted_run_shows_its_stage_and_one_primary_action(open_page: OpenPage) -> None:
    test = open_page(run=write_run(SHORT, 0.5, 0.62, 0.7, end="interrupted"))
    assert "6 · Fine-tune" in texts(test)
    assert [button.label for button in test.button if button.proto.type == "primary"] == ["Resume"]


def test_the_app_makes_one_page_of_each_file() -> None:
    assert sorted(f"pages/{path.name}" for path in (ROOT / "pages").glob("*.py")) == sorted(
        e.file for e in sitemap.ENTRIES
    )


def test_stages_lead_to_the_phase_they_are_about(open_page: OpenPage) -> None:
    for stage, phase in (("train", "1"), ("tune", "2")):
        test = open_page("pipeline", stage=stage)
        link = next(
            found
            for found in test.get("page_link")
            if "Train live, with" in found.proto.label or "page Train live" in found.proto.label
        )
        assert f"phase={phase}" in link.proto.query_string


def test_train_live_shows_the_phase_in_the_address(open_page: OpenPage) -> None:
    for phase, learning in (("1", 5_130), ("2", 8_398_858), ("9", 5_130), ("x", 5_130)):
        test = open_page("train_live", phase=phase)
        assert not test.exception
        (table,) = [t for t in test.table if "state" in t.value.columns]
        counted = sum(
            int(row["parameters"].replace(",", "")) for _, row in table.value.iterrows() if "trainable" in row["state"]
        )
        assert counted == learning


@pytest.mark.parametrize(("boundary", "phase"), [("layer4.0", "Fine-tune"), ("head", "Train the head")])
def test_features_that_did_not_fit_are_told_with_what_it_costs(
    boundary: str, phase: str, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimate, "of_epoch", lambda s, p, *, cached, counts: 30.0 if cached else 120.0)
    run = write_run(SHORT, 0.5, 0.6, end="stopped")
    records.append(records.folder_of(run), CacheSkipped(boundary, 12.34, 8.0))
    test = open_page("train_live", run=run)
    assert not test.exception
    said = next(info for info in test.info if "in front of" in info.value)
    for part in (
        f"in front of `{boundary}`",
        "12.3 GB",
        "8 GB",
        f"*{plain(phase)}*",
        "about 2 min instead of 30 s",
    ):
        assert part in said.value
