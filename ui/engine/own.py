"""Runs on somebody's own pictures: what the pages know without saying where these lie, or showing them to another.

Classes and counts come from the run, so they are known even when the pictures are gone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from course import content
from ftcore.data.own import plans
from ftcore.errors import FtError
from ftcore.names import shown
from ftcore.settings import RunSettings
from ui import address


def name(settings: RunSettings) -> str:
    """What the pictures are called: a folder or zip without the way to it, a set of this learner; not fit for Markdown."""
    if plans.is_own(settings.data):
        found = plans.set_of(settings.data)
        return (
            found.name if found is not None and address.is_mine(settings.data) else content.section("own", "nameless")
        )
    return shown(re.split(r"[\\/]", settings.data.rstrip("\\/"))[-1], 40)


@contextmanager
def pictures(settings: RunSettings) -> Iterator[None]:
    """While pictures of a set are read: those of somebody else are refused, and what is wrong with own ones is said
    without telling where they lie.
    """
    if plans.is_own(settings.data) and address.own_pictures(settings):
        raise FtError(content.section("own", "not.mine"))
    try:
        yield
    except FtError as error:
        if not address.own_pictures(settings):
            raise
        raise FtError(content.section("own", "gone", {"name": name(settings)})) from error
