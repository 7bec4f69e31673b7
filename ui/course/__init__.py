"""Questions, what they may be filled with, checks on a page, exercises and experiments."""

__all__ = ["check", "exercise", "experiment", "knowledge", "question"]
