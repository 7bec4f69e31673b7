"""Looking into a network: one picture followed through it, ten real steps, what it knew before, what it answers."""

__all__ = ["answers", "pretrained", "steps", "trace"]
