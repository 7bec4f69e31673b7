"""A copy of the program that a test may change, and questions asked of it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from ftcore.files import ROOT


def plant(place: Path) -> Path:
    """Copy what the program is made of; weights are links."""
    place.mkdir(parents=True, exist_ok=True)
    for name in ("ftcore", "course", "ui", "pages", ".streamlit"):
        shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "assets" / "content", place / "assets" / "content")
    shutil.copy(ROOT / "assets" / "rates.json", place / "assets")
    (place / "assets" / "weights").symlink_to(ROOT / "assets" / "weights", target_is_directory=True)
    for name in ("app.py", "pyproject.toml"):
        shutil.copy(ROOT / name, place)
    return place


def insert(file: Path, anchor: str, text: str, *, after: bool = False) -> None:
    """Put lines before, or after, the one line that begins with `anchor`."""
    lines = file.read_text("utf-8").split("\n")
    (at,) = (number for number, line in enumerate(lines) if line.startswith(anchor))
    lines.insert(at + after, text.rstrip("\n"))
    file.write_text("\n".join(lines), "utf-8")


def ask(place: Path, *words: str) -> str:
    """What Python says there."""
    done = subprocess.run([sys.executable, *words], cwd=place, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout
