"""Small measurements that settle a belief: seconds each, on a network of their own; plain numbers come back."""

__all__ = ["answers", "freezing", "ground", "pictures"]
