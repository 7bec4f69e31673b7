"""One run as a page shows it: set up, started, watched, observed, compared, found again."""

__all__ = [
    "coach", "compare", "counted", "current", "epochs", "form", "gained", "guess", "history", "live", "log", "observe", "printed", "risk", "ticks",
]  # fmt: skip
