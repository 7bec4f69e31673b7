"""Review: cards that come back when they are about to be forgotten, a one-page cheat sheet, and the glossary."""

from __future__ import annotations

import streamlit as st

from course import cards, content, glossary, learners
from course.learners import Learner
from ftcore.settings import RunSettings
from ui.callbacks import pressed
from ui.course import knowledge
from ui.frame import nav, page
from ui.runs import counted
from ui.runs.live import View
from ui.words import about, percent, plain, several

TITLES = {"again": "Forgot it", "hard": "With effort", "good": "Knew it", "easy": "At once"}

nav.guard()


def main() -> None:
    """Title, then the three parts."""
    settings, view, owner = page.begin("review")
    st.title("Review")
    one, two, three = st.tabs(["Cards", "Cheat sheet", "Glossary"])
    with one:
        _cards(owner)
    with two:
        _sheet(settings, view)
    with three:
        _glossary()


def _cards(owner: str) -> None:
    """One card: think, turn it, say how well you knew it; it comes back the later, the better you did."""
    all_cards, wrong = cards.load()
    learner = learners.load(owner)
    waiting = cards.due(all_cards, learner.cards)
    values = {
        "met": len(learner.cards), "cards": several(len(all_cards), "card"), "waiting": len(waiting),
        "daily": cards.NEW_A_DAY,
    }  # fmt: skip
    st.caption(content.section("review", "cards", values))
    if waiting:
        _card(waiting[0], learner, owner)
    else:
        left = min(cards.seconds_until(schedule) for schedule in learner.cards.values())
        new = len(learner.cards) < len(all_cards)
        st.markdown(
            content.section("review", "later.new" if new else "later", {"time": about(left).removeprefix("about ")})
        )
    for said in wrong:
        st.caption(f"Left out: {plain(said, 300)}")


def _card(card: cards.Card, learner: Learner, owner: str) -> None:
    record = learner.cards.get(card.id)
    with st.container(border=True):
        st.subheader(card.front, anchor=False)
        turned = f"turned-{card.id}-{record.get('due', 'new') if record else 'new'}"
        if not st.session_state.get(turned):
            if pressed("Turn the card", type="primary", key=f"turn-{card.id}"):
                st.session_state[turned] = True
                st.rerun()
            return
        st.markdown(card.back)
        st.caption(content.section("review", "known", {"share": percent(cards.REMEMBERED)}))
        with st.container(horizontal=True, gap="small"):
            for name, title in TITLES.items():
                schedule = cards.rate(record, name)
                label = f"{title} · {span(cards.seconds_until(schedule))}"
                if pressed(label, key=f"rate-{card.id}-{name}"):
                    with learners.changing(owner) as changed:
                        changed.cards[card.id] = schedule
                    st.rerun()


def span(seconds: float) -> str:
    """How long until a card comes back: '10 min', '3 days'."""
    if seconds < 5400:
        return f"{max(1, round(seconds / 60))} min"
    if seconds < 86400:
        return several(round(seconds / 3600), "hour")
    return several(round(seconds / 86400), "day")


def _sheet(settings: RunSettings, view: View | None) -> None:
    """The lesson on one page, with the learner's own numbers."""
    data = counted.summary(settings, view)
    known = knowledge.gather(settings, len(data.classes), data.counts["train"], knowledge.told_by(view))
    whose = "the current" if known.own else "a recorded"
    values = {**known.values, "whose": whose}
    parts = [content.section("cheatsheet", name, values) for name in content.load("cheatsheet")]
    for part in parts:
        st.markdown(part)
    text = "# Fine-tuning on one page\n\n" + "\n\n".join(parts) + "\n"
    st.download_button("Download this page", text, "thaw-cheat-sheet.md", "text/markdown", key="sheet")


def _glossary() -> None:
    """All terms with their meaning, and a field to find one."""
    terms, _ = glossary.load()
    wanted = st.text_input("Find a term", key="find-term", max_chars=40, width=320).strip().casefold()
    shown = [term for term in terms if wanted in f"{term.term} {' '.join(term.also)} {term.means}".casefold()]
    if not shown:
        st.markdown(content.section("review", "glossary.none"))
    with st.container(key="terms"):
        for term in shown:
            st.markdown(f"**{term.term}**  \n{term.means}")


with page.errors():
    main()
