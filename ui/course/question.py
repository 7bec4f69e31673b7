"""One quiz question on a page: what it shows, how it is answered, and what is said about every choice.

What an answer is worth is judged in the engine; this module only asks and tells.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import streamlit as st

from course import content, marking, recorded
from course.marking import Note, Verdict
from course.quiz import KINDS, Question
from ftcore.network.describe import BlockInfo
from ftcore.settings import HEAD
from ftcore.story import Story
from ui.course.knowledge import Known
from ui.runs import history
from ui.widgets import curves, phone, strip

HEIGHTS = {"accuracy": 220, "loss": 200}  # pixels


def show(question: Question, seed: int, known: Known, key: str) -> None:
    """The prompt with its code and its curves, on the sides that the seed gives; where curves come from is said."""
    st.subheader(question.prompt, anchor=False)
    if question.code:
        st.code(question.code.strip("\n"), language="python", wrap_lines=True)
    if not question.curves:
        return
    names = [question.curves[at] for at in marking.sides(question, seed)]
    drawn = [known.run if name == "own" else recorded.load()[name] for name in names]
    if len(drawn) > 1:
        _two(drawn, key)
    else:
        _curves(drawn[0], f"{key}-A")
    if question.curves == ("own",) and known.own:
        st.caption(content.section("quiz", "own", {"run": history.title(known.run.settings)}))
    else:
        st.caption(content.section("quiz", "recorded", {"images": drawn[0].settings.train_per_class}))


def _two(drawn: Sequence[Story], key: str) -> None:
    """Two runs side by side; only their curves tell them apart."""
    with phone.row("runs"):
        columns = st.columns(len(drawn), gap="medium")
    for column, letter, run in zip(columns, marking.LETTERS, drawn, strict=True):
        with column:
            st.markdown(f"**Run {letter}**")
            for what in HEIGHTS:
                curves.draw(what, run, f"{key}-{letter}", HEIGHTS[what], among=drawn)


def _curves(run: Story, key: str) -> None:
    with phone.row("curves"):
        for what, height in HEIGHTS.items():
            with st.container():
                curves.draw(what, run, key, height)


def ask(question: Question, seed: int, blocks: Sequence[BlockInfo], trainable: Sequence[str], key: str) -> Any:
    """The widget for this kind of question; returns the answer as `marking` wants it, None while there is none."""
    label, order = KINDS[question.kind], marking.order(question, seed)
    texts = [choice.text for choice in question.choices]
    if question.kind == "one":
        return st.radio(label, order, format_func=texts.__getitem__, index=None, key=key)
    if question.kind == "number":
        said = f"{label[:-1]} ({question.unit})." if question.unit else label
        typed = st.text_input(said, key=key, max_chars=30, width=320)
        value = number(typed)
        if typed and value is None:
            st.caption(content.section("quiz", "number"))
        return value
    if question.kind == "several":
        st.markdown(label)
        taken = [at for at in order if st.checkbox(texts[at], key=f"{key}-{at}")]
        return taken or None
    if question.kind == "order":
        picked = st.multiselect(
            content.section("quiz", "order"), order, format_func=texts.__getitem__, key=key,
            placeholder="Choose the next one",
        )  # fmt: skip
        return picked if len(picked) == len(order) else None
    return _block(question, blocks, trainable, key)


def _block(question: Question, blocks: Sequence[BlockInfo], trainable: Sequence[str], key: str) -> str | None:
    place = f"{key}-clicked"

    def clicked(name: str) -> None:
        st.session_state[place] = name

    shown = trainable if question.rule == "boundary" else (HEAD,)
    strip.draw(blocks, shown, f"{key}-strip", on_pick=clicked)
    name: str | None = st.session_state.get(place)
    st.markdown(f"You picked `{name}`." if name else KINDS["block"])
    return name


def number(text: str) -> float | None:
    """A number as people type it: '8,398,858', '75.1 %', '1e-4', '2,3'; None for anything else."""
    bare = re.sub(r"[\s%]", "", text).replace("−", "-")
    bare = bare.replace(",", "") if re.fullmatch(r"-?\d{1,3}(,\d{3})+(\.\d*)?", bare) else bare.replace(",", ".")
    try:
        value = float(bare)
    except ValueError:
        return None
    return value if abs(value) < 1e18 else None


def tell(question: Question, verdict: Verdict) -> None:
    """Right or not, then every choice with its reason; the learner's own come first."""
    word = ":material/check_circle: **Right.**" if verdict.right else ":material/cancel: **Not quite.**"
    with st.container(border=True):
        st.markdown(word)
        if question.kind == "order":
            st.markdown("\n".join(f"{at}. **{note.text}.** {note.explain}" for at, note in enumerate(verdict.notes, 1)))
            return
        for note in verdict.notes:
            st.markdown(_line(note, question))


def _line(note: Note, question: Question) -> str:
    icon = ":material/check:" if note.correct else ":material/close:"
    unit = f" {question.unit}" if question.unit else ""
    yours = " :gray[(your answer)]" if note.taken else ""
    text = note.text.rstrip(".")
    return f"{icon} **{text}{unit}**{yours}  \n{note.explain}"
