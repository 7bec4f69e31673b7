"""Measurements of Thaw against other ways to do the same job."""
