"""The fixtures of the app's tests."""

from tests.opened import home, open_page, warm_server

__all__ = ["home", "open_page", "warm_server"]
