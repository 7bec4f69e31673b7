"""Takes files from the browser in pieces and writes them to disk as they come, so that memory stays flat.

A folder is opened as a place and has a ticket, the only key to it. Whoever looks into the folder sees whole files only:
`<number>.json` is written last, beside `<number>.data`. Knows nothing about what is in the files.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ftcore.files import size
from ui.exchange.place import Head, Place, Refused

PATH = "app-upload"
PIECE = 4 * 2**20  # bytes that one request may carry
NAME = 1000  # characters of a file's name
_KEY, _HIGHEST = "x-thaw-", 2**53  # as far as the browser counts exactly
_lock = threading.Lock()
_places: dict[str, Place] = {}  # ticket -> place


class Room(NamedTuple):
    """What still goes into a place."""

    bytes: int
    files: int


def open_place(folder: Path, most_bytes: int, most_files: int) -> str:
    """The ticket for a folder that may hold so much; the same one as long as the server lives.

    Raises `FtError` where the folder cannot be made. What an earlier server left unfinished in it is removed.
    """
    folder = folder.absolute()
    with _lock:
        ticket = next((one for one, place in _places.items() if place.folder == folder), "")
        if ticket:
            _places[ticket].limit(most_bytes, most_files)
        else:
            place = Place(folder, most_bytes, most_files)
            ticket = secrets.token_hex(16)
            _places[ticket] = place
    return ticket


def close_place(folder: Path) -> None:
    """Take no more for this folder, and remove what is unfinished in it."""
    folder = folder.absolute()
    with _lock:
        closed = [_places.pop(one) for one, place in list(_places.items()) if place.folder == folder]
    for place in closed:
        place.cancel()


def room(ticket: str) -> Room:
    """How many bytes and files still go into the ticket's folder."""
    return Room(*_place(ticket).room())


def name(ticket: str) -> str:
    """What the ticket's folder is called in the browser: the same after a restart of the server, and no key to it."""
    return hashlib.sha256(str(_place(ticket).folder).encode()).hexdigest()[:16]


def _place(ticket: str) -> Place:
    with _lock:
        place = _places.get(ticket)
    if place is None:
        raise Refused(404, "This page is older than the server's last start: reload it, then choose the files again.")
    return place


def routes() -> list[Route]:
    """For `st.App`. They also answer below any folder that the app is served in, whether or not a proxy takes it off."""
    methods = ["PUT", "POST", "DELETE"]
    return [Route(f"{base}/{PATH}", _answer, methods=methods) for base in ("", "/{base:path}")]


async def _answer(request: Request) -> Response:
    """PUT asks for numbers for so many files and bytes, POST brings a piece, DELETE gives up what is unfinished.

    What goes with it stands in headers of its own, which no foreign page may send; logs of servers show no headers.
    """
    try:
        ticket = request.headers.get(f"{_KEY}ticket", "")
        with _lock:
            known = ticket in _places
        body = await _body(request, known)
        place = _place(ticket)
        if request.method == "PUT":
            first = await run_in_threadpool(place.announce, _number(request, "files"), _number(request, "bytes"))
            return JSONResponse({"first": first})
        if request.method == "DELETE":
            numbers = None
            if f"{_KEY}files" in request.headers:
                first = _number(request, "number")
                numbers = range(first, first + _number(request, "files"))
            await run_in_threadpool(place.cancel, numbers)
            return JSONResponse({})
        there = await run_in_threadpool(place.take, _head(request), body)
        return JSONResponse({"offset": there})
    except ClientDisconnect:
        return Response(status_code=400)  # nobody is left to read it
    except Refused as error:
        return JSONResponse({"error": str(error), **error.more}, error.status)


async def _body(request: Request, keep: bool) -> bytes:
    """What the request carries. It is read to its end even when it will be refused: else browsers miss the answer."""
    held, count = bytearray(), 0
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:20]) > PIECE:
        raise Refused(413, f"A piece of a file is larger than {size(PIECE)}: reload the page, then try again.")
    async for chunk in request.stream():
        count += len(chunk)
        if count > PIECE:
            raise Refused(413, f"A piece of a file is larger than {size(PIECE)}: reload the page, then try again.")
        if keep:
            held += chunk
    return bytes(held)


def _head(request: Request) -> Head:
    raw = request.headers.get(f"{_KEY}name", "")
    try:
        called = unquote(raw, errors="strict") if raw.isascii() else ""
    except UnicodeDecodeError:
        called = ""
    if not 0 < len(called) <= NAME:
        raise Refused(400, f"The name of a file has no or more than {NAME:,} characters: rename it, then try again.")
    return Head(_number(request, "number"), called, _number(request, "size"), _number(request, "offset"))


def _number(request: Request, what: str) -> int:
    raw = request.headers.get(_KEY + what, "")
    if not (raw.isascii() and raw.isdecimal() and len(raw) <= 16 and int(raw) < _HIGHEST):
        raise Refused(400, f"The browser did not say the {what} of what it sends: reload the page, then try again.")
    return int(raw)
