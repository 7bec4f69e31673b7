"""Runs on disk and in processes: recorded, queued by turns, trained, steered by their owners, resumed."""

__all__ = ["limits", "locks", "longer", "manager", "records", "service", "shelf", "verdict", "worker"]
