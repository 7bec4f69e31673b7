"""What `python -m ftcore` is made of: options in, a run told as it happens, whatever the other end can take."""

__all__ = ["console", "options", "story"]
