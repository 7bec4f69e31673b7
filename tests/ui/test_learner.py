"""Who the learner is: asked of the browser before anything is drawn, so that no page speaks of them as of somebody else."""

from __future__ import annotations

import re

from tests.made import OWNER, TOKEN, OpenPage
from ui import learner


def test_no_page_is_drawn_before_the_browser_has_answered(open_page: OpenPage) -> None:
    test = open_page("train_live")
    assert [title.value for title in test.title] == ["Train live"]
    del test.session_state["thaw_token"]
    test.run()
    assert not test.exception
    assert (len(test.title), len(test.sidebar.selectbox), len(test.main.button)) == (0, 0, 0)


def test_an_answer_that_is_no_token_counts_as_a_new_learner() -> None:
    for answer, wanted in (
        (TOKEN, re.escape(TOKEN)),
        ("../etc", "[0-9a-f]{32}"),
        (7, "[0-9a-f]{32}"),
        (None, "[0-9a-f]{32}"),
    ):
        assert re.fullmatch(wanted, learner.token_of(answer)), answer
    assert learner.owner_of(TOKEN) == OWNER
