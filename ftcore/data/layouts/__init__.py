"""Which folders and names are splits, which are classes, and what a table of labels says."""

__all__ = ["arrange", "splitfolders", "splitnames", "tables"]
