"""How a measurement ends: with its exit status, or with one sentence when it is stopped by Ctrl+C."""

from __future__ import annotations

import sys
from collections.abc import Callable


def run(main: Callable[[], int | None]) -> None:
    """Call it and leave with its exit status; 130 for Ctrl+C, as shells have it."""
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("Stopped before the end.", file=sys.stderr)
        sys.exit(130)
