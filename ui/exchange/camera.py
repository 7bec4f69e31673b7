"""A camera on the page that takes one picture after another. Each goes to the disk at once; this tells when they are there.

Knows nothing about what is in them.
"""

from __future__ import annotations

from collections.abc import Callable

from ui.callbacks import guarded
from ui.exchange import receive, texts
from ui.exchange.upload import link
from ui.widgets import component

_camera = component.declare("camera", '<div class="camera" role="group"></div>', before="send")


def draw(key: str, ticket: str, on_taken: Callable[[], None], label: str) -> None:
    """Draw it for the folder of a ticket. `on_taken` is called after one or more pictures have arrived.

    They are JPEGs in that folder like uploaded files. The camera is off until the learner opens it.
    """
    room = receive.room(ticket)
    data = {**link(key, ticket), "label": label, "most_files": room.files, "words": texts.told("camera")}
    _camera(key=key, data=data, on_taken_change=guarded(on_taken), on_renew_change=guarded(lambda: None))
