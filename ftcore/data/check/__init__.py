"""What is wrong with a learner's own pictures, and what mends it, without a file being changed.

`looks` reads each picture once, `findings` says what is wrong, `mended` leaves out, merges and draws the splits anew.
"""

__all__ = ["findings", "looks", "mended"]
