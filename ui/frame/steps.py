"""The steps of the guided lesson: what each asks for, where, and how it is seen done.

Steps have names, which stand in addresses and in learners' records: a new one changes no place that is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from course import learners, quiz, rounds
from ftcore.settings import HEAD
from ui.frame.guidebox import Control
from ui.lesson import stages
from ui.runs import guess
from ui.runs.live import View


@dataclass(frozen=True)
class Place:
    """Where the learner is: the page's address, the address' parameters, the run shown, and who it is."""

    page: str
    query: Mapping[str, str]
    view: View | None
    owner: str


@dataclass(frozen=True)
class Step:
    """One thing to do: its text in guide.md, the page on which, what that page is opened with, and when it is done.

    `names` are what the text may name on the page; `moment` names another text for a special moment. `show` selects
    from where to where the page is to be seen when the step begins, where that is not what the text names.
    """

    id: str
    page: str
    query: Mapping[str, str]
    done: Callable[[Place], bool]
    names: tuple[Control, ...]
    moment: Callable[[Place], str] = lambda at: ""
    show: tuple[str, ...] = ()


def _beyond(stage: str, page: str) -> Callable[[Place], bool]:
    """A later stage of the Pipeline is chosen, or the learner has gone to the page to which the stages lead."""
    later = stages.IDS[stages.IDS.index(stage) + 1 :]
    return lambda at: at.page == page or (at.page == "pipeline" and at.query.get("stage") in later)


def _thawed(at: Place) -> bool:
    chosen = set(at.query.get("lab", "").replace(" ", "+").split("+")) - {"", "-", HEAD}
    return at.view is not None or (at.page == "freeze_lab" and bool(chosen))


def _guessed(at: Place) -> bool:
    return at.query.get("guess") in guess.choices() or (at.view is not None and at.view.thawed)


def _finished(at: Place) -> bool:
    return at.view is not None and at.view.status.state == "done"


def _traced(at: Place) -> bool:
    return at.page == "trace" and at.query.get("layer") == "prediction"


def _watched(at: Place) -> str:
    """'held' at the thaw where the run waits for the learner, 'halted' where else it stands still."""
    view = at.view
    if view is None or _finished(at) or (view.status.active and view.status.state != "paused"):
        return ""
    return "held" if view.status.state == "paused" and view.between and view.phase > 1 and not view.thawed else "halted"


def _answered(at: Place) -> bool:
    """The questions everyone must meet are answered, and none of them is being explained just now."""
    learner, questions = learners.load(at.owner), quiz.load().questions
    now = rounds.current(learner, [one.id for one in questions])
    reading = at.page == "quiz" and now is not None and now.now in now.given
    return not reading and all(one.id in learner.answers for one in questions if one.must)


def _other_round(at: Place) -> str:
    now = rounds.current(learners.load(at.owner), [one.id for one in quiz.load().questions])
    return "other" if now is not None and now.now is not None and now.mode != "short" else ""


def _stage(name: str) -> Control:
    at = stages.IDS.index(name)
    selector = f'[class*="st-key-stage-"] [role="radio"]:nth-child({at + 1})'
    return Control(f"{at + 1} {stages.TITLES[at]}", selector, press=True)


def _link(words: str, page: str) -> Control:
    return Control(words, f'[data-testid="stMain"] [data-testid="stPageLink"] a[href*="{page}"]', press=True)


_CURVES = (Control("Accuracy"), Control("Loss"))
_GUESS = Control("What will happen when we thaw?", '[class*="st-key-guess-"]')
_RESUME = Control("Resume", '[class*="st-key-Resume-"] button')
_NEXT = Control("Next", ".st-key-trace-next button", press=True)
_LAST = Control("5 Prediction", '[class*="st-key-trace-layer-"] [role="radio"]:nth-child(5)')
STEPS = (
    Step("load", "pipeline", {"stage": "load"}, _beyond("load", "freeze_lab"), (Control("What it sees in our pictures now"), _stage("head"))),
    Step("head", "pipeline", {"stage": "head"}, _beyond("head", "freeze_lab"), (Control("Old head, new head"), _stage("freeze"))),
    Step("freeze", "pipeline", {"stage": "freeze"}, lambda at: at.page == "freeze_lab", (_link("Freeze and thaw blocks yourself in the Freeze lab", "freeze_lab"),)),
    Step("lab", "freeze_lab", {"lab": HEAD}, _thawed, (Control("the strip", ".st-key-lab-strip"),)),
    Step("train", "pipeline", {"stage": "train"}, _beyond("train", "train_live"), (_stage("thaw"),)),
    Step("thaw", "pipeline", {"stage": "thaw"}, _beyond("thaw", "train_live"), (_stage("tune"),)),
    Step("tune", "pipeline", {"stage": "tune"}, lambda at: at.page == "train_live", (_link("Follow the fine-tuning epoch by epoch on the page Train live", "train_live"),)),
    Step("guess", "train_live", {}, _guessed, (_GUESS,)),
    Step("start", "train_live", {}, lambda at: at.view is not None, (Control("Start", ".st-key-start button"),)),
    Step("watch", "train_live", {}, _finished, (*_CURVES, _RESUME), _watched, show=(".st-key-live-run", '[data-testid="stVegaLiteChart"], [class*="st-key-frame-"]')),
    Step("trace", "trace", {}, _traced, (_NEXT, _LAST)),
    Step("quiz", "quiz", {}, _answered, (Control("Short quiz", ".st-key-begin-short button"), Control("Leave this round", ".st-key-leave button")), _other_round),
)  # fmt: skip
END = len(STEPS)
IDS = (*(step.id for step in STEPS), "insight")
# What the places were called when they had numbers.
_NUMBERED = ("load", "head", "freeze", "lab", "guess", "start", "watch", "trace", "quiz", "insight")
_EARLIER = {str(number): name for number, name in enumerate(_NUMBERED)}


def at(text: str | None) -> int | None:
    """The step that a place in an address names, from 0 to `END` (the insight); None for any other text."""
    name = _EARLIER.get(text or "", text)
    return IDS.index(name) if name in IDS else None


def reached(start: int, place: Place) -> int:
    """The first step from `start` on that is not done yet."""
    while start < END and STEPS[start].done(place):
        start += 1
    return start
