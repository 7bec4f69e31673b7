"""What pages ask of the engine, kept in memory between reruns."""

__all__ = ["networks", "own", "setup"]
