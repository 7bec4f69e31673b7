"""What a run would have to fetch from the net before it can begin, and whether that can be had right now.

What is here is looked up on disk. Only `check` asks the net, never for longer than `PATIENCE` seconds.
"""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from threading import Thread
from urllib.parse import urlsplit

from ftcore.data import catalogue, downloads
from ftcore.errors import FtError, why
from ftcore.network import backbones
from ftcore.settings import RunSettings

PATIENCE = 4.0
_NOBODY = (407, 502, 503, 504)  # what a proxy answers when it does not get through


@dataclass(frozen=True)
class Need:
    """Something to be downloaded once: `setting` names it, and takes `instead` for what is built in.

    `what` and `built_in` say both to a person; `source` is an address of where it lies.
    """

    setting: str
    what: str
    source: str
    instead: str
    built_in: str


class OutOfReach(FtError):
    """A run cannot begin: what it needs is not on this machine and cannot be fetched now."""

    def __init__(self, needs: Sequence[Need], trouble: str) -> None:
        self.needs = tuple(needs)
        super().__init__(
            f"The run needs {_listed(n.what for n in needs)}, which this machine has not got and cannot fetch now "
            f"({trouble}): connect it to the internet and start again, or take what is built in, "
            f"{_listed(n.built_in for n in needs)}."
        )


def of(settings: RunSettings) -> tuple[Need, ...]:
    """What these settings name that is not on this machine; touches no network."""
    needs = []
    if settings.weights == "pretrained":
        entry, state = backbones.entry(settings.backbone), backbones.weights_state(settings.backbone)
        if state.place == "missing" and state.url:
            what = f"the weights of {entry.title} ({state.megabytes:.0f} MB)"
            instead = next(other for other in backbones.CATALOGUE.values() if other.shipped)
            needs.append(Need("backbone", what, state.url, instead.name, instead.title))
    if settings.data in downloads.DOWNLOADS and downloads.needs_fetching(settings.data):
        download = downloads.DOWNLOADS[settings.data]
        what = f"the pictures of {download.title} ({download.megabytes} MB)"
        here = next(other for other in catalogue.CATALOGUE.values() if other.kind != "download")
        needs.append(Need("data", what, download.source, here.name, here.title))
    return tuple(needs)


def check(settings: RunSettings) -> None:
    """Raise `OutOfReach` where something has to be fetched and whoever has it does not answer."""
    needs = of(settings)
    troubles = _troubles({need.source for need in needs})
    missing = [need for need in needs if troubles[need.source]]
    if missing:
        hosts: dict[str, dict[str, None]] = {}
        for need in missing:
            hosts.setdefault(troubles[need.source], {})[str(urlsplit(need.source).hostname)] = None
        raise OutOfReach(missing, "; ".join(f"{_listed(names)}: {said}" for said, names in hosts.items()))


def require(settings: RunSettings) -> None:
    """Raise `FtError` where something has to be fetched, which a run does and no page."""
    if needs := of(settings):
        raise FtError(
            f"This needs {_listed(n.what for n in needs)}, not on this machine yet: start a run, which downloads "
            f"that once, or take what is built in, {_listed(n.built_in for n in needs)}."
        )


def _listed(words: Iterable[str]) -> str:
    return " and ".join(words)


def _troubles(sources: Iterable[str]) -> dict[str, str]:
    """What is wrong with each source, nothing where it answers. Looking a name up has no time limit of its own."""
    found = dict.fromkeys(sources, "no answer")

    def ask(source: str) -> None:
        found[source] = _trouble(source)

    threads = [Thread(target=ask, args=(source,), daemon=True) for source in found]
    for thread in threads:
        thread.start()
    end = time.monotonic() + PATIENCE
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    return dict(found)


def _trouble(source: str) -> str:
    asked = urllib.request.Request(source, method="HEAD")  # noqa: S310 - an address of torchvision's
    try:
        urllib.request.urlopen(asked, timeout=PATIENCE).close()  # noqa: S310
    except urllib.error.HTTPError as error:
        return why(error) if error.code in _NOBODY else ""  # any other answer is one
    except (OSError, http.client.HTTPException) as error:
        return why(error)
    return ""
