"""The verdict in words: complete for every kind, and nothing in it but the numbers of the run."""

from __future__ import annotations

import re

import pytest

from course import content
from ftcore import coach as judging
from tests.stories import RUNS
from ui.runs import coach


@pytest.mark.parametrize("name", RUNS)
def test_every_verdict_has_words_and_says_what_it_would_change(name: str) -> None:
    told, _ = RUNS[name]
    verdict = judging.judge(told)
    assert verdict is not None
    said = coach.words(verdict)
    assert said.startswith("**")
    assert not re.search(r"<<|\\bnan\\b|\\binf\\b", said)
    if verdict.next is not None:
        old, new = told.settings.phases[verdict.phase - 1], verdict.next.phases[verdict.phase - 1]
        assert (old.lr != new.lr) != (old.epochs != new.epochs)
        assert (" at " if old.lr != new.lr else " for ") in coach.then(verdict, told.settings)


def test_each_text_is_said_of_some_run() -> None:
    kinds = {kind for _, kind in RUNS.values()} | {"open"}
    assert kinds | {"rate.next", "epochs.next", "help"} == set(content.load("coach"))
