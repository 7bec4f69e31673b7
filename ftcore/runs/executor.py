"""What the queue needs of whatever works on runs: processes of this machine now, a cluster as well."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Executor(Protocol):
    """Where runs are worked on. It calls `ended(run_id, exit status)` when one is over, with the manager's lock held."""

    def submit(self, run_id: str, pause_s: float) -> None:
        """Work on this run; one that is paused may keep its place for so many seconds."""

    def tell(self, run_id: str, word: str) -> None:
        """Say "pause", "go", "stop" or "hold" (slowly, and pause after the phase) to a run that is worked on; nothing happens if it is not."""

    def alive(self) -> Mapping[str, int]:
        """The runs that are worked on, in the order in which they began, each with the id of its process or job."""

    def leave(self, run_id: str, seconds: float) -> bool:
        """Wait until a run is over and that has been told; not to be called with the lock held."""

    def reserve(self) -> None:
        """Be ready for the next run."""

    def close(self) -> None:
        """Let everything go, wait until it has gone."""
