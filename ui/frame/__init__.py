"""What stands around every page: navigation, sidebar, guided lesson, explained terms."""

__all__ = ["guide", "guidebox", "nav", "nested", "page", "sidebar", "terms", "wake"]
