"""What stands around every page: navigation, sidebar, guided lesson, explained terms."""

__all__ = ["guide", "guidebox", "nav", "page", "sidebar", "terms", "wake"]
