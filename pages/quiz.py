"""Quiz: a round of questions with every choice explained, score and streak, and progress topic by topic."""

from __future__ import annotations

import secrets
from typing import Literal

import streamlit as st

from course import content, experiments, learners, marking, quiz, rounds
from course.learners import Learner
from course.quiz import Question, Quiz
from course.rounds import Round
from ftcore.network import backbones
from ftcore.network.describe import describe
from ftcore.settings import RunSettings
from ftcore.training import recipes
from ui import address
from ui.callbacks import pressed
from ui.course import exercise, knowledge, question
from ui.course.knowledge import Known
from ui.frame import nav, page
from ui.runs import counted
from ui.runs.live import View
from ui.widgets import phone
from ui.words import count, percent, plain, several

MODES = {
    "short": "Short quiz", "ten": "Ten questions", "wrong": "What was wrong", "topic": "One topic", "full": "Full quiz",
}  # fmt: skip
FOLDED = ("topic", "full")  # rounds that stand behind a button of their own

nav.guard()


def main() -> None:
    """Title, the question of the round or a choice of rounds, progress."""
    settings, view, owner = page.begin("quiz")
    if exercise.page(owner):
        return
    loaded = quiz.fitting(quiz.load(), len(backbones.old_classes(settings.backbone)))
    learner = learners.load(owner)
    st.title("Quiz")
    here = rounds.current(learner, [one.id for one in loaded.questions])
    if here is None:
        st.markdown(content.section("quiz", "intro"))
        _modes(loaded, learner, owner, first="short")
    elif here.now is None:
        _over(loaded, learner, here, owner)
    else:
        _question(loaded, learner, here, settings, _known(settings, view), owner)
    _topics(loaded, learner)
    exercise.offer(learner)
    _end(loaded, learner, owner)


def _modes(loaded: Quiz, learner: Learner, owner: str, first: str) -> None:
    """A button for each kind of round; the long ones are folded away."""
    with st.container(horizontal=True, gap="small"):
        for mode in MODES:
            if mode not in FOLDED:
                _mode(mode, loaded, learner, owner, primary=mode == first)
        with st.popover("Other rounds"):
            names = list(loaded.topics)
            topic = st.selectbox("Topic", names, format_func=loaded.topics.__getitem__, key="topic")
            for mode in FOLDED:
                _mode(mode, loaded, learner, owner, topic=topic or "")


def _mode(mode: str, loaded: Quiz, learner: Learner, owner: str, topic: str = "", *, primary: bool = False) -> None:
    """The button that begins a round of this kind, with the number of its questions."""
    ids = rounds.pick(mode, loaded.questions, learner, topic=topic)
    kind: Literal["primary", "secondary"] = "primary" if primary else "secondary"
    label = f"{MODES[mode]}, {several(len(ids), 'question')}" if mode != "ten" else MODES[mode]
    note = content.section("quiz", f"{mode}.help")
    if pressed(label, key=f"begin-{mode}", type=kind, disabled=not ids, help=note):
        seed = secrets.randbelow(2**31)
        with learners.changing(owner) as record:
            rounds.begin(record, mode, rounds.pick(mode, loaded.questions, record, seed, topic), seed)
        st.rerun()


def _known(settings: RunSettings, view: View | None) -> Known:
    data = counted.summary(settings, view)
    return knowledge.gather(settings, len(data.classes), data.counts["train"], knowledge.asked_of(view))


def _question(loaded: Quiz, learner: Learner, here: Round, settings: RunSettings, known: Known, owner: str) -> None:
    """The question of the moment: asked, or judged once it is answered."""
    raw = loaded.question(here.now or "")
    if raw is None:
        return
    blocks = describe(settings.backbone, int(known.facts["classes"]))
    trainable = recipes.lesson(settings)[1].trainable
    asked = quiz.filled(raw, {**known.values, **marking.letters(raw, here.seed)})
    key = f"q-{here.seed}-{raw.id}"
    done = len(here.given)
    st.caption(
        f"{MODES[here.mode]} · question {here.at + 1} of {len(here.ids)} · {loaded.topics[raw.topic]}, "
        f"{quiz.DIFFICULTIES[raw.difficulty]} · score {here.score} of {done} · streak {learner.streak}"
    )
    with st.container(border=True):
        question.show(asked, here.seed, known, key)
        if raw.id not in here.given:
            given = question.ask(asked, here.seed, blocks, trainable, key)
            if pressed("Check the answer", type="primary", disabled=given is None, key=f"check-{key}"):
                right = marking.judge(asked, given, known.facts, blocks, trainable).right
                with learners.changing(owner) as record:
                    rounds.answer(record, raw.id, given, right)
                st.rerun()
            return
        given = here.given[raw.id]
        verdict = marking.judge(asked, given, known.facts, blocks, trainable)
        question.tell(asked, verdict)
        if not verdict.right:
            _settle(raw)
        last = here.at + 1 == len(here.ids)
        if pressed("See the result" if last else "Next question", type="primary", key=f"next-{key}"):
            with learners.changing(owner) as record:
                rounds.go_on(record)
            st.rerun()


