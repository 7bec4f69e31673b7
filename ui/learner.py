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
  let token = data.known;
  try {
    const kept = localStorage.getItem("thaw-learner");
    if (/^[0-9a-f]{32}$/.test(kept ?? "")) token = kept;
    else localStorage.setItem("thaw-learner", token);
  } catch (blocked) { /* private windows may refuse storage: the token then lasts as long as the page */ }
  if (token !== data.told) setStateValue("token", token);
}
""",
)


def meet_learner() -> str:
    """Who the learner is: a hash of a random token that the browser keeps. Mounted once on every page.

    Until the browser has answered (or where no browser answers) a token of this session stands in. The answer comes
    when the page can be used already, so it draws the page anew only if it names somebody else, and as a fragment it
    waits for what was clicked meanwhile: a run of the whole page in its place would drop a choice just made.
    """
    st.session_state.setdefault("thaw_token", secrets.token_hex(16))
    with st.container():  # of its own, as around every fragment: see `live.watch`
        st.fragment(_ask)()
    return owner_of(st.session_state["thaw_token"])


def _ask() -> None:
    known = st.session_state["thaw_token"]
    answer = _who(
        key="thaw_who",
        data={"known": known, "told": st.session_state.get("thaw_told", "")},
        on_token_change=guarded(_told),
    )
    token = answer.get("token")
    if isinstance(token, str) and _TOKEN.fullmatch(token) and token != known:
        st.session_state["thaw_token"] = token
        st.rerun()


def learner() -> str:
    """Who the learner is, for what is drawn or clicked after `meet_learner`; "" before it."""
    token = st.session_state.get("thaw_token")
    return owner_of(token) if token else ""


def owner_of(token: str) -> str:
    """The name under which the engine keeps a learner's runs; the token itself stays in the browser."""
    return hashlib.sha256(f"learner {token}".encode()).hexdigest()[:32]


def _told() -> None:
    token = st.session_state["thaw_who"].get("token")
    st.session_state["thaw_told"] = token if isinstance(token, str) else ""
