"""An exercise on a page: shown code with a gap, the learner's lines, and what came of running them.

What the lines are worth is judged in `course.exercises`; this module only asks and tells.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from course import content, exercises, learners
from course.exercises import Exercise, Outcome
from course.learners import Learner
from course.lines import walls
from course.lines.judge import Finding
from ui import callbacks
from ui.callbacks import pressed
from ui.widgets import phone
from ui.words import about, count, listed, number, plain, rate, several

GAP = "# ... your lines ..."
_PROXIED = ("X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Forwarded")


def _word(value: object) -> str:
    return plain(str(value), 300)


def _places(names: Any) -> str:
    return listed([f"`{name}`" for name in names])


def _code(value: object) -> str:
    return " ".join(str(value).replace("`", "'").split())[:120]


FORMS: dict[str, Callable[[Any], str]] = {
    **dict.fromkeys(("inputs", "outputs", "wanted_inputs", "wanted_outputs", "layers", "total"), count),
    **dict.fromkeys(("value", "wanted_value", "low", "high", "wanted_low", "wanted_high"), number),
    **dict.fromkeys(("name", "found", "code"), _code),
    **dict.fromkeys(("shape", "wanted_shape", "said", "kind", "line"), _word),
    **dict.fromkeys(("lr", "wanted_lr"), rate),
    "blocks": _places,
    "count": lambda value: several(value, "parameter"),
}


def said(finding: Finding) -> str:
    """A finding as one sentence with its numbers."""
    return content.section("exercises", f"found.{finding.key}", written(finding.numbers))


def written(numbers: Mapping[str, Any]) -> dict[str, str]:
    """The numbers of a finding as people read them, with the limits that lines have."""
    limits = {"seconds": count(walls.SECONDS), "megabytes": count(walls.MEMORY >> 20)}
    return {**limits, **{name: FORMS[name](value) for name, value in numbers.items() if name in FORMS}}


def page(owner: str) -> bool:
    """The exercise that the address names, as a whole page; False where it names none."""
    every, _ = exercises.load()
    one = next((e for e in every if e.id == st.query_params.get("lines")), None)
    if one is None:
        return False
    record = learners.load(owner).exercises.get(one.id, {})
    st.title(one.title)
    st.markdown(one.task)
    _shown(one.before)
    lines = st.text_area(
        "Your lines", str(record.get("lines", "")), key=f"lines-{one.id}-{owner}", height=30 + 34 * one.most, max_chars=1000,
        placeholder=GAP, help=content.section("exercises", "lines.help"),
    )  # fmt: skip
    _shown(one.after)
    right = _run(one, lines, owner)
    with st.expander("Hint", icon=":material/lightbulb:"):
        st.markdown(one.hint)
    with st.expander("Show the answer", icon=":material/visibility:"):
        _shown(one.answer)
        if not right:  # else the reason is there already
            st.markdown(one.why)
    _ways(one, every)
    return True


def _shown(code: str) -> None:
    if code:
        st.code(code, language="python", wrap_lines=True)


def _run(one: Exercise, lines: str, owner: str) -> bool:
    """The button and what came of the last lines: are they right? Where lines do not run, the reason in its place."""
    if closed := _closed():
        st.info(closed)
        return False
    place = f"outcome-{one.id}"
    took = st.session_state.get("thaw_lines_took")
    label = f"Run the lines, {about(took)}" if took else "Run the lines"
    if pressed(label, type="primary", key=f"run-lines-{one.id}"):
        st.session_state.pop(place, None)
        with callbacks.told(), st.spinner("Running your lines"):
            outcome = exercises.check(one, lines)
            _keep(one, lines, outcome, owner)
            st.session_state[place], st.session_state["thaw_lines_took"] = outcome, outcome.seconds
    came: Outcome | None = st.session_state.get(place)
    if came is None:
        st.caption(content.section("exercises", "runs", {"seconds": count(walls.SECONDS)}))
        return False
    tell = st.success if came.right else st.warning
    tell(said(came.finding))
    if came.right:
        st.markdown(one.why)
    if came.printed:
        st.caption("Printed")
        st.code(came.printed, language=None, wrap_lines=True)
    return came.right


def _keep(one: Exercise, lines: str, outcome: Outcome, owner: str) -> None:
    with learners.changing(owner) as learner:
        record = learner.exercises.setdefault(one.id, {})
        record["lines"], record["tries"] = lines, record.get("tries", 0) + 1
        if outcome.right:
            record["solved"] = record.get("solved") or time.time()


def _closed() -> str:
    """Why lines do not run here, in a sentence; "" where they do."""
    forwarded = any(name in st.context.headers for name in _PROXIED)
    why = exercises.closed(st.get_option("server.address"), st.context.ip_address, forwarded=forwarded)
    return content.section("exercises", f"off.{why}") if why else ""


def _ways(one: Exercise, every: tuple[Exercise, ...]) -> None:
    """To the next exercise, and back to the quiz."""
    following = every[(every.index(one) + 1) % len(every)]
    with st.container(horizontal=True, gap="small"):
        if pressed(f"Next: {following.title}", key="next-lines"):
            _open(following.id)
        if pressed("Back to the quiz", icon=":material/list:", key="all-lines"):
            _open(None)


def _open(name: str | None) -> None:
    if name is None:
        st.query_params.pop("lines", None)
    else:
        st.query_params["lines"] = name
    st.rerun()


def offer(learner: Learner) -> None:
    """All exercises as cards, from easy to hard, with what is solved."""
    every, wrong = exercises.load()
    with phone.fold("Write the line", "lines"):
        st.subheader("Write the line", anchor=False)
        st.markdown(content.section("exercises", "intro"))
        if closed := _closed():
            st.caption(closed)
        grid = st.grid(4, min_column_width=200, gap="small")
        for one in sorted(every, key=lambda e: e.level):
            with grid.container(border=True, key=f"card-lines-{one.id}", gap="xsmall", height="stretch"):
                _card(one, learner)
    for sentence in wrong:
        st.caption(f"Left out: {plain(sentence, 300)}")


def _card(one: Exercise, learner: Learner) -> None:
    solved = bool(learner.exercises.get(one.id, {}).get("solved"))
    if pressed(f"**{one.title}**", key=f"open-lines-{one.id}", type="tertiary"):
        _open(one.id)
    with st.container(horizontal=True, gap="small"):
        st.caption(content.section("exercises", f"level.{one.level}"), width="stretch")
        if solved:
            st.badge("solved", color="green")
