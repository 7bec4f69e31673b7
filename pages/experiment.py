"""Experiments: for each belief a guess, a real run, and the number that settles it."""

from __future__ import annotations

import streamlit as st

from course import attempts, content, experiments, learners, quiz
from course.learners import Learner
from ui.callbacks import pressed
from ui.course import experiment
from ui.frame import nav, page
from ui.widgets import phone
from ui.words import about, plain, several

nav.guard()


def main() -> None:
    """The experiment that the address names, else the list of all."""
    _, _, owner = page.begin("experiment")
    beliefs, wrong = experiments.load()
    named = st.query_params.get("exp")
    one = next((e for e in beliefs if e.id == named), None)
    st.title(one.title if one else "Experiments")
    asked = quiz.load()
    if one is not None:
        experiment.draw(one, asked.claims.get(one.claim, ""), owner)
        if pressed("All experiments", icon=":material/list:", key="all-experiments"):
            _open(None)
        return
    st.markdown(content.section("experiments", "intro"))
    _list(beliefs, asked, learners.load(owner))
    for said in wrong:
        st.caption(f"Left out: {plain(said, 300)}")


def _open(name: str | None) -> None:
    """Show one experiment, or with None the list of all."""
    if name is None:
        st.query_params.pop("exp", None)
    else:
        st.query_params["exp"] = name
    st.rerun()


def _list(beliefs: tuple[experiments.Experiment, ...], asked: quiz.Quiz, learner: Learner) -> None:
    """All experiments under the topics of the questions that they settle; each card is one button."""
    settled: dict[str, list[str]] = {}
    for question in asked.questions:
        settled.setdefault(question.experiment, []).append(question.topic)
    for topic, title in asked.topics.items():
        ours = [one for one in beliefs if settled.get(one.id, [""])[0] == topic]
        if ours:
            st.subheader(title, anchor=False)
            with phone.row(topic):
                grid = st.grid(3, min_column_width=240, gap="small")
            for one in ours:
                with grid.container(border=True, key=f"card-{one.id}", gap="xsmall", height="stretch"):
                    _card(one, asked.claims.get(one.claim, ""), len(settled[one.id]), learner)


def _card(one: experiments.Experiment, claim: str, questions: int, learner: Learner) -> None:
    """What people believe, how long the test takes, what it settles, and how far the learner is with it."""
    record = learner.experiments.get(one.id, {})
    mark = "tried" if attempts.rows(one.id, record) else "guessed" if record.get("guess") else ""
    if pressed(f"**{one.title}**", key=f"open-{one.id}", type="tertiary"):
        _open(one.id)
    belief = (
        content.section("experiments", "belief", {"claim": claim}) if claim else content.section("experiments", "must")
    )
    st.markdown(belief)
    values = {"cost": about(experiment.cost(one)), "questions": several(questions, "question")}
    with st.container(horizontal=True, gap="small"):
        st.caption(content.section("experiments", "card", values), width="stretch")
        if mark:
            st.badge(mark, color="green" if mark == "tried" else "gray")


with page.errors():
    main()
