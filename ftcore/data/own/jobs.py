"""Bringing pictures in beside the pages: one set after another, watched, called off, begun again after a restart.

What is to be taken in lies in the set's folder `incoming`; `order.json` in it says that all has been sent. As long as
that file is there the work is not done, whatever becomes of the process.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from ftcore import files, store
from ftcore.data.own import bringing, budget, keeping
from ftcore.data.own.bringing import Cancelled, Source
from ftcore.data.own.keeping import OwnSet
from ftcore.data.pictures import kind_of
from ftcore.errors import FtError

LOG = logging.getLogger(__name__)
_SAID = 20  # sentences kept of what was guessed and passed over
_turn = threading.Semaphore(1)  # one at a time: each takes all cores and its share of memory
_lock = threading.Lock()
_going: dict[str, Going] = {}


@dataclass
class Going:
    """How far a bringing is: `what` is being done, `done` of `total`; `since` in seconds since 1970, 0 while it waits."""

    what: str = "Waiting for its turn"
    done: int = 0
    total: int = 0
    since: float = 0.0
    stop: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)


def incoming(one: OwnSet) -> Path:
    """The folder for what is sent to a set."""
    folder = one.folder / "incoming"
    with keeping.writing():
        folder.mkdir(exist_ok=True)
    return folder


def arrived(one: OwnSet) -> list[tuple[str, Path]]:
    """The files that have been sent whole: name and place, in the order of sending."""
    return [
        (str(json.loads(path.read_text("utf-8"))["name"]), path.with_suffix(".data"))
        for path in sorted(incoming(one).glob("*.json"), key=lambda path: (len(path.name), path.name))
        if path.name != "order.json" and path.with_suffix(".data").is_file()
    ]


def begin(one: OwnSet, label: str = "", folder: str = "") -> None:
    """Take in what has been sent, as pictures of one class if `label` names it; or read a folder of this machine."""
    if not folder and not arrived(one):
        return
    with keeping.writing(), files.whole(incoming(one) / "order.json") as file:
        file.write(json.dumps({"label": label, "folder": folder}).encode())
    look(one)


def look(one: OwnSet) -> Going | None:
    """How far it is; None where nothing is to be taken in. What a restart has ended begins again."""
    with _lock:
        going = _going.get(one.id)
        if going is not None and not going.over.is_set():
            return going
        if not (one.folder / "incoming" / "order.json").is_file():
            return None
        _going[one.id] = going = Going()
        threading.Thread(target=_work, args=(one, going), daemon=True).start()
        return going


def cancel(one: OwnSet) -> None:
    """Call it off: nothing of it is left over. Returns when that is so."""
    with _lock:
        going = _going.get(one.id)
    if going is not None:
        going.stop.set()
        going.over.wait(60)
    store.remove(one.folder / "incoming")


def _work(one: OwnSet, going: Going) -> None:
    trouble = ""
    try:
        with _turn, FileLock(keeping.place() / f"{one.id}.bring.lock", timeout=0):
            going.since = time.time()
            _bring(one, going)
    except Timeout:  # another process is at it
        going.over.set()
        return
    except Cancelled:
        pass
    except FtError as error:
        trouble = str(error)
    except Exception as error:
        LOG.exception("Taking pictures in failed")
        trouble = f"The pictures could not be taken in ({type(error).__name__}): bring them again."
    with contextlib.suppress(FtError), keeping.changing(one.id, one.owner) as opened:
        opened.put(trouble=trouble)
    store.remove(one.folder / "incoming")
    going.over.set()


def _bring(one: OwnSet, going: Going) -> None:
    """Take in all that has come."""

    def told(what: str, done: int, total: int) -> None:
        going.what, going.done, going.total = what, done, total

    order = json.loads((incoming(one) / "order.json").read_text("utf-8"))
    for source in _sources(one, str(order["label"]), str(order["folder"])):
        room = budget.room(one.owner, one.id)
        now = dataclasses.replace(one, source=source.place)
        bringing.bring(now, source, room, told, going.stop.is_set)
        with keeping.changing(one.id, one.owner) as opened:
            said = tuple(dict.fromkeys((*opened.now.said, *source.said)))[-_SAID:]
            opened.put(said=said, source=source.place)


def _sources(one: OwnSet, label: str, folder: str) -> Iterator[Source]:
    if folder:
        with bringing.packed(Path(folder)) as source:
            yield dataclasses.replace(source, place=folder)
        return
    found = arrived(one)
    if label:
        yield bringing.of_class(label, found)
        return
    zips = [path for _, path in found if _is_zip(path)]
    for path in zips:
        with bringing.packed(path) as source:
            yield source
    if others := [(name, path) for name, path in found if path not in zips]:
        yield bringing.sent(others)


def _is_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return kind_of(file.read(4096)) == "ZIP"