def _settle(asked: Question) -> None:
    """Where the experiment waits that settles this question."""
    one = next((e for e in experiments.load()[0] if e.id == asked.experiment), None)
    if one is not None:
        query = {**address.link(), "exp": one.id}
        words = "Settle it by an experiment"  # short: a link's label does not wrap on a phone
        st.page_link("pages/experiment.py", label=words, icon=":material/science:", query_params=query)
        st.caption(one.title)


def _over(loaded: Quiz, learner: Learner, here: Round, owner: str) -> None:
    """The result of a round, what to look at again, and the next rounds."""
    share = here.score / len(here.ids)
    st.subheader(f"{here.score} of {several(len(here.ids), 'question')} right, {percent(share)}", anchor=False)
    missed = [one for one in loaded.questions if here.right.get(one.id) is False]
    if missed:
        topics = "; ".join(sorted({loaded.topics[one.topic] for one in missed}))
        st.markdown(content.section("quiz", "again", {"topics": topics}))
        for one in missed:
            _settle(one)
    _modes(loaded, learner, owner, first="wrong" if missed else "ten")


def _topics(loaded: Quiz, learner: Learner) -> None:
    """How far each topic is, over all rounds."""
    with phone.fold("Topic by topic", "topics"):
        _progress(loaded, learner)


def _progress(loaded: Quiz, learner: Learner) -> None:
    st.subheader("Topic by topic", anchor=False)
    rows = rounds.progress(learner, loaded.questions)
    grid = st.grid(5, min_column_width=150, gap="small")
    for topic, title in loaded.topics.items():
        right, met, total = rows.get(topic, (0, 0, 0))
        with grid.cell():
            st.markdown(f"**{title}**  \n{right} of {total} right, {met} met")
    if learner.best_streak:
        st.caption(content.section("quiz", "streak", {"streak": count(learner.best_streak)}))


def _end(loaded: Quiz, learner: Learner, owner: str) -> None:
    """A summary to take along, starting over, and what is wrong with the file."""
    with st.container(horizontal=True, gap="small"):
        st.download_button(
            "Download a summary", summary(loaded, learner), "thaw-quiz.md", "text/markdown", key="summary",
            disabled=not learner.answers, help=content.section("quiz", "summary.help"),
        )  # fmt: skip
        notes = content.section("quiz", "leave.help")
        if learner.round and pressed("Leave this round", key="leave", help=notes):
            with learners.changing(owner) as record:
                record.round = {}
            st.rerun()
        with st.popover("Start over", disabled=not learner.answers):
            st.markdown(content.section("quiz", "reset"))
            if pressed("Forget them", key="reset"):
                with learners.changing(owner) as record:
                    rounds.reset(record)
                st.rerun()
    for said in loaded.wrong:
        st.caption(f"Left out: {plain(said, 300)}")


def summary(loaded: Quiz, learner: Learner) -> str:
    """The learner's standing as Markdown: score by topic, and the questions to look at again."""
    lines = ["# Thaw quiz", ""]
    for topic, (right, met, total) in rounds.progress(learner, loaded.questions).items():
        lines.append(f"- {loaded.topics[topic]}: {right} of {total} right, {met} met")
    again = [one for one in loaded.questions if one.id in rounds.pick("wrong", loaded.questions, learner)]
    if again:
        beliefs = sorted({loaded.claims[number] for one in again for number in one.claims})
        lines += ["", "Beliefs to test again:", *(f"- {belief}" for belief in beliefs)]
    return "\n".join([*lines, "", f"Longest streak: {learner.best_streak}", ""])


with page.errors():
    main()
