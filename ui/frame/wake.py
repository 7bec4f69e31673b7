"""What the server does when it starts: it takes up the queue that an earlier one left, before anybody opens a page.

Knows nothing about pages.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from ftcore.errors import FtError

LOG = logging.getLogger(__name__)


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Wake the manager beside the server, which answers meanwhile: importing torch takes seconds."""
    PagesManager.uses_pages_directory = False  # else the first visitor of all gets the pages that Streamlit finds
    threading.Thread(target=_wake, daemon=True).start()
    yield


def _wake() -> None:
    from ftcore.runs import service

    try:
        service.manager()
    except FtError as error:
        LOG.warning("The queue stands still: %s", error)
