"""What a page shows, read as a reader with a calculator reads it: every number with the digits that stand there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from google.protobuf.json_format import MessageToDict
from streamlit.testing.v1 import AppTest

from ftcore.numerals import MINUS

SHARE = r"((?:[<>])?[\d.,]+)\u00a0%"
POINTS = r"(under 0\.1|[\d.]+) points?"
# What no page may say: nothing where there is something, all where it is not, no number, two kinds of minus, bad plurals.
WRONG = re.compile(
    r"(?<![\d.,])0\.0+\s?%|(?<![\d.,])100\.0\s?%|(?<![\d.])0\.0 points|\bnan\b|\binf\b|\de\+\d|(?<![\d,.])\d{5,}[ \u00a0]%|"
    r"(?<![\w.,])\d{13,}|(?<![\w\u2011-])-\d|\b1 (?:blocks|images|epochs|questions|classes|parameters|others)\b"
)
# Before, after and how far they lie apart.
CHANGES = [
    re.compile(rf"reache[sd] \*\*{SHARE}\*\*[^*]*it is \*\*{SHARE}\*\*, \*\*{POINTS}\*\* (?:more|less)"),
    re.compile(rf"and {SHARE} right\. .*?with {SHARE} right.* where it was stopped: {POINTS} (?:more|less)", re.DOTALL),
    re.compile(rf"with {SHARE} right.*? and {SHARE} right\. Accuracy with .*?: {POINTS} (?:more|less)", re.DOTALL),
    re.compile(rf"{SHARE} against {SHARE}, {POINTS} more"),
]
FIELDS = ("body", "label", "alt", "text", "help", "options", "delta", "caption")
CODE = re.compile(r"```.*?```|`[^`]*`|\b[0-9a-f]{32}\b", re.DOTALL)  # and the id of a run, which may look like a number


def value(said: str) -> Decimal:
    """A number as it is written."""
    return Decimal(said.replace(MINUS, "-").replace(",", "").replace("\u00a0", "").rstrip("%").strip())


def shown(test: AppTest) -> Iterator[str]:
    """Everything that stands on a page for people to read: not what is code, and not what a field offers to type."""
    for node in test._tree:  # the harness has no public way to all elements
        kind, proto = node.type, getattr(node, "proto", None)
        if (
            proto is None
            or kind in ("code", "selectbox", "number_input", "exception")
            or not hasattr(proto, "DESCRIPTOR")
        ):
            continue
        fields = MessageToDict(proto)
        parts = [fields.get(name, "") for name in FIELDS]
        yield from (CODE.sub("", said) for said in _strings(parts))
        if kind == "bidi_component":
            yield from (CODE.sub("", said) for said in _strings(json.loads(fields.get("json", "{}"))))
        elif kind == "plotly_chart":
            yield from _strings([[bar.get("text") for bar in json.loads(proto.spec)["data"]]])
    for table in test.table:
        yield from (str(cell) for row in table.value.itertuples(index=False) for cell in row)


def _strings(part: Any) -> Iterator[str]:
    """Texts of a component's data; pictures are addresses and say nothing."""
    if isinstance(part, str) and not part.startswith("data:"):
        yield part
    elif isinstance(part, Mapping | list):
        for item in part.values() if isinstance(part, Mapping) else part:
            yield from _strings(item)


def changes(said: Sequence[str]) -> list[str]:
    """Every 'from x to y: z points' that these texts tell; what does not add up fails here."""
    found = []
    for text in said:
        for pattern in CHANGES:
            for match in pattern.finditer(text):
                shares = [match[at] for at in (1, 2, 3) if re.match(r"[<>]?[\d.,]+\u00a0%", text[match.start(at) :])]
                (points,) = (
                    match[at] for at in (1, 2, 3) if match[at] not in shares or "points" in text[match.end(at) :][:8]
                )
                apart(*shares, points)
                found.append(match[0])
    return found


def apart(one: str, other: str, points: str) -> None:
    """Two percentages and the points between them, as they are written."""
    if {*one, *other} & {*"<>"}:
        return
    far = abs(value(one) - value(other))
    assert far == (0 if points.startswith("under") else value(points)), (one, other, points)


def epochs(table: Any) -> int:
    """What the table of epochs says was gained, against its own column of validation accuracies; how many rows did."""
    accuracies, told = [cell.split("·")[0].strip("\u00a0 %") for cell in table["validation"]], 0
    for at, words in enumerate(table["what the numbers say"]):
        words = words.replace("\u00a0", " ")
        best = max(accuracies[:at], key=lambda said: value(said.strip("<>")), default="")
        for pattern, before in ((rf"(?:gained|lost) {POINTS}", accuracies[at - 1]), (rf"so far, {POINTS} more", best),
                                (rf"^\**{POINTS} under", best)):  # fmt: skip
            if match := re.search(pattern, words):
                apart(before, accuracies[at], match[1])
                told += 1
    return told


def lens(rows: Mapping[str, str], sgd: bool) -> None:
    """One step: new w = w - decay - move, and decay and move by the formulas that stand there, in the digits shown."""
    w, g, lr, decay, move, new = map(value, rows.values())
    assert "new w = w − decay − move" in rows
    assert new == w - decay - move
    names = list(rows)
    share = Decimal(re.search(r"lr · ([\de.-]+) · w", names[3])[1])  # type: ignore[index]
    last = Decimal("0.0000000005") * (1 + Decimal("1e-4"))
    assert abs(lr * share * w - decay) <= last
    assert abs((lr * g if sgd else lr * g / (abs(g) + Decimal("1e-8"))) - move) <= last


def softmax(table: Mapping[str, Any]) -> None:
    """The columns of softmax: less the largest is the difference, and both sums are what their parts add up to."""
    rows = [row["numbers"] for row in table["rows"]]
    scaled = [value(row[1]) for row in rows]
    assert [value(row[2]) for row in rows] == [one - max(scaled) for one in scaled]
    parts = [row[3] for row in rows]
    shares = [row[4] for row in rows]
    if table["foot"][0] == "sum":
        assert sum(map(value, parts)).quantize(Decimal("0.0001")) == value(table["foot"][4])
    else:
        shares.append(table["foot"][5])
    exact = sum(value(share) for share in shares if share[0] not in "<>")
    step = Decimal(1).scaleb(min(value(share.strip("<>")).as_tuple().exponent for share in shares))  # type: ignore[type-var]
    low = exact + sum(value(share[1:]) for share in shares if share[0] == ">")
    high = exact + sum(
        value(share[1:]) if share[0] == "<" else value(share[1:]) + step for share in shares if share[0] in "<>"
    )
    assert low <= 100 <= high, shares
