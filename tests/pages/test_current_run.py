"""The current run: which it is, that the sidebar names it, that every page follows the switch, and names of one's own."""

from __future__ import annotations

import dataclasses

import pytest
from streamlit.testing.v1 import AppTest

from ftcore.errors import FtError
from ftcore.runs import records, service
from ftcore.runs.records import NAME_LETTERS, Created, Label
from ftcore.settings import RunSettings
from tests.made import OWNER, SHORT, OpenPage, texts, write_run
from ui import sitemap
from ui.runs import history

OTHER = dataclasses.replace(SHORT, train_per_class=20)


def switch(test: AppTest) -> AppTest:
    """The sidebar's choice of the run."""
    return next(box for box in test.sidebar.selectbox if box.label == "Run")


def of_experiment(name: str = "last-two") -> str:
    """A finished run that an experiment made."""
    run = write_run(OTHER, 0.5, 0.6, 0.31, 0.32)
    folder = records.folder_of(run)
    lines = (folder / "events.jsonl").read_text().splitlines(keepends=True)
    (folder / "events.jsonl").write_text("")
    records.append(folder, Created(9e9, OWNER, name))  # made last
    (folder / "events.jsonl").open("a").writelines(lines[1:])
    return run


def test_a_bare_address_brings_the_newest_run_of_the_learners_own(open_page: OpenPage) -> None:
    mine = write_run(SHORT, 0.5, 0.62, 0.7, 0.75)
    of_experiment()
    write_run(SHORT, 0.5, owner="someone else")
    test = open_page("pipeline")
    assert test.query_params["run"] == mine
    assert switch(test).value == mine


def test_settings_in_the_address_bring_only_a_run_with_exactly_these(open_page: OpenPage) -> None:
    mine = write_run(SHORT, 0.5, 0.62, 0.7, 0.75)
    query = SHORT.to_query()
    assert open_page("trace", **query).query_params["run"] == mine
    assert "run" not in open_page("trace", **query, train_per_class="20").query_params
    assert open_page("trace", **query, run="none").query_params["run"] == "none"


def test_without_a_run_nothing_is_offered(open_page: OpenPage) -> None:
    of_experiment()
    test = open_page("pipeline")
    assert [box.label for box in test.sidebar.selectbox] == ["Backbone", "Data"]


@pytest.mark.parametrize("entry", sitemap.ENTRIES, ids=lambda entry: entry.path)
def test_every_page_follows_the_switch(entry: sitemap.Entry, open_page: OpenPage) -> None:
    first, second = write_run(SHORT, 0.5, 0.61, 0.7, 0.81), write_run(OTHER, 0.5, 0.42, 0.5, 0.53)
    test = open_page(entry.path, run=first)
    box = switch(test)
    assert box.value == first
    assert [option.split(" · ")[0] for option in box.options[1:]] == ["2", "1"]
    box.set_value(second).run()
    assert not test.exception
    assert test.query_params["run"] == second
    assert test.query_params["train_per_class"] == "20"
    assert switch(test).value == second
    switch(test).set_value("").run()
    assert test.query_params["run"] == "none"
    assert test.query_params["train_per_class"] == "20"


@pytest.mark.parametrize("other", [False, True])
def test_a_browser_may_answer_with_what_a_run_was_called_a_moment_ago(other: bool, open_page: OpenPage) -> None:
    runs = write_run(SHORT, 0.5, 0.62, 0.7, 0.75), write_run(OTHER, 0.5, 0.6, 0.31, 0.32)
    test = open_page("pipeline", run=runs[0], stage="thaw")
    label = next(option for option in switch(test).options if option.startswith(f"{2 if other else 1} · "))
    before = label.rpartition(" · ")[0] + " · running"
    box = switch(test)
    box.options.append(before)  # a browser sends what it shows, whatever the server has by now
    box.set_value(before).run()
    assert not test.exception
    assert not test.error
    assert test.query_params["run"] == runs[other]
    assert ("stage" in test.query_params) != other


def test_no_page_speaks_of_an_experiments_run_as_the_learners(open_page: OpenPage) -> None:
    of_experiment()
    for entry in sitemap.ENTRIES:
        said = texts(open_page(entry.path))
        assert "32.0\u00a0%" not in said, entry.path
    assert f"Runs of experiments, {1}" in [one.label for one in open_page("train_live").expander]


def test_an_experiments_run_that_is_opened_is_called_one(open_page: OpenPage) -> None:
    run = of_experiment("last-two")
    box = switch(open_page("train_live", run=run))
    assert box.value == run
    assert "How small are the last two blocks?" in box.options[-1]


def test_a_name_a_note_and_a_pin_are_kept_and_only_by_the_owner(open_page: OpenPage) -> None:
    old, new = write_run(SHORT, 0.5, 0.61, 0.7, 0.81), write_run(OTHER, 0.5, 0.42, 0.5, 0.53)
    assert [run.id for run in history.own(OWNER)] == [new, old]
    test = open_page("train_live", run=old)
    test.text_input(key=f"name-{old}").set_value("**the** good  one")
    test.text_input(key=f"note-{old}").set_value("lr as in the book")
    test.toggle(key=f"pin-{old}").set_value(True)
    test.button(key=f"save-{old}").click().run()
    assert not test.exception
    assert [run.id for run in history.own(OWNER)] == [old, new]
    assert any("\\*\\*the\\*\\* good one" in markdown.value for markdown in test.markdown)
    assert any("**the** good one" in option for option in switch(test).options)
    with pytest.raises(FtError, match="Only the one who started"):
        service.manager().label(old, "0" * 32, Label("mine"))
    assert service.status(old).label.name == "**the** good one"


def test_labels_are_one_line_and_short() -> None:
    label = Label.of("a\n b\u202e" + "c" * 100, "", False)
    assert label.name.startswith("a b?c")
    assert len(label.name) == NAME_LETTERS


def test_a_damaged_label_is_passed_over() -> None:
    run = write_run(SHORT, 0.5)
    with (records.folder_of(run) / "events.jsonl").open("a") as log:
        log.write('{"event": "label", "name": 3, "note": "", "pinned": "yes"}\n')
    assert service.status(run).label == Label()


def test_names_tell_what_differs_from_the_lesson() -> None:
    lesson = RunSettings()
    tuned = dataclasses.replace(lesson.phases[0], lr=10.0)
    assert history.short(lesson) == "The lesson"
    assert history.short(dataclasses.replace(lesson, train_per_class=20)) == "20 a class"
    assert "at 10" in history.short(dataclasses.replace(lesson, phases=(tuned, *lesson.phases[1:])))
    assert history.short(dataclasses.replace(lesson, seed=4)) == "seed 4"
