"""A set on its way to its learner, as a zip that is packed while it goes: nothing of it is held in memory or on disk.

The ticket in the address is the only key to it, and lasts as long as the server.
"""

from __future__ import annotations

import secrets
import threading
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from streamlit import config

from ftcore.errors import FtError

_PATH = "app-download"
_lock = threading.Lock()
_tickets: dict[str, tuple[str, str]] = {}  # ticket -> set and learner


def link(set_id: str, owner: str) -> str:
    """The address under which this learner gets the set."""
    with _lock:
        found = next((ticket for ticket, whose in _tickets.items() if whose == (set_id, owner)), None)
        ticket = found or secrets.token_hex(16)
        _tickets[ticket] = (set_id, owner)
    base = config.get_option("server.baseUrlPath").strip("/")
    return f"{f'/{base}' if base else ''}/{_PATH}/{ticket}"


def _give(request: Request) -> Response:
    # not before somebody asks: the server imports this module at its start
    from ftcore.data.own import keeping, packing

    with _lock:
        whose = _tickets.get(request.path_params["ticket"])
    try:
        if whose is None:
            raise FtError("This link has expired: open the page Your data again and take the one there.")
        one = keeping.find(*whose)
        pieces = packing.pack(one)
    except FtError as error:
        return PlainTextResponse(str(error), 404)
    name = quote(f"{packing.fit(one.name)}.zip", safe="")
    return StreamingResponse(
        pieces, media_type="application/zip", headers={"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    )


def routes() -> list[Route]:
    """For `st.App`. They also answer below any folder that the app is served in, whether or not a proxy takes it off."""
    return [Route(f"{base}/{_PATH}/{{ticket}}", _give, methods=["GET"]) for base in ("", "/{base:path}")]
