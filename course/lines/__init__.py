"""Lines that a learner writes: read, run in a process of its own behind walls, and compared with the engine's result."""

__all__ = ["engine", "found", "given", "judge", "reading", "runner", "walls"]
