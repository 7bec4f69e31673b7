"""`FtError`: something the learner can mend, said in one sentence."""

from __future__ import annotations

from ftcore.names import shown

LONGEST = 1000


class FtError(Exception):
    """Something the learner can mend. Its message is one sentence that says what to do next.

    Whatever was put into it from outside, the message steers no terminal and is at most `LONGEST` characters.
    """

    def __init__(self, message: str) -> None:
        super().__init__(shown(message, LONGEST))
