"""What a thaw has brought, in words: beside the head trained on alone, and no more than the images can show."""

from __future__ import annotations

from course import content
from ftcore.gain import Gain
from ui.words import between, percent, rate, several


def told(gain: Gain, lr: float) -> str:
    """Two or three sentences: what the head reached, what it reaches alone, what the thaw at rate `lr` makes of it."""
    values = {
        "head": percent(gain.head),
        "alone": percent(gain.against),
        "tuned": percent(gain.tuned),
        "amount": between(gain.against, gain.tuned),
        "images": several(gain.images, "validation image"),
        "rate": rate(lr),
    }
    head = content.section("train", "gain.head" if gain.alone is None else "gain.alone", values)
    return f"{head} {content.section('train', f'gain.{gain.verdict}', values)}"


def short(gain: Gain) -> str:
    """The difference in a few words: '10.8 points more', or that so many images can show none."""
    if gain.verdict in ("level", "full"):
        return content.section("train", "gain.none", {"images": several(gain.images, "validation image")})
    return f"{between(gain.against, gain.tuned)} {'more' if gain.amount > 0 else 'less'}"
