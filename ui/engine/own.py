"""Runs on pictures of the learner's own, made in the terminal: what the pages know without saying where these lie.

Classes and counts come from the run, so they are known even when the pictures are gone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from course import content
from ftcore.errors import FtError
from ftcore.names import shown
from ftcore.settings import RunSettings
from ui import address


def name(settings: RunSettings) -> str:
    """The folder or zip without the way to it, not fit for Markdown."""
    return shown(re.split(r"[\\/]", settings.data.rstrip("\\/"))[-1], 40)


@contextmanager
def pictures(settings: RunSettings) -> Iterator[None]:
    """While pictures of a set are read: what is wrong with own ones is said without telling where they lie."""
    try:
        yield
    except FtError as error:
        if not address.own_pictures(settings):
            raise
        raise FtError(content.section("own", "gone", {"name": name(settings)})) from error
