"""Experiments: for each belief a guess, a real run, and the number that settles it."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from course import content, experiments, learners, quiz
from course.learners import Learner
from ui.course import experiment
from ui.frame import nav, page
from ui.words import plain

nav.guard()


def main() -> None:
    """The experiment that the address names, else the list of all."""
    _, _, owner = page.begin("experiment")
    beliefs, wrong = experiments.load()
    named = st.query_params.get("exp")
    one = next((e for e in beliefs if e.id == named), None)
    st.title(one.title if one else "Experiments")
    claims = quiz.load().claims
    if one is not None:
        experiment.draw(one, claims.get(one.claim, ""), owner)
        if st.button("All experiments", icon=":material/list:", key="all-experiments"):
            _open(None)
        return
    st.markdown(content.section("experiments", "intro"))
    _list(beliefs, claims, learners.load(owner))
    for said in wrong:
        st.caption(f"Left out: {plain(said, 300)}")


def _open(name: str | None) -> None:
    """Show one experiment, or with None the list of all."""
    if name is None:
        st.query_params.pop("exp", None)
    else:
        st.query_params["exp"] = name
    st.rerun()


def _list(beliefs: tuple[experiments.Experiment, ...], claims: Mapping[int, str], learner: Learner) -> None:
    grid = st.grid(3, min_column_width=240, gap="small", border=True)
    for one in beliefs:
        record = learner.experiments.get(one.id, {})
        with grid.cell():
            if st.button(f"**{one.title}**", key=f"open-{one.id}", type="tertiary"):
                _open(one.id)
            mark = "tried" if record.get("runs") or record.get("outcome") else "guessed" if record.get("guess") else ""
            belief = claims.get(one.claim) or content.section("experiments", "must")
            st.caption(f"{belief} {f'· {mark}' if mark else ''}")


with page.errors():
    main()
