"""What would have to be downloaded is said at its choice, and before a run is queued, with a button around it."""

from __future__ import annotations

import pytest

from ftcore.runs import needs, service
from tests.made import OWNER, OpenPage, query_of, texts

FAR = {"backbone": "resnet50", "data": "cifar10"}
BUTTONS = {"backbone": "Take ResNet-18, 64 px, built in", "data": "Take Sketchbook, built in"}


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody answers."""
    monkeypatch.setattr(needs, "_trouble", lambda source: "Name or service not known")


@pytest.mark.parametrize("setting", FAR)
def test_the_sidebar_says_what_would_be_downloaded_and_takes_what_is_here(setting: str, open_page: OpenPage) -> None:
    test = open_page("train_live", **FAR)
    assert "The first run downloads them once (98 MB)" in texts(test)
    assert "The first run downloads them once (170 MB)" in texts(test)
    button = test.sidebar.button(key=f"side-{setting}")
    assert button.label == BUTTONS[setting]
    button.click().run()
    assert query_of(test).get(setting) is None
    assert {name for name in FAR if name in query_of(test)} == {*FAR} - {setting}
    assert [b.label for b in test.sidebar.button] == [BUTTONS[name] for name in FAR if name != setting]


@pytest.mark.parametrize(
    ("page", "key"),
    [("train_live", "start"), ("pipeline", "run-full"), ("pipeline", "run-quick"), ("freeze_lab", "lab-start")],
)
def test_a_start_without_the_net_is_one_sentence_and_a_button(page: str, key: str, open_page: OpenPage) -> None:
    test = open_page(page, **FAR)
    test.button(key=key).click().run()
    assert not test.exception
    (error,) = test.error
    assert "ResNet\\-50" in error.value
    assert "Errno" not in error.value
    assert service.history(OWNER) == []
    test.button(key="instead-data").click().run()
    test.button(key="run-full" if page == "pipeline" else key).click().run()
    test.button(key="instead-backbone").click().run()
    assert not test.error
    assert {*FAR}.isdisjoint(query_of(test))


def test_nothing_is_said_of_what_is_built_in(open_page: OpenPage) -> None:
    assert not open_page("train_live").sidebar.button


def test_the_trace_of_a_network_that_is_not_here_fetches_nothing(open_page: OpenPage) -> None:
    (error,) = open_page("trace", backbone="resnet50").error
    assert "start a run" in error.value
