"""Runs whose thaw did not gain: what every page says of them is so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from course import content
from ftcore import gain
from ftcore.events import EpochEnd, Event, HeadAlone, RunEnd
from ftcore.network.change import Moved
from ftcore.story import Story
from tests.made import BASELINE, SHORT, STARTED, OpenPage, epoch, run_with, texts
from ui.frame.insight import insight
from ui.runs import observe, printed

HOT = replace(SHORT, phases=(SHORT.phases[0], replace(SHORT.phases[1], lr=1e-2)))
HEAD = (epoch(1, 1, 0.5), epoch(2, 1, 0.6))
BLOWN = epoch(3, 2, 0.1, train_loss=935.0, sample_loss=40.0, sample_accuracy=0.1, val_loss=38.0, lr=1e-2)
WORSE: tuple[Event, ...] = (
    *HEAD,
    HeadAlone(2, (0.75, 0.7), (0.62, 0.65)),
    BLOWN,
    epoch(4, 2, 0.4, lr=1e-2),
    RunEnd(1.2, 0.41, 4, 9.0),
)
DIVERGED: tuple[Event, ...] = (*HEAD, HeadAlone(2, (0.75, 0.7), (0.62, 0.65)), BLOWN)
FULL = {"val_loss": 0.01, "sample_loss": 0.01, "train_loss": 0.01, "train_accuracy": 1.0, "sample_accuracy": 1.0}
PERFECT: tuple[Event, ...] = (
    *(epoch(at, 1, 1.0, **FULL) for at in (1, 2)), HeadAlone(2, (0.01, 0.01), (1.0, 1.0)),
    *(epoch(at, 2, 1.0, **FULL) for at in (3, 4)), RunEnd(0.01, 1.0, 4, 9.0),
)  # fmt: skip
GAINED = ("more.", "added", "gained", "led to")

# For each run what a page must say, and what it must not.
TOLD: dict[str, tuple[tuple[Event, ...], dict[str, tuple[str, ...]], tuple[str, ...]]] = {
    "worse": (
        WORSE,
        {
            "pipeline": ("thawed at a rate of 1e-2 it is **40.0 %**, **25.0 points** less", "In your last run: 40.0 %"),
            "train_live": (
                "stopped at **60.0 %**", "as many epochs it reaches **65.0 %**", "it is **40.0 %**, **25.0 points** less",
                "with 40.0 % right: worse than before", "at a rate of 1e-2 the steps are too large here",
                "Accuracy with thawed blocks against that: 25.0 points less", "Head alone, continued: 65.0 %",
            ),
            "review": ("In the current run", "it is **40.0 %**, **25.0 points** less", "On the test images: 41.0 %"),
        },
        GAINED,
    ),
    "diverged": (
        DIVERGED,
        {
            "pipeline": ("In your last run: 10.0 %", "worse than before"),
            "train_live": ("at a rate of 1e-2 the steps are too large here", "52.0 points less", "beyond all numbers"),
            "review": ("In a recorded run",),
        },
        ("On the test images, untouched", "The printed lesson"),
    ),
    "perfect": (
        PERFECT,
        {
            "pipeline": ("it is **100 %** too", "no gain can be seen"),
            "train_live": ("no gain can be seen", "no difference that 1,000 validation images can show", "changed little"),
            "review": ("In the current run", "no gain can be seen"),
        },
        GAINED,
    ),
}  # fmt: skip


@pytest.mark.parametrize("page", ["pipeline", "train_live", "review"])
@pytest.mark.parametrize("kind", TOLD)
def test_each_page_tells_the_truth(kind: str, page: str, open_page: OpenPage) -> None:
    events, wanted, unsaid = TOLD[kind]
    ended = "done" if isinstance(events[-1], RunEnd) else "failed"
    message = "" if ended == "done" else "The loss grew beyond all numbers in epoch 4: choose a lower learning rate."
    run = run_with(HOT, *events, state=ended, message=message)
    test = open_page(page, run=run, **HOT.to_query(), **({"stage": "tune"} if page == "pipeline" else {}))
    assert not test.exception
    said = "\n".join([texts(test), *(str(box.value) for box in test.info), *(str(box.value) for box in test.warning)])
    said = said.replace("\u00a0", " ")
    assert [words for words in wanted[page] if words not in said] == []
    told = said if page == "train_live" else ""
    assert [words for words in unsaid if words in told] == []


@pytest.mark.parametrize(
    ("events", "words", "kinds"),
    [
        (WORSE, "With blocks thawed at a rate of 1e-2 it is **40.0 %**, **25.0 points** less.", "thaw.rose after.worse gain.alone"),
        (PERFECT, "it is **100 %** too. Where nothing is wrong without the thaw, no gain can be seen.", "thaw.stood after.stood gain.alone"),
    ],
)  # fmt: skip
def test_insight_and_printed_lesson_tell_the_truth(events: tuple[Event, ...], words: str, kinds: str) -> None:
    story = Story.of(HOT, [STARTED, BASELINE, *events])
    found = gain.of(story)
    assert found is not None
    said = content.section("guide", "insight", insight(story, found, Moved(4, 2, 0.5))).replace("\u00a0", " ")
    assert words in said
    assert [words for words in GAINED if words in said] == []
    assert [one.kind for one in printed.printed.differences(story)] == kinds.split()
    assert all(isinstance(row, EpochEnd) for row in story.epochs)


def test_a_blow_up_at_the_thaw_is_told_with_its_rate() -> None:
    story = Story.of(HOT, [STARTED, BASELINE, *DIVERGED])
    told = observe.observe(story, 2)
    assert told.startswith("the loss is out of bounds: 935 while learning")
    assert told.endswith("a learning rate of 1e-2 is too high here")
    jumped = [*HEAD, epoch(3, 2, 0.5, train_loss=2.0, lr=1e-2)]
    said = observe.observe(Story.of(HOT, [STARTED, BASELINE, *jumped]), 2)
    assert said == "the loss jumped from 0.840 to 2.000: a learning rate of 1e-2 may be too high"


@pytest.mark.parametrize("epochs", [WORSE, HEAD])
@pytest.mark.parametrize("stays", ["last", "best"])
def test_it_is_said_whose_weights_stay(epochs: tuple[Event, ...], stays: str, open_page: OpenPage) -> None:
    settings = HOT if epochs is WORSE else replace(HOT, phases=HOT.phases[:1])
    told = [event for event in epochs if not isinstance(event, RunEnd)]
    last = sum(isinstance(event, EpochEnd) for event in told)
    run = run_with(settings, *told, RunEnd(1.2, 0.41, last if stays == "last" else 1, 9.0), state="done")
    test = open_page("train_live", run=run, **settings.to_query())
    said = "\n".join(str(box.value) for box in (*test.info, *test.success)).replace("\u00a0", " ")
    between = ", with the weights of epoch 1, which stay since their validation accuracy is the highest"
    assert f"untouched until now{between if stays == 'best' else ''}: **41.0 %**" in said
