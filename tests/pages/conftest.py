"""The fixtures of the app's tests."""

from tests.opened import home, open_page, scanned, warm_server

__all__ = ["home", "open_page", "scanned", "warm_server"]
