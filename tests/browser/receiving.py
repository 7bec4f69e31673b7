"""A server with nothing but the drop zone and the camera, for the tests of both."""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st

from ui.exchange import camera, receive, upload

HOME = Path(os.environ["THAW_HOME"])
MOST_BYTES, MOST_FILES = 64 * 2**20, 500


def counted(name: str) -> None:
    """One more call, to be seen on the page."""
    st.session_state[name] = st.session_state.get(name, 0) + 1


def files() -> None:
    """The drop zone, and what has come through it."""
    st.title("Files")
    folder = HOME / "files"
    ticket = receive.open_place(folder, MOST_BYTES, MOST_FILES)
    upload.draw("drop", ticket, "Pictures", "JPEG or PNG.", lambda: counted("done"), accept="image/*,.bin")
    there = len(list(folder.glob("*.json")))
    st.markdown(f"Told {st.session_state.get('done', 0)} times, {there} files")
    st.button("Draw anew")
    alone = receive.open_place(HOME / "one", 100, 1)
    upload.draw("alone", alone, "One file", "Any kind.", lambda: counted("done"), many=False)


def photos() -> None:
    """The camera, and what has come from it."""
    st.title("Photos")
    folder = HOME / "photos"
    camera.draw("camera", receive.open_place(folder, MOST_BYTES, 50), lambda: counted("taken"), "Photos of ants")
    there = len(list(folder.glob("*.json")))
    st.markdown(f"Heard {'of' if st.session_state.get('taken') else 'nothing of'} {there} photos")


def other() -> None:
    """A page without anything."""
    st.title("Other")


if __name__ == "__main__":
    st.set_page_config(page_title="Receiving", layout="wide")
    st.navigation([st.Page(files, default=True), st.Page(photos), st.Page(other)]).run()
else:
    app = st.App(__file__, routes=receive.routes())
