"""Names from outside, made fit to be shown, stored and compared.

Knows nothing about files or pages.
"""

from __future__ import annotations

import re
import unicodedata

# What can be neither seen nor said, turns the text around it or hides in it: controls, direction marks, zero-width
# and invisible signs, tags. The zero-width joiner and the variation selectors are in use inside emoji and scripts.
_HIDDEN = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
_FILLERS = "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\u2800"
_JOINERS = "\u200c\u200d"
_JOINED = re.compile(f"(?<=[^\\x00-\\u024f{_JOINERS}])[{_JOINERS}](?=[^\\x00-\\u024f{_JOINERS}])")


def shown(name: str, longest: int = 80) -> str:
    """`name` fit for a sentence: without control or direction marks, cut in the middle when long."""
    name = tidy(name)
    return name if len(name) <= longest else f"{name[: longest // 2]}...{name[-longest // 2 + 3 :]}"


def tidy(name: str) -> str:
    """`name` in composed Unicode, with what cannot be shown or stored as text, or steers it, replaced by '?'.

    Joiners stay where two letters or signs beyond Latin meet, as in emoji families and Persian words.
    """
    name = unicodedata.normalize("NFC", name)
    if name.isascii() and name.isprintable():
        return name
    joined = {match.start() for match in _JOINED.finditer(name)}
    return "".join("?" if i not in joined and is_hidden(c) else c for i, c in enumerate(name))


def is_hidden(sign: str) -> bool:
    """Whether one character shows nothing of its own but steers or hides text."""
    return unicodedata.category(sign) in _HIDDEN or sign in _FILLERS
