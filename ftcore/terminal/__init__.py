"""What `python -m ftcore` is made of: options in, a warning where one is due, a run told as it happens, whatever the other end can take."""

__all__ = ["checked", "console", "options", "risk", "story"]
