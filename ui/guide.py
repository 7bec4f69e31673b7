"""The guided lesson: a path through the real pages that says what to do, sees it done and goes on.

Where one is stands in the address (`guide`), so it works from a link, survives a reload and can be left.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import streamlit as st

from ftcore import content, surgery
from ftcore.settings import HEAD
from ui import observe, state
from ui.live import View
from ui.theme import percent, points, seconds


@dataclass(frozen=True)
class Place:
    """Where the learner is: the page's address, the address' parameters, and the run shown."""

    page: str
    query: Mapping[str, str]
    view: View | None

    def past(self, epoch: int) -> bool:
        """Whether the run has more epochs behind it than this."""
        return self.view is not None and len(self.view.log.rows) > epoch


@dataclass(frozen=True)
class Step:
    """One thing to do: its text in guide.md, the page on which, what that page is opened with, and when it is done."""

    id: str
    page: str
    query: Mapping[str, str]
    done: Callable[[Place], bool]


def _on(page: str, **wanted: str) -> Callable[[Place], bool]:
    return lambda at: at.page == page and all(at.query.get(name) == value for name, value in wanted.items())


def _head_phase(view: View) -> int:
    return view.settings.phases[0].epochs


STEPS = (
    Step("load", "pipeline", {"stage": "load"}, _on("pipeline", stage="head")),
    Step("head", "pipeline", {"stage": "head"}, _on("pipeline", stage="freeze")),
    Step("freeze", "pipeline", {"stage": "freeze"}, lambda at: at.page == "freeze_lab"),
    Step("lab", "freeze_lab", {}, lambda at: at.page == "freeze_lab" and bool(at.query.get("lab"))),
    Step("start", "train_live", {}, lambda at: at.view is not None),
    Step("guess", "train_live", {}, lambda at: bool(at.query.get("guess")) or (at.view is not None and at.past(_head_phase(at.view)))),
    Step("watch", "train_live", {}, lambda at: at.view is not None and at.view.status.state == "done"),
    Step("trace", "trace", {}, _on("trace", layer="prediction")),
    Step("quiz", "quiz", {}, lambda at: at.page == "quiz"),
)  # fmt: skip
END = len(STEPS)


def at(text: str | None) -> int | None:
    """The step in the address: None without a guide, else 0 to `END` (the insight)."""
    return int(text) if text is not None and text.isdecimal() and int(text) <= END else None


def going() -> bool:
    """Whether the learner is on the guided lesson."""
    return at(st.query_params.get("guide")) is not None


def reached(start: int, place: Place) -> int:
    """The first step from `start` on that is not done yet."""
    while start < END and STEPS[start].done(place):
        start += 1
    return start


def draw(page: str, view: View | None) -> None:
    """The box with the step to do now; nothing without a guide in the address."""
    begun = at(st.query_params.get("guide"))
    if begun is None:
        return
    place = Place(page, st.query_params.to_dict(), view)
    now = reached(begun, place)
    if now != begun:
        st.query_params["guide"] = str(now)
    with st.container(border=True, key="guide"):
        if now < END:
            _step(now, page)
        else:
            _insight(view)
        with st.container(horizontal=True):
            if now < END:
                st.button("Skip this step", key="guide-skip", on_click=_go, args=(now + 1,))
            st.button("Leave the guided lesson", key="guide-leave", on_click=_go, args=(None,))


def _step(now: int, page: str) -> None:
    step = STEPS[now]
    st.caption(f"Guided lesson, step {now + 1} of {END + 1}")
    st.markdown(content.section("guide", step.id))
    if step.page != page:
        query = {**state.link(), **step.query, "guide": str(now)}
        st.page_link(f"pages/{step.page}.py", label="Go there", icon=":material/arrow_forward:", query_params=query)


def _insight(view: View | None) -> None:
    st.caption("Guided lesson, the end")
    found = observe.closing(view.log.rows, view.log.end, view.settings) if view is not None and view.log.end else {}
    if view is None or "head" not in found:
        st.markdown(content.section("guide", "unfinished"))
        return
    rows = surgery.describe(view.settings.backbone)
    thawed = view.settings.phases[-1].trainable
    trunk = sum(row.parameters for row in rows if row.name != HEAD)
    moved = sum(row.parameters for row in rows if row.name != HEAD and row.name in thawed)
    values = {
        "head": percent(found["head"]),
        "tuned": percent(found["tuned"]),
        "gain": points(found["gain"]),
        "test": percent(found["test"]),
        "seconds": seconds(found["seconds"]),
        "share": percent(moved / trunk),
    }
    st.markdown(content.section("guide", "insight", values))


def _go(step: int | None) -> None:
    if step is None:
        st.query_params.pop("guide", None)
    else:
        st.query_params["guide"] = str(step)


def invite() -> None:
    """The link that begins the guided lesson."""
    st.page_link(
        "pages/pipeline.py", label="Take the guided lesson", icon=":material/route:",
        query_params={**state.link(), **STEPS[0].query, "guide": "0"},
    )  # fmt: skip
