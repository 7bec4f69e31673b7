"""The guided lesson: a path through the real pages that says what to do, sees it done and goes on.

Where one is stands in the address (`guide`), so it works from a link, survives a reload and can be left. The
learner's record keeps the last place, so it can be taken up again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

import streamlit as st

from course import content, learners, quiz, rounds
from ftcore.errors import FtError
from ui import address
from ui.callbacks import guarded
from ui.engine import networks
from ui.frame import guidebox
from ui.frame.insight import insight
from ui.lesson import stages
from ui.runs import guess, live, observe
from ui.runs.live import View


@dataclass(frozen=True)
class Place:
    """Where the learner is: the page's address, the address' parameters, the run shown, and who it is."""

    page: str
    query: Mapping[str, str]
    view: View | None
    owner: str


@dataclass(frozen=True)
class Step:
    """One thing to do: its text in guide.md, the page on which, what that page is opened with, and when it is done.

    `mark` selects what to press, which the page then outlines; `moment` names another text for a special moment.
    With `top` the page shows its top when the step begins.
    """

    id: str
    page: str
    query: Mapping[str, str]
    done: Callable[[Place], bool]
    mark: str
    moment: Callable[[Place], str] = lambda at: ""
    top: bool = False


def _beyond(stage: str) -> Callable[[Place], bool]:
    """A later stage of the Pipeline is chosen, or the learner has gone where that stage leads."""
    later = stages.IDS[stages.IDS.index(stage) + 1 :]
    return lambda at: at.page == "freeze_lab" or (at.page == "pipeline" and at.query.get("stage") in later)


def _clicked(at: Place) -> bool:
    return at.view is not None or (at.page == "freeze_lab" and bool(at.query.get("lab")))


def _guessed(at: Place) -> bool:
    return at.query.get("guess") in guess.choices() or (at.view is not None and at.view.thawed)


def _finished(at: Place) -> bool:
    return at.view is not None and at.view.status.state == "done"


def _traced(at: Place) -> bool:
    return at.page == "trace" and at.query.get("layer") == "prediction"


def _halted(at: Place) -> str:
    busy = at.view is None or at.view.status.active or _finished(at)
    return "halted" if not busy or (at.view is not None and at.view.status.state == "paused") else ""


def _answered(at: Place) -> bool:
    """The questions everyone must meet are answered, and none of them is being explained just now."""
    learner, questions = learners.load(at.owner), quiz.load().questions
    now = rounds.current(learner, [one.id for one in questions])
    reading = at.page == "quiz" and now is not None and now.now in now.given
    return not reading and all(one.id in learner.answers for one in questions if one.must)


def _other_round(at: Place) -> str:
    now = rounds.current(learners.load(at.owner), [one.id for one in quiz.load().questions])
    return "other" if now is not None and now.now is not None and now.mode != "short" else ""


_STAGE = '[class*="st-key-stage-"] [role="radio"]:nth-child({})'
STEPS = (
    Step("load", "pipeline", {"stage": "load"}, _beyond("load"), _STAGE.format(2)),
    Step("head", "pipeline", {"stage": "head"}, _beyond("head"), _STAGE.format(3)),
    Step("freeze", "pipeline", {"stage": "freeze"}, lambda at: at.page == "freeze_lab", '[data-testid="stMain"] a[href*="freeze_lab"]'),
    Step("lab", "freeze_lab", {}, _clicked, ".st-key-lab-strip"),
    Step("guess", "train_live", {}, _guessed, '[class*="st-key-guess-"]'),
    Step("start", "train_live", {}, lambda at: at.view is not None, ".st-key-start button"),
    Step("watch", "train_live", {}, _finished, '[class*="st-key-Resume-"] button', _halted, top=True),
    Step("trace", "trace", {}, _traced, ".st-key-trace-next button"),
    Step("quiz", "quiz", {}, _answered, ".st-key-begin-short button", _other_round),
)  # fmt: skip
END = len(STEPS)
NEXT = {"freeze_lab": "Thaw other blocks", "experiment": "Put a belief to the test", "review": "Keep it by cards"}


def at(text: str | None) -> int | None:
    """The step in the address: None without a guide, else 0 to `END` (the insight)."""
    return int(text) if text is not None and text.isdecimal() and int(text) <= END else None


def here() -> int | None:
    """The step in the page's address."""
    return at(st.query_params.get("guide"))


def carried() -> dict[str, str]:
    """What a link must carry so that the guided lesson goes on behind it."""
    now = here()
    return {} if now is None else {"guide": str(now)}


