"""What is drawn on: paper and its ruling, the choice of hand and colours, clutter, light, noise and softness.

It knows no classes and no strokes. Nothing here depends on the side length: noise is made at one size and resized.
"""

from __future__ import annotations

import colorsys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from ftcore.data.sketchbook.pen import Array, Colour, Look, Pen, arc, pose

GRAIN = 64


@dataclass(frozen=True)
class Sheet:
    """What is drawn on: base colour, whether inks must be light, ruling, roughness 0..1."""

    colour: Colour
    dark: bool
    ruling: str  # "", "lines", "squares"
    rough: float


def tint(rng: np.random.Generator, low: float, high: float, saturation: float) -> Colour:
    """A random colour: brightness low..high, saturation 0..saturation."""
    r, g, b = colorsys.hsv_to_rgb(rng.random(), saturation * rng.random(), low + (high - low) * rng.random())
    return int(255 * r), int(255 * g), int(255 * b)


def sheet(rng: np.random.Generator) -> Sheet:
    """A random sheet: white, cream, lined, squared, coloured, kraft, blackboard or dark card."""
    kind = int(rng.choice(8, p=[0.3, 0.14, 0.14, 0.11, 0.1, 0.08, 0.08, 0.05]))
    if kind < 4:
        shade = int(rng.integers(225, 256))
        warm = int(rng.integers(14, 44)) if kind == 1 else int(rng.integers(0, 8))
        return Sheet((shade, shade - warm // 4, shade - warm), False, ("", "", "lines", "squares")[kind], 0.1)
    if kind == 4:
        return Sheet(tint(rng, 0.75, 1.0, 0.45), False, "", 0.2)
    if kind == 5:
        red, green, blue = (int(rng.integers(low, low + 26)) for low in (178, 137, 95))
        return Sheet((red, green, blue), False, "", 0.5)
    if kind == 6:
        return Sheet(((38, 44, 42), (32, 62, 48), (44, 46, 54))[int(rng.integers(3))], True, "", 0.5)
    return Sheet(tint(rng, 0.12, 0.4, 0.7), True, "", 0.3)


def look(rng: np.random.Generator, on: Sheet) -> Look:
    """A random hand for this sheet: pencil, ink, marker, crayon or chalk."""
    width, opacity, wobble = (
        (rng.uniform(0.04, 0.065), rng.uniform(0.7, 0.95), 0.025),
        (rng.uniform(0.035, 0.06), 1.0, 0.015),
        (rng.uniform(0.07, 0.12), rng.uniform(0.85, 1.0), 0.015),
        (rng.uniform(0.06, 0.1), rng.uniform(0.75, 0.9), 0.025),
    )[int(rng.integers(4))]
    ink = tint(rng, 0.8, 1.0, 0.4) if on.dark else tint(rng, 0.05, 0.45, 1.0)
    bright = (0.4, 1.0) if on.dark else (0.45, 0.95)
    fills = tint(rng, *bright, 1.0), tint(rng, *bright, 1.0), tint(rng, *bright, 1.0)
    fill = str(rng.choice(["none", "clear", "flat", "bare", "hatch", "solid"], p=[0.07, 0.28, 0.47, 0.04, 0.07, 0.07]))
    if fill == "bare":  # lines on it must show
        ink = tint(rng, 0.05, 0.35, 0.8)
    gaps, double = (0.5 * rng.random() * (rng.random() < share) for share in (0.2, 0.25))
    return Look(ink, fills, fill, width, opacity, wobble * rng.uniform(0.5, 1.8), gaps, 2 * double)


def rule(layer: Image.Image, rng: np.random.Generator, kind: str) -> None:
    """Ruled lines or squares, slightly turned."""
    canvas, side = ImageDraw.Draw(layer), layer.width
    gap, start, lean = rng.uniform(0.07, 0.16), rng.uniform(0.0, 0.1), rng.normal(0.0, 0.08)
    colour = (*tint(rng, 0.45, 0.8, 0.6), int(rng.integers(70, 170)))
    width = max(1, round(0.008 * side))
    for at in np.arange(start - 0.3, 1.3, gap):
        canvas.line([0, (at - lean) * side, side, (at + lean) * side], fill=colour, width=width)
        if kind == "squares":
            canvas.line([(at + lean) * side, 0, (at - lean) * side, side], fill=colour, width=width)


def clutter(layer: Image.Image, rng: np.random.Generator, hand: Look, others: Sequence[Callable[[Pen], None]]) -> None:
    """Stray strokes, scribbled words, rings and pieces of other drawings that run out of the picture."""
    pen = Pen(layer, rng, hand, np.array([[0.5, 0.0, 0.5], [0.0, 0.5, 0.5], [0.0, 0.0, 1.0]]))
    for _ in range(int(rng.choice(3, p=[0.62, 0.28, 0.1]))):
        start, swing = rng.uniform(-1.1, 1.1, 2), rng.normal(0.0, 0.35, (4, 2))
        pen.line(start + np.cumsum(swing, 0))
    if pen.chance(0.12):
        x, y, length = pen.u(-1.0, 0.2), float(rng.choice([-0.86, 0.86])), pen.u(0.4, 1.0)
        t = np.linspace(0.0, 1.0, 22)
        pen.line(np.stack([x + length * t + 0.03 * np.sin(t * 60), y + 0.06 * rng.normal(0, 1, 22)], 1))
    if pen.chance(0.12):
        x, y, r = pen.u(-1.0, 1.0), pen.u(-1.0, 1.0), pen.u(0.3, 0.6)
        ring = pen.project(arc(x, y, r, r, n=40))
        stain = (120, 80, 40, int(rng.integers(60, 150)))
        pen.canvas.line(ring.ravel().tolist(), fill=stain, width=max(1, round(0.03 * layer.width)))
    if others and pen.chance(0.2):
        angle, far = pen.u(0.0, 6.3), pen.u(0.5, 0.66)
        x, y = np.clip(0.5 + far * np.array([np.cos(angle), np.sin(angle)]) * 1.3, -0.05, 1.05)
        stray = Pen(layer, rng, hand, pose(rng, float(x), float(y), pen.u(0.15, 0.28), 0.5))
        others[int(rng.integers(len(others)))](stray)


def _field(values: Array, side: int) -> NDArray[np.float32]:
    small = Image.fromarray(values.astype(np.float32))
    return np.asarray(small.resize((side, side), Image.Resampling.BILINEAR), np.float32)


def develop(layers: Sequence[Image.Image], rng: np.random.Generator, on: Sheet, side: int) -> Image.Image:
    """Layers over the sheet, with its grain, light, shadow, noise and softness: an RGB picture [side, side]."""
    noise = rng.normal(0.0, 1.0, (3, GRAIN, GRAIN))
    grain, fleck = _field(noise[0], side), _field(noise[1], side)
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side - 0.5
    picture = np.asarray(on.colour, np.float32) * np.ones((side, side, 1), np.float32)
    picture += (5.0 * on.rough * fleck + 8.0 * _field(rng.normal(0.0, 1.0, (5, 5)), side) * (0.3 + on.rough))[..., None]
    dry = rng.uniform(0.0, 0.2) + 0.3 * on.rough * rng.random()
    cover = np.clip(1.0 - dry * np.abs(grain[..., None]), 0.0, 1.0)
    for layer in layers:  # colours come multiplied by their opacity
        drawn = np.asarray(layer.convert("RGBa").reduce(layer.width // side), np.float32)
        picture += cover * (drawn[..., :3] - drawn[..., 3:] / 255.0 * picture)
    across = np.cos(turn := rng.uniform(0.0, 6.3)) * x + np.sin(turn) * y
    light = 1.0 + rng.uniform(0.0, 0.35) * across - rng.uniform(0.0, 0.2) * (x * x + y * y)
    if rng.random() < 0.15:
        depth, soft = rng.uniform(0.1, 0.35), rng.uniform(10.0, 60.0)
        light -= depth / (1.0 + np.exp(np.clip(-soft * (across - rng.uniform(-0.3, 0.4)), -30, 30)))
    cast = rng.normal(1.0, 0.05, 3).astype(np.float32)
    picture = picture * light[..., None] * cast + rng.uniform(0.0, 4.0) * _field(noise[2], side)[..., None]
    out = Image.fromarray(np.clip(picture, 0.0, 255.0).astype(np.uint8))
    if rng.random() < 0.2:
        out = out.filter(ImageFilter.GaussianBlur(rng.uniform(0.2, 0.8) * side / 64.0))
    if rng.random() < 0.08:  # a coarse photo, as strong compression leaves it
        coarse = int(rng.integers(36, 50))
        out = out.resize((coarse, coarse), Image.Resampling.BOX).resize((side, side), Image.Resampling.BICUBIC)
    return out
