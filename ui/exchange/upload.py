"""A place on the page to drop files and folders on. They go to the disk piece by piece; this tells when they are there.

Knows nothing about what is in them.
"""

from __future__ import annotations

from collections.abc import Callable

from streamlit import config

from ui.callbacks import guarded
from ui.exchange import receive, texts
from ui.widgets import component

_drop = component.declare("drop", '<div class="drop" role="group"></div>', before="send")


def draw(
    key: str,
    ticket: str,
    label: str,
    help_text: str,
    on_done: Callable[[], None],
    *,
    many: bool = True,
    accept: str = "",
) -> None:
    """Draw it for the folder of a ticket. `on_done` is called once for each batch of which files have arrived;
    where the server was restarted, the last batch may be told again.

    Which ones is seen in the folder: what a browser says of them is not to be believed. `accept` is what may be chosen,
    as HTML's `accept` says it ("image/*,.zip"); empty for all. Without `many` it takes one file and no folder.
    """
    room = receive.room(ticket)
    data = {
        **link(key, ticket), "label": label, "help": help_text, "many": many, "accept": accept,
        "most_bytes": room.bytes, "most_files": room.files, "words": texts.told("drop"),
    }  # fmt: skip
    _drop(key=key, data=data, on_done_change=guarded(on_done), on_renew_change=guarded(lambda: None))


def link(key: str, ticket: str) -> dict[str, str]:
    """What a component needs to send to the folder of a ticket."""
    base = str(config.get_option("server.baseUrlPath")).strip("/")
    return {"key": key, "folder": receive.name(ticket), "ticket": ticket, "base": base, "path": receive.PATH}
