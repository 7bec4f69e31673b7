"""One check question: choose, be told why the choice is right or wrong."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from course import marking, quiz
from ftcore.errors import FtError
from ui import address
from ui.words import as_markdown


def ask(stage: str, values: Mapping[str, object], old_classes: int) -> None:
    """The question of a stage of the lesson, with its live numbers; every choice explains itself."""
    try:
        questions = [
            quiz.filled(q, values) for q in quiz.fitting(quiz.load(), old_classes).questions if q.stage == stage
        ]
    except FtError as error:
        st.caption(as_markdown(error))  # the rest of the page does not need the quiz
        return
    for question in questions:
        with st.container(border=True):
            st.markdown(f"**Check.** {question.prompt}")
            choices = [question.choices[number] for number in marking.order(question, 0)]
            answer = st.radio(
                question.prompt, [choice.text for choice in choices], index=None,
                key=f"check-{question.id}", label_visibility="collapsed",
            )  # fmt: skip
            if answer is not None:
                choice = next(c for c in choices if c.text == answer)
                word = ":material/check: **Right.**" if choice.correct else ":material/close: **Not quite.**"
                st.markdown(f"{word} {choice.explain}")
            st.page_link("pages/quiz.py", label="More questions in the quiz", query_params=address.link())
