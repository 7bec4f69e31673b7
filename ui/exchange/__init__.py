"""Pictures in and out: what a learner brings, how it is looked at and mended, tuned on, kept and taken away."""

__all__ = ["bring", "camera", "handout", "keep", "look", "mend", "receive", "sample", "shelf", "tune", "upload"]
