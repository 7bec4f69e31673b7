"""Questions, what they may be filled with, checks on a page, and experiments."""

__all__ = ["check", "experiment", "knowledge", "question"]
