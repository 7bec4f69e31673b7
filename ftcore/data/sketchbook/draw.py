"""The embedded image set: ten classes of drawings made by code from a seed.

What is drawn stands in `things` and `nature`, on what in `paper`. It knows nothing about splits, files or networks.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image

from ftcore.data.sketchbook.nature import cat, fish, flower, star, tree
from ftcore.data.sketchbook.paper import clutter, develop, look, rule, sheet
from ftcore.data.sketchbook.pen import Pen, pose
from ftcore.data.sketchbook.things import car, cup, house, sailboat, umbrella

DESIGNS: dict[str, Callable[[Pen], None]] = {
    "house": house,
    "tree": tree,
    "fish": fish,
    "cup": cup,
    "umbrella": umbrella,
    "star": star,
    "sailboat": sailboat,
    "flower": flower,
    "car": car,
    "cat": cat,
}
CLASSES: tuple[str, ...] = tuple(DESIGNS)


def draw(label: int, seed: int, side: int = 64, take: int = 0) -> Image.Image:
    """The picture of class CLASSES[label] for this seed: RGB [side, side], the same at any side.

    The seed fixes the drawing: paper, pen, colours, design, place. `take` is one photograph of it: light, shadow,
    grain, blur and a slight shift. ValueError when there is no such class, when seed or take
    is negative or the side below 8.
    """
    if not 0 <= label < len(CLASSES) or seed < 0 or take < 0 or side < 8:
        raise ValueError(f"draw needs a label of 0..{len(CLASSES) - 1}, seed and take from 0 on, a side of at least 8")
    rng = np.random.default_rng(np.random.SeedSequence((label, seed)))
    camera = np.random.default_rng(np.random.SeedSequence((label, seed, take + 1)))
    on = sheet(rng)
    fine = side * (3 if side <= 96 else 2)
    hand, other = look(rng, on), look(rng, on)
    layers = [Image.new("RGBA", (fine, fine), (*tone, 0)) for tone in (other.ink, hand.ink)]
    if on.ruling:
        rule(layers[0], rng, on.ruling)
    others = [design for name, design in DESIGNS.items() if name != CLASSES[label]]
    clutter(layers[0], rng, other if rng.random() < 0.5 else hand, others)
    scale = rng.uniform(0.33, 0.46)
    x, y = 0.5 + rng.uniform(-1.0, 1.0, 2) * (0.53 - scale) * 0.9 + camera.normal(0.0, 0.01, 2)
    scale *= np.exp(camera.normal(0.0, 0.02))
    DESIGNS[CLASSES[label]](Pen(layers[1], rng, hand, pose(rng, float(x), float(y), float(scale), 0.06)))
    return develop(layers, camera, on, side)
