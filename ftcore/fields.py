"""Fields that say what a page, a terminal, an address and a check need to know about them.

A record made of such fields can be read from JSON or from an address, and is checked as it is made. This module knows
nothing about which records there are.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import Field, field
from typing import Any, TypeVar
from urllib.parse import quote, unquote

from ftcore.errors import FtError
from ftcore.names import shown

_R = TypeVar("_R")


def setting(
    default: Any, label: str, help: str, choices: tuple[str, ...] = (), low: float = 0, high: float = 0, *,
    group: str = "more", widget: str = "", option: str | None = None, empty: str = "",
) -> Any:  # fmt: skip
    """A dataclass field with all that is to be known of it.

    `group` is where the form has it: "first" in sight, "more" unfolded, "" in a place of its own. `widget` names one
    that is made for it; without, its type decides. `option` is what the terminal says of it, by default `help`; "" for
    no option of its own. `empty` is what 0 or no text means where it does not mean none of it: the form leaves the
    field empty then, and says this in it.
    """
    known = {"label": label, "help": help, "choices": choices, "low": low, "high": high, "empty": empty}
    return field(
        default=default,
        metadata={**known, "group": group, "widget": widget, "option": help if option is None else option},
    )


def plain(kind: Any) -> Iterator[Field[Any]]:
    """The fields of a record that were made by `setting`; others hold records of their own."""
    return (f for f in dataclasses.fields(kind) if "label" in f.metadata)


def to_query(record: Any, default: Any) -> dict[str, str]:
    """The plain fields that differ from the default's, as text for an address."""
    items = {}
    for f in plain(record):
        value = getattr(record, f.name)
        if value != getattr(default, f.name):
            items[f.name] = "+".join(map(_quoted, value)) if isinstance(value, tuple) else _quoted(str(value))
    return items


def _quoted(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"))  # a path may hold bytes that are no text


def _unquoted(text: str) -> str:
    return unquote(text, errors="surrogatepass")


def parse(f: Field[Any], text: str) -> Any:
    """The value that `to_query` wrote as this text. Raises `FtError`."""
    kind = type(f.default)
    try:
        if kind is tuple:
            return tuple(_unquoted(part) for part in text.replace(" ", "+").split("+"))
        if kind is bool:
            return {"True": True, "False": False, "true": True, "false": False, "1": True, "0": False}[text]
        from_words: Callable[[str], Any] = kind
        return from_words(_unquoted(text))
    except (ValueError, KeyError) as error:
        wanted = f"write {limits(f)}." if limits(f) else f.metadata["help"]
        raise FtError(f"'{shown(text)}' is no value for {f.metadata['label']}: {wanted}") from error


def from_text(text: str) -> dict[str, Any]:
    """The JSON object in a text. Raises `FtError`."""
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FtError(f"The settings are not valid JSON ({error}): mend them or start from a fresh file.") from error
    if not isinstance(raw, dict):
        raise FtError("The settings must be one JSON object: start from the settings.json of a run.")
    return raw


def known(kind: type[Any], raw: Any) -> Any:
    """What of this object the record knows; anything else as it is."""
    names = {f.name for f in dataclasses.fields(kind)}
    return {name: value for name, value in raw.items() if name in names} if isinstance(raw, dict) else raw


def build(kind: type[_R], raw: Any) -> _R:
    """The record from an object. Missing keys take their default; unknown keys raise `FtError`."""
    if not isinstance(raw, dict):
        raise FtError("Each phase must be one JSON object: start from the settings.json of a run.")
    names = {f.name for f in dataclasses.fields(kind)}  # type: ignore[arg-type]
    for name in raw:
        if name not in names:
            raise FtError(f"There is no setting '{shown(name)}': choose among {', '.join(sorted(names))}.")
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in raw.items()})


def typed(f: Field[Any], text: str) -> float:
    """The number that a person has typed for a field. Raises `FtError` for anything else."""
    with contextlib.suppress(ValueError):
        if math.isfinite(value := float(text)):
            return value
    said = f"{f.metadata['label']} cannot be '{shown(text, 40)}'" if text.strip() else f"{f.metadata['label']} is empty"
    raise FtError(f"{said}: write {limits(f)}.")


def limits(f: Field[Any]) -> str:
    """Which numbers a field takes, in words; nothing where it is no number."""
    if not f.metadata["high"]:
        return ""
    kind = "a whole number" if isinstance(f.default, int) else "a number"
    return f"{kind} {_between(f)}"


def _between(f: Field[Any]) -> str:
    low, high = (
        f"{n:,}" if isinstance(n, int) and n > 9999 else digits(n) for n in map(f.metadata.get, ("low", "high"))
    )
    return f"between {low} and {high}"


def digits(value: object) -> str:
    """A number as a person would type it, 1e-07 -> '1e-7' and 64.0 -> '64'; anything else as text."""
    text = str(value)
    return re.sub(r"e-0(?=\d)", "e-", text.removesuffix(".0")) if isinstance(value, float) else text


def check(record: Any) -> None:
    """Type, choices and limits of every field; integers pass for floats."""
    for f in plain(record):
        value: Any = getattr(record, f.name)
        label, choices = f.metadata["label"], f.metadata["choices"]
        if isinstance(f.default, float) and type(value) is int and abs(value) < 2**53:
            object.__setattr__(record, f.name, value := float(value))
        strings = value if isinstance(value, tuple) else ()
        if type(value) is not type(f.default) or not all(isinstance(v, str) for v in strings):
            wanted = f": write {limits(f)}." if limits(f) else f". {f.metadata['help']}"
            raise FtError(f"{label} cannot be '{shown(digits(value))}'{wanted}")
        if choices and value not in choices:
            raise FtError(f"{label} cannot be '{shown(str(value))}': choose {' or '.join(choices)}.")
        low, high = f.metadata["low"], f.metadata["high"]
        if high and not low <= value <= high:
            raise FtError(f"{label} must lie {_between(f)}, and {digits(value)[:20]} does not: change it.")
