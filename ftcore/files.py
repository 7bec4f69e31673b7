"""Files that are whole or absent: written under another name, flushed to disk, then renamed.

Knows nothing about what is in them. A disk that is full shows as an `OSError` with one of the numbers in `FULL`.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

FULL = (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))


@contextlib.contextmanager
def whole(path: Path, *, flush: bool = True) -> Iterator[IO[bytes]]:
    """A new file to write bytes into, which takes the place of `path` at the end of the `with`.

    Whatever goes wrong, `path` stays as it was and nothing is left beside it. One writer at a time per process.
    Without `flush` a power cut may leave it damaged, which suits what is soon replaced.
    """
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        file = part.open("wb")
        try:
            yield file
            if flush:
                file.flush()
                os.fsync(file.fileno())
        finally:
            file.close()
        os.replace(part, path)
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
