"""An experiment on a page: the guess, then several seeds of every arm, and what their numbers show.

Trainings go through the same queue as all runs, as one series; they never become the current run. Measurements are made
here, a seed at a time, and kept after each.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Mapping

import streamlit as st

from course import attempts, content, experiments, learners, measure, seeds
from course.experiments import TRIALS, Experiment, Outcome
from course.learners import Attempt
from course.measures import ground
from course.verdicts import LEAST, Row
from ftcore.errors import FtError
from ftcore.runs import records, series, service
from ftcore.runs.status import Status
from ftcore.settings import RunSettings
from ui import address, callbacks
from ui.callbacks import guarded, pressed
from ui.course import figures
from ui.engine import setup
from ui.runs import live, ticks
from ui.widgets import progress
from ui.words import about, as_markdown, discreet, several

CLOSER = {"freeze_lab": "Look closer in the Freeze lab", "trace": "Look closer in the Prediction trace"}


def cost(one: Experiment, number: int | None = None) -> float:
    """Expected seconds of so many seeds on this machine; as many as a verdict needs where no number is given."""
    number = experiments.missing(one.id, 0) if number is None else number
    if TRIALS[one.id].make is not None:
        return number * measure.seconds(one.id)
    return number * sum(setup.expected(settings).seconds for settings in experiments.trainings(one.id, [0]))


def draw(one: Experiment, claim: str, owner: str) -> None:
    """Guess, then run, then the numbers; what was done before is shown at once."""
    record = learners.load(owner).experiments.get(one.id, {})
    if claim:
        st.markdown(content.section("experiments", "claim", {"claim": claim}))
    status, record = _gathered(one, record, owner)
    rows = attempts.rows(one.id, record)
    guess = _guess(one, record, owner, begun=bool(rows or status))
    if guess is None:
        st.caption(content.section("experiments", "guess", {"cost": about(cost(one))}))
    else:
        if status is not None:
            _going(one, status, owner)  # above what grows with every seed: its buttons stay where they are
        recorded = _recorded(one)
        if rows or (recorded and TRIALS[one.id].long):
            _settled(one, guess, rows, recorded)
        if status is None:
            _start(one, owner, rows)
    _by_hand(one)


def _guess(one: Experiment, record: Attempt, owner: str, *, begun: bool) -> str | None:
    guess, keys = record.get("guess"), list(one.guesses)
    index = keys.index(guess) if guess in keys else None
    values = figures.words(experiments.given(one.id))
    st.markdown(f"**{content.fill(one.question, values, f'experiments.toml, {one.id}')}**")
    picked = st.radio(
        "Your guess", keys, format_func=one.guesses.__getitem__, index=index, key=f"guess-{one.id}", disabled=begun
    )
    if picked is not None and picked != guess and not begun:
        with learners.changing(owner) as learner:
            learner.experiments.setdefault(one.id, {})["guess"] = picked
    return picked or (guess if guess in keys else None)


def _gathered(one: Experiment, record: Attempt, owner: str) -> tuple[Status | None, Attempt]:
    """The series that is going on, and the record with the rows of all seeds that it has finished.

    One that is done, or gone, is over: its rows are kept in the record, its folder is needed no more.
    """
    going = attempts.going(one.id, record)
    if going is None:
        return None, record
    run, numbers = going
    status, made = _look(one, run, numbers)
    over = status is None or status.state == "done"
    if over or set(made) - set(attempts.rows(one.id, record)):
        with learners.changing(owner) as learner:
            record = learner.experiments.setdefault(one.id, {})
            attempts.add(one.id, record, made)
            if over:
                record.pop("series", None)
    if over and status is not None:
        with contextlib.suppress(FtError):  # its process may take long to end; what stays is small
            service.manager().delete(run, owner)
    return None if over else status, record


def _look(one: Experiment, run: str, numbers: tuple[int, ...]) -> tuple[Status | None, dict[int, Row]]:
    """How a series stands, None if it is gone, and the rows of its finished seeds."""
    try:
        status, folder = service.status(run), records.folder_of(run)
        found = experiments.rows_of(one.id, series.finished(records.read_log(folder)[0]))
    except FtError:
        return None, {}
    return status, {numbers[place]: row for place, row in found.items() if place < len(numbers)}


def _going(one: Experiment, status: Status, owner: str) -> None:
    """State, progress and buttons of the series; looks again every second while it is active."""

    def mark(now: Status) -> tuple[str, int]:
        return now.state, now.trained // len(TRIALS[one.id].arms)  # a seed is done with all its arms

    def draw(now: Status) -> None:
        live.standing(now.state, _sentence(now), functools.partial(_controls, one, now, owner))
        if now.active:
            progress.draw(now.trained / now.trainings, f"progress-{now.id}")

    ticks.watch(status, functools.partial(service.status, status.id), mark, draw, active=status.active)


def _controls(one: Experiment, status: Status, owner: str) -> None:
    manager, steered = service.manager(), (status.id, owner)
    if status.active:
        st.button("Stop", key=f"stop-{one.id}", on_click=guarded(manager.stop), args=steered)
    else:
        st.button("Go on", key=f"go-{one.id}", type="primary", on_click=guarded(manager.resume), args=steered)
        st.button("Let it go", key=f"drop-{one.id}", on_click=guarded(_drop), args=(one, *steered))


def _sentence(status: Status) -> str:
    """What the series is doing, and how long it still takes."""
    values = {"done": status.trained, "trainings": several(status.trainings, "training")}
    if status.state == "queued":
        wait = f", {about(status.wait_s)} to wait" if status.wait_s else ""
        return content.section("experiments", "queued", {"position": status.position, "wait": wait})
    if status.active:
        left = about(series.seconds_left(records.folder_of(status.id)))
        return content.section("experiments", "going", {**values, "left": left})
    if status.state in ("stopped", "interrupted"):
        return content.section("experiments", "halted", values)
    return as_markdown(discreet(status.message))


def _drop(one: Experiment, run: str, owner: str) -> None:
    """Forget a series that stands still; what it finished is kept."""
    with learners.changing(owner) as learner:
        learner.experiments.setdefault(one.id, {}).pop("series", None)
    service.manager().delete(run, owner)


def _settled(one: Experiment, guess: str, rows: Mapping[int, Row], recorded: Mapping[int, Row]) -> None:
    """What the seeds show, what had been guessed, and all seeds as dots; no verdict from too few.

    Without rows of the learner's own the recorded ones speak, and it is said that they do.
    """
    trial, told = TRIALS[one.id], rows or recorded
    outcome = experiments.judged(one.id, list(told.values()))
    said = {"seeds": several(len(told), "seed"), "recorded": several(len(recorded), "seed"), "least": LEAST,
            "command": seeds.COMMAND}  # fmt: skip
    with st.container(border=True):
        st.subheader("What came out" if rows else "What came out in recorded seeds", anchor=False)
        if outcome is None:
            st.markdown(content.section("experiments", "too_few", said))
        else:
            values = figures.words(outcome.numbers)
            st.markdown(content.fill(one.outcomes[outcome.key], values, f"experiments.toml, {one.id}"))
            right = "You guessed it" if guess == outcome.key else "You had guessed otherwise"
            st.caption(f"{right}: {one.guesses[guess][:1].lower()}{one.guesses[guess][1:]}.")
            kind = "counted" if trial.counted else "seeds" if rows else "long"
            st.caption(content.section("experiments", kind, said))
    figures.draw(one, rows, recorded)
    if recorded and rows:
        st.caption(f"{content.section('experiments', 'recorded', said)} {_otherwise(one, outcome, recorded)}".strip())


def _otherwise(one: Experiment, outcome: Outcome | None, recorded: Mapping[int, Row]) -> str:
    """What the recorded seeds alone would say, where that is something else; they are often more, or luckier."""
    theirs = experiments.judged(one.id, list(recorded.values()))
    if outcome is None or theirs is None or theirs.key == outcome.key:
        return ""
    return content.section("experiments", "otherwise", {"guess": one.guesses[theirs.key]})


def _recorded(one: Experiment) -> Mapping[int, Row]:
    """The recorded seeds to stand behind the learner's own; none of what is the same for every seed."""
    with callbacks.told():
        return {} if TRIALS[one.id].counted else seeds.load().get(one.id, {})
    return {}


