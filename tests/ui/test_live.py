"""The parts of a page that look once a second: nothing stands beside one in its room, and nothing outlives it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.forward_msg_cache import create_reference_msg, populate_hash_if_needed
from streamlit.runtime.forward_msg_queue import ForwardMsgQueue
from streamlit.testing.v1 import AppTest

from ftcore.runs import locks, records, service
from tests.made import SHORT, TOKEN, OpenPage, epoch, write_run
from ui.runs import ticks
from ui.widgets import progress


@pytest.fixture
def sent() -> Iterator[list[ForwardMsg]]:
    """All that the app hands on to the browser."""
    found: list[ForwardMsg] = []
    ForwardMsgQueue.on_before_enqueue_msg(found.append)
    yield found
    ForwardMsgQueue.on_before_enqueue_msg(None)


@pytest.mark.parametrize("page", ["pipeline", "train_live"])
@pytest.mark.parametrize("state", ["running", "done"])
def test_what_ticks_stands_alone(open_page: OpenPage, sent: list[ForwardMsg], page: str, state: str) -> None:
    """If one that ticks is lost on its way, as happens on a machine that sends late, its neighbours stay in place."""
    epochs = (0.5, 0.6, 0.7, 0.8) if state == "done" else (0.5, 0.6, 0.7)
    run = write_run(SHORT, *epochs, end=state)
    with locks.lock(records.folder_of(run)):
        assert not open_page(page, run=run).exception
    places: dict[str, tuple[int, ...]] = {}
    paths = set()
    for message in sent:
        if message.HasField("delta"):
            path = tuple(message.metadata.delta_path)
            paths.add(path)
            if message.delta.fragment_id:
                places.setdefault(message.delta.fragment_id, path)
    assert len(places) >= 2
    for place in places.values():
        room = place[:-1]
        assert {path[: len(place)] for path in paths if path[: len(room)] == room and path != room} == {place}


def test_nothing_of_what_ticks_outlives_its_box() -> None:
    """Streamlit sends a large element that it has sent before by name, and a name says not of which part it is.

    Were a part drawn anew before its last state was sent, that state would be dropped but for the names, and a browser
    that gets a name for a place that is not there shows nothing more.
    """
    queue = ForwardMsgQueue()
    box, chart = ForwardMsg(), ForwardMsg()
    box.metadata.delta_path[:], chart.metadata.delta_path[:] = (0, 1), (0, 1, 0)
    box.delta.add_block.allow_empty = False
    chart.delta.new_element.markdown.body = "x" * 10_000_000
    for message in (box, chart):
        message.delta.fragment_id = "ticks"
        populate_hash_if_needed(message)
        queue.enqueue(create_reference_msg(message) if message.metadata.cacheable else message)
    queue.clear(retain_lifecycle_msgs=True, fragment_ids_this_run=["ticks"])
    assert queue.is_empty()


def ticking() -> None:
    """As a part of a page that ticks: what it is drawn for has changed meanwhile, and the page is drawn anew."""
    import streamlit as st

    from ui.runs import live

    view = live.look(st.query_params["run"])
    if view.mark != st.session_state.setdefault("mark", view.mark):
        st.session_state.mark = view.mark
        st.rerun()
    live.headline(view)


def test_a_click_counts_though_the_run_has_changed_meanwhile(home: Path, warm_server: None) -> None:
    run = write_run(SHORT, 0.5, end="stopped")
    test = AppTest.from_function(ticking, default_timeout=60)
    test.session_state["thaw_token"] = TOKEN
    test.query_params["run"] = run
    test.run()
    records.append(records.folder_of(run), epoch(2, 1, 0.6))
    test.button(key=f"Resume-{run}").click().run()
    assert not test.exception
    assert service.status(run).active


def watching() -> None:
    """A page whose run changes while it is drawn, with a button below what it watches."""
    import streamlit as st

    from ftcore.runs import records
    from tests.made import epoch
    from ui.runs import live

    view = live.look(st.query_params["run"])
    if st.session_state.setdefault("draws", 0):
        records.append(records.folder_of(view.id), epoch(2, 1, 0.6))
    st.session_state.draws += 1
    live.watch(view, live.headline)
    if st.button("Below"):
        st.success("Pressed.")


def test_a_click_below_what_ticks_counts_though_the_run_changes_while_the_page_is_drawn(
    home: Path, warm_server: None
) -> None:
    test = AppTest.from_function(watching, default_timeout=60)
    test.query_params["run"] = write_run(SHORT, 0.5, end="stopped")
    test.run()
    test.button[-1].click().run()
    assert [said.value for said in test.success] == ["Pressed."]


def going_on() -> None:
    """A page, and what ticks on it a moment after: the run has come to its next phase."""
    import streamlit as st

    from ftcore.runs import records
    from tests.made import epoch
    from ui.runs import live, ticks

    view = live.look(st.query_params["run"])
    st.session_state.setdefault("marks", []).append(view.mark)
    if len(st.session_state.marks) == 1:
        records.append(records.folder_of(view.id), epoch(2, 2, 0.6))
        ticks._tick(view.mark, [], lambda: live.look(view.id), lambda now: now.mark, live.headline)


def test_the_page_is_drawn_anew_once_another_phase_has_begun(home: Path, warm_server: None) -> None:
    test = AppTest.from_function(going_on, default_timeout=60)
    test.query_params["run"] = write_run(SHORT, 0.5, end="stopped")
    test.run()
    assert not test.exception
    assert len({*test.session_state.marks}) == len(test.session_state.marks) == 2


def test_looks_that_take_long_come_more_rarely(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of the time is theirs, whatever a look takes, and none waits longer than the page's own timer."""
    monkeypatch.setattr(ticks, "_taken", 0.0)
    assert (ticks.pace(1.0), ticks.pace(3.0)) == (1.0, 3.0)
    with pytest.MonkeyPatch.context() as patch:
        clock = itertools.count(0.0, 0.25)  # each look takes so long
        patch.setattr(ticks.time, "perf_counter", lambda: next(clock))
        for _ in range(40):
            ticks._timed(lambda _: None, None)
    assert ticks.pace(1.0) == pytest.approx(2.5, abs=0.01)
    for seconds in (0.15, 0.25, 30.0):
        monkeypatch.setattr(ticks, "_taken", seconds)
        assert ticks.pace(1.0) == pytest.approx(min(10 * seconds, ticks.SLOWEST))
        assert ticks.pace(3.0) == max(3.0, ticks.SLOWEST)
    assert ticks.SLOWEST < progress.LATE
