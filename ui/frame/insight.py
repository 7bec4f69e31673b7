"""What a finished lesson has shown, in its own numbers."""

from __future__ import annotations

from ftcore.gain import Gain
from ftcore.network.change import Moved
from ftcore.story import Story
from ui.runs import gained
from ui.words import count, moved, of_size, percent, seconds


def insight(story: Story, gain: Gain, weights: Moved) -> dict[str, str]:
    """The numbers of the insight in words: what head and thaw reached, what it cost, what moved. The run has ended."""
    assert story.end is not None
    return {
        "gained": gained.told(gain, story.phase_of(story.epochs[-1]).lr),
        "test": percent(story.end.test_accuracy),
        "cost": seconds(thawed_seconds(story)),
        "seconds": seconds(story.end.seconds),
        "share": percent(weights.share),
        "distance": of_size(moved(weights.distance), "their"),
        "moved": count(weights.moved),
        "weights": count(weights.weights),
    }


def thawed_seconds(story: Story) -> float:
    """Seconds of the epochs after those in which only the head learned."""
    return sum(epoch.seconds for epoch in story.epochs if epoch.phase > story.settings.head_phases)
