"""Numbers of any width out of the headers of pictures, and a count that ends every walk through them.

Knows nothing about any format.
"""

from __future__ import annotations

_MOST_PARTS = 10_000  # of one file; an honest one has some tens, one of many tiles some thousands


class Parts:
    """Counts what is looked at, so that no file takes long."""

    def __init__(self, most: int = _MOST_PARTS) -> None:
        self._left = most

    def one_more(self) -> None:
        """Raises `ValueError` once there are too many."""
        self._left -= 1
        if self._left < 0:
            raise ValueError("too many parts")


class Reader:
    """Big-endian numbers, one after another, of any number of bits."""

    def __init__(self, data: memoryview) -> None:
        self._data, self._at = data, 0

    def bits(self, count: int) -> int:
        """The next `count` bits. Raises `ValueError` at the end of the data."""
        first, self._at = self._at, self._at + count
        if self._at > 8 * len(self._data):
            raise ValueError("the file is cut short")
        return int.from_bytes(self._data[first // 8 : -(-self._at // 8)], "big") >> -self._at % 8 & (1 << count) - 1

    def bytes(self, count: int) -> int:
        """The next `count` bytes."""
        return self.bits(8 * count)

    def counted(self) -> int:
        """A number that says its own length, as in H.265 (9.2). Raises `ValueError` for one beyond 32 bits."""
        zeros = 0
        while not self.bits(1):
            zeros += 1
            if zeros > 32:
                raise ValueError("a number without end")
        return (1 << zeros) - 1 + self.bits(zeros)