def reached(start: int, place: Place) -> int:
    """The first step from `start` on that is not done yet."""
    while start < END and STEPS[start].done(place):
        start += 1
    return start


def draw(page: str, view: View | None, owner: str) -> None:
    """The box with the step to do now; nothing without a guide in the address."""
    begun = here()
    if begun is None:
        return
    place = Place(page, st.query_params.to_dict(), view, owner)
    now = reached(begun, place)
    if now != begun:
        _go(now)
    _remember(now, place)
    with guidebox.draw(now, END, _go, top=now == END or STEPS[now].top):
        if now < END:
            _step(STEPS[now], place)
        else:
            _end(view)


def _step(step: Step, place: Place) -> None:
    moment = step.moment(place) or ("away" if step.page != place.page else "")
    name = f"{step.id}.{moment}"
    st.markdown(content.section("guide", name if name in content.load("guide") else step.id))
    if step.page != place.page:
        query = {**address.link(), **step.query}
        st.page_link(f"pages/{step.page}.py", label="Go there", icon=":material/arrow_forward:", query_params=query)
        guidebox.mark(guidebox.THERE)
    elif any(place.query.get(name) != value for name, value in step.query.items()):
        icon = ":material/arrow_forward:"
        st.button(
            "Go there", icon=icon, key="guide-there", on_click=guarded(st.query_params.update), args=(step.query,)
        )
        guidebox.mark(guidebox.THERE)
    else:
        guidebox.mark(step.mark)


def _go(step: int | None) -> None:
    if step is None:
        st.query_params.pop("guide", None)
    else:
        st.query_params["guide"] = str(step)


# Leaving and taking up


def _remember(now: int, place: Place) -> None:
    """Note each change of place in the learner's record; a disk that is full costs no more than that."""
    here = (now, place.query.get("run"))
    if st.session_state.get("thaw_guide", here) != here:
        with contextlib.suppress(FtError), learners.changing(place.owner) as record:
            record.guide = urlencode({**address.link(), "guide": str(now)})
    st.session_state["thaw_guide"] = here


def invite(owner: str) -> None:
    """The way into the guided lesson, or back to where the learner left it."""
    if here() is not None:
        return
    query = dict(parse_qsl(learners.load(owner).guide))
    left = at(query.get("guide"))
    with st.container(horizontal=True, gap="small"):
        if left is not None:
            further = f"Go on with the guided lesson, step {left + 1} of {END + 1}"
            label = further if left < END else "See the insight of the guided lesson again"
            if st.button(label, icon=":material/route:", key="guide-on"):
                _take_up(query, left)
        st.button(
            "Take the guided lesson" if left is None else "Begin it anew",
            icon=":material/route:" if left is None else None, type="secondary" if left is None else "tertiary",
            key="guide-begin", on_click=guarded(_begin),
            help=content.section("frame", "guide.help", {"steps": END + 1}),
        )  # fmt: skip


def _begin() -> None:
    """From the first step with the settings of the address, but with no run and no choice of before."""
    guess.forget()
    st.session_state["thaw_guide"] = None
    st.query_params.from_dict({**address.to_query(address.settings()), **STEPS[0].query, "guide": "0"})


def _take_up(query: dict[str, str], left: int) -> None:
    """Open the page of the step that was left. A run that has been deleted since must be started again."""
    if "run" in query:
        try:
            live.look(query["run"])
        except FtError:
            left = min(left, [step.id for step in STEPS].index("start"))
            query.pop("run")
    query |= {**(STEPS[left].query if left < END else {}), "guide": str(left)}
    if left < END and STEPS[left].page != "pipeline":
        st.switch_page(f"pages/{STEPS[left].page}.py", query_params=query)
    st.query_params.from_dict(query)
    st.rerun()


# The insight


def _end(view: View | None) -> None:
    reached = observe.closing(view.story) if view is not None else {}
    if view is None or "head" not in reached or view.settings.weights == "random":
        st.markdown(content.section("guide", "unfinished"))
        query = {**address.link(), "guide": str([step.id for step in STEPS].index("start"))}
        query.pop("run", None)
        st.page_link("pages/train_live.py", label="Go there", icon=":material/arrow_forward:", query_params=query)
        return
    values = insight(view, reached, networks.moved(view.settings.backbone, view.id))
    st.markdown(content.section("guide", "insight", values))
    st.caption(content.section("guide", "insight.counted", values))
    query = {name: text for name, text in address.link().items() if name != "guide"}
    with st.container(horizontal=True, gap="small"):
        for page, label in NEXT.items():
            st.page_link(f"pages/{page}.py", label=label, icon=":material/arrow_forward:", query_params=query)
