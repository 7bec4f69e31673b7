"""Addresses that are deeper than any page: who is sent on, and where to."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import pytest
from starlette.responses import PlainTextResponse
from streamlit import config

from ui.frame.nested import Nested


def ask(path: str, method: str = "GET", accept: str = "text/html,*/*") -> tuple[int, str]:
    """A browser's request to a server that answers everything; gives status and where it is sent on to."""
    name, _, query = path.partition("?")
    told: list[Any] = []

    async def send(message: Any) -> None:
        told.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http", "method": method, "path": unquote(name), "query_string": query.encode(),
        "headers": [(b"accept", accept.encode())],
    }  # fmt: skip
    with pytest.raises(StopIteration):  # nothing here waits, so no loop is needed: browser tests have their own
        Nested(PlainTextResponse("as before"))(scope, receive, send).send(None)
    return told[0]["status"], dict(told[0]["headers"]).get(b"location", b"").decode()


@pytest.mark.parametrize(
    ("asked", "there"),
    [
        ("/a/b", "../a"),
        ("/a/b/c?seed=5&run=x", "../../a?seed=5&run=x"),
        ("//evil.example/x", "../evil.example"),
        ("/%5Cevil.example/x", "../%5Cevil.example"),
        ("/no%20page%3Fx/b", "../no%20page%3Fx"),
    ],
)
def test_who_is_sent_on(asked: str, there: str) -> None:
    assert ask(asked) == (307, there)


@pytest.mark.parametrize(
    "asked", ["/", "/a", "/a/", "/../b", "/media/x.csv", "/static/js/x.js", "/_stcore/health", "/app-download/x"]
)
def test_who_stays(asked: str) -> None:
    assert ask(asked) == (200, "")


def test_only_pages_are_sent_on() -> None:
    assert ask("/a/b", accept="*/*") == (200, "")
    assert ask("/a/b", method="POST") == (200, "")


def test_the_folder_that_the_app_is_served_in_counts_as_its_root(monkeypatch: pytest.MonkeyPatch) -> None:
    get = config.get_option
    monkeypatch.setattr(config, "get_option", lambda name: "/class/thaw" if name == "server.baseUrlPath" else get(name))
    assert ask("/class/thaw/train_live") == (200, "")
    assert ask("/class/thaw/a/b") == (307, "../a")
