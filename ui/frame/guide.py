"""The guided lesson: a path through the real pages that says what to do, sees it done and goes on.

Where one is stands in the address (`guide`), so it works from a link, survives a reload and can be left. The
learner's record keeps the last place, so it can be taken up again.
"""

from __future__ import annotations

import contextlib
from typing import Literal
from urllib.parse import parse_qsl, urlencode

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from course import content, learners
from ftcore import gain
from ftcore.errors import FtError
from ftcore.settings import HEAD, RunSettings
from ftcore.training import recipes
from ui import address
from ui.callbacks import guarded, pressed
from ui.engine import networks
from ui.frame import guidebox
from ui.frame.insight import insight
from ui.frame.steps import END, IDS, STEPS, Place, Step, at, reached
from ui.runs import guess, live
from ui.runs.live import View

NEXT = {"freeze_lab": "Thaw other blocks", "experiment": "Put a belief to the test", "review": "Keep it by cards"}
_ON = ":material/arrow_forward:"


def here() -> int | None:
    """The step in the page's address."""
    return at(st.query_params.get("guide"))


def carried() -> dict[str, str]:
    """What a link must carry so that the guided lesson goes on behind it."""
    now = here()
    return {} if now is None else {"guide": IDS[now]}


def waits() -> bool:
    """Does a run that is started now wait at the thaw, until the learner has seen what the head alone reached?"""
    now = here()
    return now is not None and now <= IDS.index("watch")


def kind(step: str = "") -> Literal["primary", "secondary"]:
    """How a page's main button looks: in the guided lesson only what its step outlines is the thing to do."""
    now = here()
    return "primary" if now is None or IDS[now] == step else "secondary"


def hint(settings: RunSettings) -> str:
    """The block that the step of the Freeze lab suggests to thaw; "" at any other step."""
    now = here()
    return _suggested(settings) if now is not None and IDS[now] == "lab" else ""


def _suggested(settings: RunSettings) -> str:
    return [name for name in recipes.lesson(settings)[1].trainable if name != HEAD][-1]


def draw(page: str, settings: RunSettings, view: View | None, owner: str) -> None:
    """The bar with the step to do now; nothing without a guide in the address."""
    begun = here()
    if begun is None:
        return
    place = Place(page, st.query_params.to_dict(), view, owner)
    now = reached(begun, place)
    if now != begun:
        _go(now)
    _remember(now, place)
    words = f"step {now + 1} of {END + 1}"
    with guidebox.draw(IDS[now], words, _go, now + 1 if now < END else None) as way:
        if now < END:
            with way:
                moment = _way(STEPS[now], place)
            _step(STEPS[now], moment, settings, f"Now {words}")
        else:
            _end(view, way, f"Done. Now {words}")


def _way(step: Step, place: Place) -> str:
    """What leads to the step's page and to the state in which it begins; gives the moment for which there is a text."""
    if step.page != place.page:
        query = {**address.link(), **step.query}
        st.page_link(f"pages/{step.page}.py", label="Go there", icon=_ON, query_params=query)
        guidebox.there()
        return "away"
    if any(place.query.get(name) != value for name, value in step.query.items()):
        st.button("Go there", icon=_ON, key="guide-there", on_click=guarded(st.query_params.update), args=(step.query,))
        guidebox.there()
        return "away"
    return step.moment(place)


def _step(step: Step, moment: str, settings: RunSettings, said: str) -> None:
    name = f"{step.id}.{moment}"
    text = content.section("guide", name if name in content.load("guide") else step.id, {"block": _suggested(settings)})
    names = () if moment == "away" else step.names
    guidebox.lead(text, names, name, said, show=step.show if names else ())


def _go(step: int | None) -> None:
    if step is None:
        st.query_params.pop("guide", None)
    else:
        st.query_params["guide"] = IDS[step]


# Leaving and taking up


def _remember(now: int, place: Place) -> None:
    """Note each change of place in the learner's record; a disk that is full costs no more than that."""
    here = (now, place.query.get("run"))
    if st.session_state.get("thaw_guide", here) != here:
        with contextlib.suppress(FtError), learners.changing(place.owner) as record:
            record.guide = urlencode({**address.link(), "guide": IDS[now]})
    st.session_state["thaw_guide"] = here


def invite(owner: str) -> None:
    """The way into the guided lesson, or back to where the learner left it; while it goes on, where to look."""
    query = dict(parse_qsl(learners.load(owner).guide))
    left = at(query.get("guide"))
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="guide-invite"):
        if here() is not None:
            st.caption(content.section("frame", "guide.on"))
            return
        if left is not None:
            further = f"Go on with the guided lesson, step {left + 1} of {END + 1}"
            label = further if left < END else "See the insight of the guided lesson again"
            if pressed(label, icon=":material/route:", key="guide-on"):
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
    st.query_params.from_dict({**address.to_query(address.settings()), **STEPS[0].query, "guide": IDS[0]})


def _take_up(query: dict[str, str], left: int) -> None:
    """Open the page of the step that was left. A run that has been deleted since must be started again."""
    if "run" in query:
        try:
            live.look(query["run"])
        except FtError:
            left = min(left, IDS.index("start"))
            query.pop("run")
    query |= {**(STEPS[left].query if left < END else {}), "guide": IDS[left]}
    if left < END and STEPS[left].page != "pipeline":
        st.switch_page(f"pages/{STEPS[left].page}.py", query_params=query)
    st.query_params.from_dict(query)
    st.rerun()


# The insight


def _end(view: View | None, way: DeltaGenerator, said: str) -> None:
    found = gain.of(view.story) if view is not None else None
    if view is None or found is None or view.story.end is None or view.settings.weights == "random":
        query = {**address.link(), "guide": "start"}
        query.pop("run", None)
        with way:
            st.page_link("pages/train_live.py", label="Go there", icon=_ON, query_params=query)
        guidebox.there()
        guidebox.lead(content.section("guide", "unfinished"), (), "unfinished", said)
        return
    values = insight(view.story, found, networks.moved(view.settings.backbone, view.id))
    with guidebox.long("What you have seen, in your own numbers", said):
        st.markdown(content.section("guide", "insight", values))
        st.caption(content.section("guide", "insight.counted", values))
        query = {name: text for name, text in address.link().items() if name != "guide"}
        with st.container(horizontal=True, gap="small"):
            for page, label in NEXT.items():
                st.page_link(f"pages/{page}.py", label=label, icon=_ON, query_params=query)
