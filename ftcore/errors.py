"""`FtError`: something the learner can mend, said in one sentence."""

from __future__ import annotations

from ftcore.names import shown

LONGEST = 1000


def why(error: object) -> str:
    """What the system says has gone wrong, in its own words: without its number and without the path of a file."""
    error = getattr(error, "reason", None) or error
    text = " ".join(str(getattr(error, "strerror", None) or error).split()) or type(error).__name__
    return text if len(text) <= 120 else f"...{text[-117:]}"


class FtError(Exception):
    """Something the learner can mend. Its message is one sentence that says what to do next.

    Whatever was put into it from outside, the message steers no terminal and is at most `LONGEST` characters.
    """

    def __init__(self, message: str) -> None:
        super().__init__(shown(message, LONGEST))


class Diverged(FtError):
    """The loss grew beyond all numbers."""
