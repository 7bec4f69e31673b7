"""An experiment on a page: the guess, the runs or the measurement, and the number that settles it.

Runs go through the same queue as all others and stay; they belong to the experiment and never become the current run.
"""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from course import content, experiments, learners, measure
from course.experiments import Experiment, Outcome
from course.learners import Attempt
from course.measures import ground
from ftcore.errors import FtError
from ftcore.runs import service
from ftcore.settings import RunSettings
from ui import address
from ui.engine import setup
from ui.runs import compare, live
from ui.runs.live import View
from ui.words import about, as_markdown, between, count, moved, number, percent, rate, seconds

COUNTS = {"steps", "norms", "held", "left", "looked", "certain", "outputs", "old", "heads", "few", "draws", "rest",
          "parameters", "trunk"}  # fmt: skip
CLOSER = {"freeze_lab": "Look closer in the Freeze lab", "trace": "Look closer in the Prediction trace"}
GAPS = {"gap": ("a_last", "b_last"), "gap_many": ("c_last", "d_last")}
CHANGES = ("weights", "statistics", "without", "with")


def words(numbers: Mapping[str, float]) -> dict[str, str]:
    """The numbers of an outcome as people read them."""
    return {name: _word(name, value, numbers) for name, value in numbers.items()}


def _word(name: str, value: float, numbers: Mapping[str, float]) -> str:
    if name in COUNTS or name.endswith("_images"):
        return count(round(value))
    if name.endswith("_rate"):
        return rate(value)
    if name in ("minimum", "tenth"):
        return rate(float(f"{value:.2g}"))
    if name.startswith("loss_") or name.endswith("_loss"):
        return number(value)
    if name in GAPS:
        one, other = GAPS[name]
        return between(numbers[one], numbers[other])
    if name.endswith("_epoch"):
        return seconds(value) if value >= 1 else f"{value * 1000:.0f} ms"
    if name in CHANGES or name.endswith(("_still", "_moved")):
        return moved(value)
    return percent(value)


def cost(one: Experiment) -> float:
    """Expected seconds of the whole experiment on this machine."""
    compared = experiments.comparisons().get(one.id)
    if compared is None:
        return measure.seconds(one.id)
    return sum(setup.expected(settings).seconds for settings in compared.values())


def draw(one: Experiment, claim: str, owner: str) -> None:
    """Guess, then run, then the number; what was done before is shown at once."""
    record = learners.load(owner).experiments.get(one.id, {})
    if claim:
        st.markdown(content.section("experiments", "claim", {"claim": claim}))
    guess = _guess(one, record, owner)
    if guess is None:
        st.caption(content.section("experiments", "guess", {"cost": about(cost(one))}))
        _by_hand(one)
        return
    views = _views(record)
    outcome = _outcome(one, record, views)
    if outcome is not None:
        _settled(one, guess, outcome, views)
    elif views:
        for label, view in views.items():
            st.markdown(f"**{one.labels[label].capitalize()}**")
            live.watch(view, live.headline)
    if not any(view.status.active for view in views.values()):  # a stopped or failed run can be begun anew
        _start(one, owner, again=bool(outcome or views))
    _by_hand(one)


def _guess(one: Experiment, record: Attempt, owner: str) -> str | None:
    guess = record.get("guess")
    keys = list(one.guesses)
    begun = bool(record.get("runs") or record.get("outcome"))
    index = keys.index(guess) if guess in keys else None
    values = words(experiments.given(one.id))
    st.markdown(f"**{content.fill(one.question, values, f'experiments.toml, {one.id}')}**")
    picked = st.radio(
        "Your guess", keys, format_func=one.guesses.__getitem__, index=index, key=f"guess-{one.id}", disabled=begun
    )
    if picked is not None and picked != guess and not begun:
        with learners.changing(owner) as learner:
            learner.experiments.setdefault(one.id, {})["guess"] = picked
    return picked or (guess if guess in keys else None)


def _views(record: Attempt) -> dict[str, View]:
    """The runs of the experiment by label; none if one of them has been deleted."""
    try:
        return {label: live.look(run_id) for label, run_id in record.get("runs", {}).items()}
    except FtError:
        return {}


def _outcome(one: Experiment, record: Attempt, views: Mapping[str, View]) -> Outcome | None:
    if one.id in measure.MEASUREMENTS:
        raw = record.get("outcome")
        return Outcome(raw["key"], raw["numbers"]) if raw else None
    if not views or any(view.status.state != "done" or view.story.end is None for view in views.values()):
        return None
    done = {label: view.story for label, view in views.items()}
    return experiments.judged(one.id, done)


def _settled(one: Experiment, guess: str, outcome: Outcome, views: Mapping[str, View]) -> None:
    """The outcome in its own numbers, what had been guessed, and the curves."""
    values = words(outcome.numbers)
    with st.container(border=True):
        st.subheader("What came out", anchor=False)
        st.markdown(content.fill(one.outcomes[outcome.key], values, f"experiments.toml, {one.id}"))
        right = "You guessed it" if guess == outcome.key else "You had guessed otherwise"
        st.caption(f"{right}: {one.guesses[guess][:1].lower()}{one.guesses[guess][1:]}.")
    if not views:
        return
    labels = list(views)
    figure = compare.chart(list(enumerate(views.values())), "accuracy")
    for trace, label in zip(figure.data, labels, strict=True):
        trace.name = one.labels[label]
    last = [f"{one.labels[k]} {percent(v.story.epochs[-1].val_accuracy)}" for k, v in views.items()]
    alt = "Validation accuracy at the end: " + "; ".join(last)
    st.plotly_chart(figure, width="stretch", key=f"exp-{one.id}", alt=alt, config={"displayModeBar": False})
    st.caption(alt + ".")
    for label, view in views.items():
        query = {**address.to_query(view.settings), "run": view.id}
        st.page_link("pages/train_live.py", label=f"Look into the run '{one.labels[label]}'", query_params=query)


def _start(one: Experiment, owner: str, *, again: bool) -> None:
    label = f"{'Run it again' if again else 'Run it'}, {about(cost(one))}"
    if not st.button(label, type="secondary" if again else "primary", key=f"run-{one.id}"):
        return
    try:
        if one.id in measure.MEASUREMENTS:
            with st.spinner("Measuring"), setup.WORK:
                outcome = experiments.measured(one.id)
            done: Attempt = {"outcome": {"key": outcome.key, "numbers": dict(outcome.numbers)}}
        else:
            compared = experiments.comparisons()[one.id]
            done = {"runs": {label: _submit(settings, owner, one.id) for label, settings in compared.items()}}
        with learners.changing(owner) as learner:
            learner.experiments.setdefault(one.id, {}).update(done)
    except FtError as error:
        st.error(as_markdown(error))
        return
    st.rerun()


def _submit(settings: RunSettings, owner: str, name: str) -> str:
    return service.manager().submit(settings, owner, part_of=name)


def _by_hand(one: Experiment) -> None:
    """The same set-up on the page where it can be changed."""
    compared: Mapping[str, RunSettings] = experiments.comparisons().get(one.id, {})
    for label, settings in compared.items():
        title = f"Set up '{one.labels[label]}' in Train live"
        st.page_link(
            "pages/train_live.py", label=title, icon=":material/tune:", query_params=address.to_query(settings)
        )
    if one.page in CLOSER:
        title, query = CLOSER[one.page], address.to_query(ground.BASE)
        st.page_link(f"pages/{one.page}.py", label=title, icon=":material/tune:", query_params=query)
