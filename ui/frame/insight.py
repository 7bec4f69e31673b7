"""What a finished lesson has shown, in its own numbers."""

from __future__ import annotations

from collections.abc import Mapping

from ftcore.network.change import Moved
from ftcore.story import Story
from ui.runs.live import View
from ui.words import between, count, moved, of_size, percent, seconds


def insight(view: View, reached: Mapping[str, float], weights: Moved) -> dict[str, str]:
    """The numbers of the insight in words: what the head reached, what thawing added, what it cost, what moved."""
    gain = reached["gain"]
    amount = between(reached["head"], reached["tuned"])
    changed = f"{'added' if gain > 0 else 'took'} **{amount}**{'' if gain > 0 else ' away'} and led to"
    return {
        "head": percent(reached["head"]),
        "changed": "changed nothing: it stayed at" if gain == 0 else changed,
        "tuned": percent(reached["tuned"]),
        "test": percent(reached["test"]),
        "cost": seconds(thawed_seconds(view.story)),
        "seconds": seconds(reached["seconds"]),
        "share": percent(weights.share),
        "distance": of_size(moved(weights.distance), "their"),
        "moved": count(weights.moved),
        "weights": count(weights.weights),
    }


def thawed_seconds(story: Story) -> float:
    """Seconds of the epochs after the last one in which only the head learned."""
    last = max(epoch.epoch for epoch in story.epochs if story.head_only(epoch))
    return sum(epoch.seconds for epoch in story.epochs if epoch.epoch > last)
