"""An address that is deeper than any page: Streamlit answers `/a/b` with a shell that then looks for its files in `/a`
and stays white. The browser is sent on to `/a`, which opens or says that there is no such page.
"""

from __future__ import annotations

from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import config

_FILES = ("_stcore", "app", "app-download", "component", "media", "static")  # what is served below these are no pages


class Nested:
    """Stands around the server's own answers (ASGI middleware)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a browser that wants a page on; all else is answered as before."""
        there = _there(scope) if scope["type"] == "http" else ""
        answer = RedirectResponse(there) if there else self._app
        await answer(scope, receive, send)


def _there(scope: Scope) -> str:
    """Where to go, seen from the address asked for, so that it holds behind a proxy too; empty where all is well."""
    if scope["method"] not in ("GET", "HEAD") or "text/html" not in Headers(scope=scope).get("accept", ""):
        return ""
    base = f"/{config.get_option('server.baseUrlPath').strip('/')}/".replace("//", "/")
    parts = scope["path"].removeprefix(base).lstrip("/").split("/")
    name, deeper = parts[0], len(parts) - 1
    if not any(parts[1:]) or name in ("", ".", "..", *_FILES):
        return ""
    query = scope["query_string"].decode("latin-1")
    return "../" * deeper + quote(name, safe="") + (f"?{query}" if query else "")
