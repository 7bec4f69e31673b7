"""Sets of a learner's own pictures, kept on disk: brought in, mended step by step, never changed, deleted for good.

`keeping` is a set's folder, `bringing` takes pictures in, `steps` says how the set stands after its steps, `plans` opens
it for training, `packing` makes a zip of it, `budget` says how much there may be, `jobs` does what takes long.
"""

__all__ = ["bringing", "budget", "example", "jobs", "keeping", "packing", "plans", "steps"]
