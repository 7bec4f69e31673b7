"""From settings to trained weights: features of the frozen part kept, a loop that yields events, checkpoints."""

__all__ = [
    "augment",
    "checkpoint",
    "features",
    "head",
    "loop",
    "objective",
    "optimizer",
    "passes",
    "recipes",
    "snapshots",
    "start",
]
