"""One picture on its way through the network, chapter by chapter."""

__all__ = ["chapters", "classifier", "looking", "pick", "prediction", "scene"]
