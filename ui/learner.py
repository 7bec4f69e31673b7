"""Who the learner is: a random token that the browser keeps, and its hash, under which the engine keeps runs."""

from __future__ import annotations

import hashlib
import re
import secrets

import streamlit as st

from ui.callbacks import guarded

_TOKEN = re.compile(r"[0-9a-f]{32}")


_who = st.components.v2.component(
    "thaw_who",
    js="""
export default function ({ setStateValue, data }) {
  let token = data.fresh;
  try {
    const kept = localStorage.getItem("thaw-learner");
    if (/^[0-9a-f]{32}$/.test(kept ?? "")) token = kept;
    else localStorage.setItem("thaw-learner", token);
  } catch (blocked) { /* private windows may refuse storage: the token then lasts as long as the page */ }
  setStateValue("token", token);
}
""",
)


def meet() -> str:
    """Who the learner is: a hash of a random token that the browser keeps.

    A page begins with it, and is not drawn before the browser has answered, once a session: it would say of the learner's
    own run that it is somebody else's, and what had been chosen by then would be lost as the page is drawn anew.
    """
    if "thaw_token" not in st.session_state:
        _who(key="thaw_who", data={"fresh": secrets.token_hex(16)}, on_token_change=guarded(_told))
        st.stop()
    return learner()


def learner() -> str:
    """Who the learner is, for what is drawn or clicked after `meet`; "" before it."""
    token = st.session_state.get("thaw_token")
    return owner_of(token) if token else ""


def owner_of(token: str) -> str:
    """The name under which the engine keeps a learner's runs; the token itself stays in the browser."""
    return hashlib.sha256(f"learner {token}".encode()).hexdigest()[:32]


def token_of(answer: object) -> str:
    """The token that a browser has answered with; a fresh one in place of what is none."""
    return answer if isinstance(answer, str) and _TOKEN.fullmatch(answer) else secrets.token_hex(16)


def _told() -> None:
    st.session_state["thaw_token"] = token_of(st.session_state["thaw_who"].get("token"))
