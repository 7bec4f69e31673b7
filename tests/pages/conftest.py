"""The fixtures of the app's tests."""

from tests.opened import home, open_page, scanned, warm_server
from tests.traced import made, run

__all__ = ["home", "made", "open_page", "run", "scanned", "warm_server"]
