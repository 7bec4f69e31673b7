"""One check question: choose, be told why the choice is right or wrong."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from ftcore import marking, quiz


def ask(stage: str, values: Mapping[str, object]) -> None:
    """The question of a stage of the lesson, with its live numbers; every choice explains itself."""
    for question in (quiz.filled(q, values) for q in quiz.load().questions if q.stage == stage):
        with st.container(border=True):
            st.markdown(f"**Check.** {question.prompt}")
            choices = [question.choices[number] for number in marking.order(question, 0)]
            chosen = st.radio(
                question.prompt, [choice.text for choice in choices], index=None,
                key=f"check-{question.id}", label_visibility="collapsed",
            )  # fmt: skip
            if chosen is not None:
                choice = next(c for c in choices if c.text == chosen)
                word = ":material/check: **Right.**" if choice.correct else ":material/close: **Not quite.**"
                st.markdown(f"{word} {choice.explain}")
