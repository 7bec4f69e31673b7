"""Looking into a network: one picture followed through it, ten real steps, what it knew
before, what a head alone makes of that, what it answers.
"""

__all__ = ["answers", "attention", "pretrained", "probe", "steps", "trace"]