def _start(one: Experiment, owner: str, rows: Mapping[int, Row]) -> None:
    """The button that makes the seeds that a verdict needs, and after that one more at a time."""
    wanted = attempts.following(one.id, rows)
    if rows and TRIALS[one.id].counted:
        return
    enough = experiments.judged(one.id, list(rows.values())) is not None
    what = f"Run it again with {'a new seed' if len(wanted) == 1 else f'{len(wanted)} new seeds'}" if rows else "Run it"
    label = f"{what}, {about(cost(one, len(wanted)))}"
    if not pressed(label, type="secondary" if enough else "primary", key=f"run-{one.id}"):
        return
    try:
        if TRIALS[one.id].make is not None:
            _measure(one, owner, wanted)
        else:
            first, *further = experiments.trainings(one.id, wanted)
            run = service.manager().submit(first, owner, part_of=one.id, further=further)
            with learners.changing(owner) as learner:
                attempts.begin(one.id, learner.experiments.setdefault(one.id, {}), run, wanted)
    except FtError as error:
        st.error(as_markdown(error))
        return
    st.rerun()


def _measure(one: Experiment, owner: str, wanted: list[int]) -> None:
    """A row for each seed, kept as soon as it is there: a reload in between loses none."""
    place = st.empty()
    for at, seed in enumerate(wanted, 1):
        with place, st.spinner(f"Measuring seed {at} of {len(wanted)}"), setup.WORK:
            row = experiments.measured(one.id, seed)
        with learners.changing(owner) as learner:
            attempts.add(one.id, learner.experiments.setdefault(one.id, {}), {seed: row})


def _by_hand(one: Experiment) -> None:
    """The same set-up on the page where it can be changed."""
    for label, settings in TRIALS[one.id].arms.items():
        if isinstance(settings, RunSettings):
            title = f"Set up '{one.labels[label]}' in Train live"
            st.page_link(
                "pages/train_live.py", label=title, icon=":material/tune:", query_params=address.to_query(settings)
            )
    if one.page in CLOSER:
        title, query = CLOSER[one.page], address.to_query(ground.BASE)
        st.page_link(f"pages/{one.page}.py", label=title, icon=":material/tune:", query_params=query)
