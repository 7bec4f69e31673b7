"""Runs on disk and in processes: recorded, queued by turns, trained, steered by their owners, resumed."""

__all__ = [
    "execute", "limits", "locks", "longer", "manager", "needs", "records", "results", "series", "service", "shelf", "status", "verdict", "worker",
]  # fmt: skip
