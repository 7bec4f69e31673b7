"""The page Your data in Streamlit's harness: what it says of a set, and what becomes of a run whose set was deleted."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools

import pytest
from streamlit.runtime.scriptrunner import StopException

from ftcore.analysis import probe
from ftcore.analysis.probe import Probe
from ftcore.data.own import keeping, plans, steps
from ftcore.data.own.steps import Standing
from ftcore.network import backbones
from ftcore.settings import RunSettings
from ftcore.training import recipes
from tests.ftcore.data.own.brought import photo, two_classes, with_pictures
from tests.made import OWNER, SHORT, OpenPage, query_of, texts, write_run
from ui.engine import setup
from ui.frame import page
from ui.words import percent, plain


@pytest.mark.parametrize(("twice", "says", "leads"), [(True, "Go on to mend", "look"), (False, "Go on", "tune")])
def test_what_was_brought_leads_on(open_page: OpenPage, twice: bool, says: str, leads: str) -> None:
    copy = {"ants/copy.png": photo(0)} if twice else {}
    one = with_pictures({**two_classes(20), **copy}, OWNER)
    test = open_page("your_data", set=one.id, part="bring")
    assert ("1 finding:" in texts(test)) is twice
    assert ("Nothing to mend." in texts(test)) is not twice
    button = test.button(key="brought")
    assert button.label == says
    button.click().run()
    assert query_of(test)["part"] == leads


def test_sizes_are_those_of_the_pictures(open_page: OpenPage) -> None:
    sides = (40, 20, 300, 50, 48)
    pictures = {f"ants/{at}.png": photo(at, (side, side + 7)) for at, side in enumerate(sides)}
    one = with_pictures({**pictures, "bees/1.png": photo(9, (90, 60))}, OWNER)
    said = texts(open_page("your_data", set=one.id, part="look"))
    assert "The shorter side has 20 pixels or more, in half of the pictures 50 or more." in said
    assert "squares of 64 to 224 pixels" in said


def troubled() -> dict[str, bytes]:
    """A set with a split of its own that has each kind of trouble."""
    pictures = {
        f"{side}/{label}/{at}.png": photo(1000 * number + 100 * (side == "val") + at)
        for number, label in enumerate(("ants", "bees"))
        for side, many in (("train", 30), ("val", 10))
        for at in range(many)
    }
    flies = {f"{side}/flies/{at}.png": photo(5000 + at) for at in range(7) for side in ("val" if at > 4 else "train",)}
    return pictures | flies | {
        "val/ants/copy.png": photo(0), "val/bees/near.png": photo(1000, (60, 50)), "train/ants/again.png": photo(1),
        "train/bees/wrong.png": photo(2), "train/ants/broken.png": photo(3)[:200], "train/wasps/1.png": photo(7000),
        "train/ants/small.png": photo(900, (16, 16)), "train/bees/long.png": photo(901, (200, 40)),
    }  # fmt: skip


CURES = {
    "unreadable": "Leave it out", "two-classes": "Keep the one in ants", "leak": "One side for each",
    "twice": "Keep one of each", "nearly": "One side for each", "too-few": "drop-wasps", "few": "drop-flies",
    "small": "Leave it out", "long": "Leave it out",
}  # fmt: skip


def test_each_kind_of_trouble_is_named_and_mended_by_one_button(open_page: OpenPage) -> None:
    one = with_pictures(troubled(), OWNER)

    def standing() -> Standing:
        now = keeping.find(one.id, OWNER)
        return steps.standing(now, keeping.pictures(now))

    assert {found.kind.replace(" ", "-") for found in standing().findings} == {*CURES, "uneven"}
    test = open_page("your_data", set=one.id, part="look")
    for found in standing().findings:
        assert plain(found.says, 300) in texts(test)
    for kind, words in CURES.items():
        if kind in {found.kind.replace(" ", "-") for found in standing().findings}:  # one cure may mend two
            test.button(key=f"{kind}-{words}").click().run()
            assert kind not in {found.kind.replace(" ", "-") for found in standing().findings}
    assert not standing().findings
    assert "Nothing to mend" in texts(test)
    sides: dict[str, set[str]] = {}
    for picture in standing().pictures:
        sides.setdefault(picture.look.digest, set()).add(picture.split)
    assert max(map(len, sides.values())) == 1
    assert [picture.label for picture in standing().pictures if picture.look.digest == digest(photo(2))] == ["ants"]


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_a_head_is_measured_on_each_network_and_calling_it_off_keeps_those_that_are_done(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = with_pictures(two_classes(20), OWNER)
    found, turns = Probe(0.75, 8, 32, 2.0), itertools.count()

    def measured(data: str, backbone: str, told: object) -> Probe:
        if next(turns):
            raise StopException  # as Streamlit ends a page at a click
        return found

    monkeypatch.setattr(probe, "measure", measured)
    monkeypatch.setattr(setup, "timed", lambda backbone: False)
    test = open_page("your_data", set=one.id, part="tune")
    test.button(key="probe").click().run()
    kept = probe.kept(one.folder / "probes.json")
    assert [*kept.values()] == [found]


@pytest.mark.parametrize("state", ["stopped", "interrupted", "failed"])
def test_a_run_whose_set_was_deleted_says_so_and_cannot_be_resumed(open_page: OpenPage, state: str) -> None:
    one = with_pictures(two_classes(20), OWNER)
    data = plans.data_of(one, steps.standing(one, keeping.pictures(one)))
    run = write_run(dataclasses.replace(SHORT, data=data), 0.5, end=state)

    def resumes() -> list[str]:
        return [button.label for button in open_page("train_live", run=run).button if button.label == "Resume"]

    assert resumes() == ["Resume"]
    keeping.delete(one.id, OWNER)
    assert resumes() == []
    assert "the set that it learned from was deleted" in texts(open_page("train_live", run=run))


def test_another_set_says_nothing_of_it(open_page: OpenPage) -> None:
    run = write_run(dataclasses.replace(SHORT, data=RunSettings().data), 0.5, end="stopped")
    assert "was deleted" not in texts(open_page("train_live", run=run))


def test_recipes_say_why_and_start_as_they_say(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    one = with_pictures({**two_classes(30), **{f"flies/{at}.png": photo(3000 + at) for at in range(12)}}, OWNER)
    begun: list[RunSettings] = []
    monkeypatch.setattr(page, "start", lambda settings, owner, where: begun.append(settings))
    query = {"set": one.id, "part": "tune"}
    said = texts(open_page("your_data", **query))
    now = steps.standing(one)
    counts = [sides["train"] for sides in now.counts().values()]
    base = RunSettings(backbone=backbones.FOR_PHOTOS, data=plans.data_of(one, now))
    for name, (settings, reasons) in recipes.fitted(base, counts).items():
        assert {"longer", "weights", "stopping"} <= set(reasons)
        assert f"up to {settings.phases[0].epochs}, then up to {settings.phases[1].epochs}" in said
        assert f"has not improved for {settings.patience} epochs" in said
        button = open_page("your_data", **query).button(key=f"start-{name}")
        assert button.label.startswith("Start, up to ")
        button.click().run()
        assert begun.pop() == settings
    open_page("your_data", **query).button(key="start-lesson").click().run()
    assert begun.pop().phases == recipes.classic(base.backbone)


@pytest.mark.parametrize(
    ("right", "best", "words"),
    [
        (None, "tail", "Measured heads tell"),
        (0.6, "whole", "gets only "),
        (0.95, "tail", " already: begin with the quick"),
    ],
)
def test_the_measured_head_says_which_recipe_to_begin_with(
    open_page: OpenPage, right: float | None, best: str, words: str
) -> None:
    one = with_pictures(two_classes(20), OWNER)
    data = plans.data_of(one, steps.standing(one))
    if right is not None:
        probe.keep(one.folder / "probes.json", {f"{data} {backbones.FOR_PHOTOS}": Probe(right, 8, 32, 2.0)})
    test = open_page("your_data", set=one.id, part="tune")
    assert words in texts(test)
    assert right is None or f"{percent(right)} of the validation pictures" in texts(test)
    recommended = [button.key for button in test.button if button.proto.type == "primary"]
    assert recommended == [f"start-{best}"]
