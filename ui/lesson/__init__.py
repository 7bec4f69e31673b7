"""The six stages, what the network knows before, and freeze patterns."""

__all__ = ["patterns", "pretrained", "stages"]
