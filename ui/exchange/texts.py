"""What the components for files and photos say. They fill in their numbers while they send."""

from __future__ import annotations

from course import content


def blanks() -> dict[str, str]:
    """Tokens whose values are known in the browser alone."""
    return {
        "files": "{files}", "size": "{size}", "most": "{most}", "name": "{name}", "done": "{done}", "sent": "{sent}",
        "rest": "{rest}",
    }  # fmt: skip


def told(part: str) -> dict[str, str]:
    """The texts of a component: of all sections that begin with its name, without that beginning."""
    found = {}
    for name in content.load("data"):
        if name.startswith(f"{part}."):
            found[name.removeprefix(f"{part}.")] = content.section("data", name, blanks())
    return found
