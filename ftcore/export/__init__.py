"""Settings as PyTorch code that can be run without Thaw."""

__all__ = ["glance", "learning", "lines"]
