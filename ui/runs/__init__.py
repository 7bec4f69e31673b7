"""One run as a page shows it: set up, started, watched, observed, compared, found again."""

__all__ = ["compare", "counted", "form", "guess", "history", "live", "log", "observe"]
