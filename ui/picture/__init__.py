"""One picture on its way through the network, chapter by chapter."""

__all__ = ["chapters", "classifier", "pick", "prediction", "scene"]
