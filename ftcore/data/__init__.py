"""Pictures in, three splits out: built-in sets and the learner's own, hostile ones included.

`decoding` reads pixels within bounds, `layouts` finds classes and splits in folders, `check` says what is wrong with
pictures, `own` keeps those of learners, `sketchbook` draws.
"""

__all__ = [
    "builtin", "catalogue", "downloads", "folders", "identity", "kinds", "listings", "own", "pictures", "prepared", "reading",
    "sets", "sketchbook", "splits", "zips",
]  # fmt: skip
