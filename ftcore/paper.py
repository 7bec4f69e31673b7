"""The hand and the sheet: a pen that draws wobbly strokes in unit coordinates, paper, clutter and softening.

It knows no classes; `sketchbook` says what is drawn. Every choice comes from the generator that is passed in,
none from the side length, so the same picture comes out at any side.
"""

from __future__ import annotations

import colorsys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter

Array = NDArray[np.float64]
Points = Sequence[tuple[float, float]] | Array
Colour = tuple[int, int, int]

STEPS = 6
_T = np.arange(STEPS) / STEPS
LINEAR = np.stack([0 * _T, 1 - _T, _T, 0 * _T], 1)
CATMULL_ROM = 0.5 * np.stack(
    [-_T + 2 * _T**2 - _T**3, 2 - 5 * _T**2 + 3 * _T**3, _T + 4 * _T**2 - 3 * _T**3, _T**3 - _T**2], 1
)
GRAIN = 64  # noise is made at this side and resized, so that a picture is the same at any side


@dataclass(frozen=True)
class Look:
    """How a hand draws: colours as RGB bytes, widths and wobble in halves of a picture's side."""

    ink: Colour
    fills: tuple[Colour, Colour, Colour]
    fill: str  # "none", "clear" (hides what is behind), "flat", "bare" (flat without outline), "hatch", "solid"
    width: float
    opacity: float
    wobble: float
    gaps: float
    double: float


@dataclass(frozen=True)
class Sheet:
    """What is drawn on: base colour, whether inks must be light, ruling, roughness 0..1."""

    colour: Colour
    dark: bool
    ruling: str  # "", "lines", "squares"
    rough: float


def path(points: Points, closed: bool = False, curved: bool = False) -> Array:
    """A dense polyline [n * STEPS + 1, 2] through the points, straight or as a Catmull-Rom spline."""
    p = np.asarray(points, dtype=np.float64)
    whole = np.concatenate([p[-1:], p, p[:2]] if closed else [p[:1], p, p[-1:]])
    windows = np.stack([whole[:-3], whole[1:-2], whole[2:-1], whole[3:]])
    dense = np.tensordot(CATMULL_ROM if curved else LINEAR, windows, 1).transpose(1, 0, 2).reshape(-1, 2)
    return np.concatenate([dense, p[:1] if closed else p[-1:]])


class Pen:
    """Draws on one transparent layer. Design coordinates are about -1..1, x to the right, y down."""

    def __init__(self, layer: Image.Image, rng: np.random.Generator, look: Look, pose: Array) -> None:
        """`pose` is a 3x3 projective map from design coordinates to 0..1 of the layer."""
        self.layer, self.rng, self.look, self.pose = layer, rng, look, pose
        self.canvas = ImageDraw.Draw(layer)
        self.side = layer.width
        self.waves = rng.uniform(-4.0, 4.0, (2, 3))
        self.phase = rng.uniform(0.0, 6.3, 3)
        self.sway = rng.normal(0.0, look.wobble, (3, 2))
        self.slip = rng.normal(0.0, 0.03, 2) * (rng.random() < 0.5)
        self.hatch_angle = rng.uniform(0.0, np.pi)
        self.hatch_step = rng.uniform(2.0, 4.0)

    def u(self, low: float, high: float) -> float:
        """A uniform draw from low..high."""
        return low + (high - low) * self.rng.random()

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return bool(self.rng.random() < probability)

    def pick(self, *weights: float) -> int:
        """An index drawn in proportion to the weights."""
        return int(np.searchsorted(np.cumsum(weights), self.rng.random() * sum(weights), side="right"))

    def project(self, points: Array) -> Array:
        """Wobble and pose: design coordinates to pixels of the layer."""
        p = points + np.sin(points @ self.waves + self.phase) @ self.sway
        q = p @ self.pose[:, :2].T + self.pose[:, 2]
        return np.asarray(q[:, :2] / q[:, 2:] * self.side)

    def shape(self, points: Points, part: int = 0, curved: bool = False) -> None:
        """A closed outline. Parts 0 and 1 are bodies, part 2 is a detail on them; each has its own colour."""
        dense = path(points, True, curved)
        edge = self.project(dense)
        how, look = self.look.fill, self.look
        if how == "solid":
            self._polygon(edge, (*look.ink, 0 if part == 2 else self._alpha()))
        elif how in ("flat", "bare"):
            self._polygon(self.project(dense + self.slip), (*look.fills[part], self._alpha()))
        elif how == "clear" or how == "hatch":
            self._polygon(edge, (*look.ink, 0))
        if how == "hatch" and part < 2:
            self._hatch(edge, look.fills[part])
        if how not in ("bare", "solid"):
            self._ink(dense, not curved, False)

    def line(self, points: Points, curved: bool = True, inner: bool = False) -> None:
        """An open stroke; `inner` says that it lies on a body, so that it is cut out of a solid one."""
        self._ink(path(points, False, curved), not curved, inner)

    def oval(self, x: float, y: float, rx: float, ry: float, part: int = 0) -> None:
        """A closed ellipse."""
        self.shape(arc(x, y, rx, ry)[:-1], part, True)

    def box(self, left: float, top: float, right: float, bottom: float, part: int = 0) -> None:
        """A closed rectangle."""
        self.shape([(left, top), (right, top), (right, bottom), (left, bottom)], part)

    def dot(self, x: float, y: float, radius: float, inner: bool = True) -> None:
        """A filled spot, an eye for instance."""
        alpha = 0 if inner and self.look.fill == "solid" else self._alpha()
        self._polygon(self.project(arc(x, y, radius, radius)), (*self.look.ink, alpha))

    def _alpha(self) -> int:
        return int(255 * self.look.opacity)

    def _polygon(self, edge: Array, colour: tuple[int, int, int, int]) -> None:
        self.canvas.polygon(edge.ravel().tolist(), fill=colour)

    def _hatch(self, edge: Array, colour: Colour) -> None:
        low, high = edge.min(0), edge.max(0)
        middle, reach = (low + high) / 2, float(np.hypot(*(high - low))) / 2
        along = np.array([np.cos(self.hatch_angle), np.sin(self.hatch_angle)])
        across = np.array([-along[1], along[0]])
        width = max(1, round(self.look.width * self.side / 2))
        hatch = Image.new("L", self.layer.size)
        pencil = ImageDraw.Draw(hatch)
        offsets = np.arange(-reach, reach, max(2.0, self.hatch_step * width))
        for offset in offsets + self.rng.normal(0.0, 0.5, len(offsets)) * width:
            start, end = middle + across * offset - along * reach, middle + across * offset + along * reach
            pencil.line([*start.tolist(), *end.tolist()], fill=self._alpha(), width=width)
        inside = Image.new("L", self.layer.size)
        ImageDraw.Draw(inside).polygon(edge.ravel().tolist(), fill=255)
        self.layer.paste((*colour, 255), mask=ImageChops.multiply(hatch, inside))

    def _ink(self, dense: Array, corners: bool, inner: bool) -> None:
        look, rng = self.look, self.rng
        colour = (*look.ink, 0 if inner and look.fill == "solid" else self._alpha())
        width = max(1, round(look.width * self.side / 2 * self.u(0.8, 1.2)))
        for _ in range(2 if rng.random() < look.double else 1):
            edge = self.project(dense + rng.normal(0.0, 0.4 * look.wobble + 0.003, 2))
            if rng.random() < look.gaps and len(edge) > 12:
                cut = int(rng.integers(3, len(edge) - 6))
                self._stroke(edge[:cut], width, colour, corners)
                edge = edge[cut + int(rng.integers(1, 4)) :]
                corners = False
            self._stroke(edge, width, colour, corners)

    def _stroke(self, edge: Array, width: int, colour: tuple[int, int, int, int], corners: bool) -> None:
        self.canvas.line(edge.ravel().tolist(), fill=colour, width=width)
        if width > 2:
            half = width / 2
            for x, y in (edge[::STEPS] if corners else edge[[0, -1]]).tolist():
                self.canvas.ellipse([x - half, y - half, x + half, y + half], fill=colour)


def arc(x: float, y: float, rx: float, ry: float, start: float = 0.0, end: float = 360.0, n: int = 13) -> Array:
    """n points of an ellipse from start to end, in degrees clockwise from the right."""
    a = np.radians(np.linspace(start, end, n))
    return np.stack([x + rx * np.cos(a), y + ry * np.sin(a)], 1)


def pose(rng: np.random.Generator, x: float, y: float, scale: float, tilt: float) -> Array:
    """A random 3x3 map that puts a design of half-size 1 at (x, y) of a 0..1 picture with half-size `scale`."""
    a = rng.normal(0.0, tilt)
    turn = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
    stretch = np.exp(rng.normal(0.0, 0.12))
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    shear = np.array([[mirror * stretch, rng.normal(0.0, 0.12)], [0.0, 1.0 / stretch]])
    m = np.eye(3)
    m[:2, :2] = scale * (turn @ shear)
    m[:2, 2] = x, y
    m[2, :2] = rng.normal(0.0, 0.08, 2)
    m[:2] += np.outer(m[:2, 2], m[2])
    m[:2, 2] = x, y
    return m


def tint(rng: np.random.Generator, low: float, high: float, saturation: float) -> Colour:
    """A random colour: brightness low..high, saturation 0..saturation."""
    r, g, b = colorsys.hsv_to_rgb(rng.random(), saturation * rng.random(), low + (high - low) * rng.random())
    return int(255 * r), int(255 * g), int(255 * b)


def sheet(rng: np.random.Generator) -> Sheet:
    """A random sheet: white, cream, lined, squared, coloured, kraft, blackboard or dark card."""
    kind = int(rng.choice(8, p=[0.18, 0.12, 0.14, 0.12, 0.12, 0.1, 0.14, 0.08]))
    if kind < 4:
        shade = int(rng.integers(225, 256))
        warm = int(rng.integers(14, 44)) if kind == 1 else int(rng.integers(0, 8))
        return Sheet((shade, shade - warm // 4, shade - warm), False, ("", "", "lines", "squares")[kind], 0.1)
    if kind == 4:
        return Sheet(tint(rng, 0.75, 1.0, 0.45), False, "", 0.2)
    if kind == 5:
        return Sheet((int(rng.integers(175, 205)), int(rng.integers(138, 160)), int(rng.integers(95, 120))), False, "", 0.7)
    if kind == 6:
        return Sheet(((38, 44, 42), (32, 62, 48), (44, 46, 54))[int(rng.integers(3))], True, "", 0.8)
    return Sheet(tint(rng, 0.12, 0.4, 0.7), True, "", 0.3)


def look(rng: np.random.Generator, on: Sheet) -> Look:
    """A random hand for this sheet: pencil, ink, marker, crayon or chalk."""
    width, opacity, wobble = (
        (rng.uniform(0.03, 0.055), rng.uniform(0.6, 0.95), 0.03),
        (rng.uniform(0.025, 0.05), 1.0, 0.015),
        (rng.uniform(0.07, 0.13), rng.uniform(0.85, 1.0), 0.02),
        (rng.uniform(0.06, 0.11), rng.uniform(0.7, 0.9), 0.03),
    )[int(rng.integers(4))]
    ink = tint(rng, 0.75, 1.0, 0.5) if on.dark else tint(rng, 0.05, 0.55, 1.0)
    bright = (0.4, 1.0) if on.dark else (0.45, 0.95)
    fills = tint(rng, *bright, 1.0), tint(rng, *bright, 1.0), tint(rng, *bright, 1.0)
    fill = str(rng.choice(["none", "clear", "flat", "bare", "hatch", "solid"], p=[0.22, 0.3, 0.2, 0.06, 0.12, 0.1]))
    if fill == "bare":  # lines on it must show
        ink = tint(rng, 0.05, 0.35, 0.8)
    gaps, double = (0.5 * rng.random() * (rng.random() < share) for share in (0.3, 0.3))
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
    for _ in range(int(rng.integers(0, 4))):
        start, swing = rng.uniform(-1.1, 1.1, 2), rng.normal(0.0, 0.35, (4, 2))
        pen.line(start + np.cumsum(swing, 0))
    if pen.chance(0.25):
        x, y, length = pen.u(-1.0, 0.2), float(rng.choice([-0.86, 0.86])), pen.u(0.4, 1.0)
        t = np.linspace(0.0, 1.0, 22)
        pen.line(np.stack([x + length * t + 0.03 * np.sin(t * 60), y + 0.06 * rng.normal(0, 1, 22)], 1))
    if pen.chance(0.12):
        x, y, r = pen.u(-1.0, 1.0), pen.u(-1.0, 1.0), pen.u(0.3, 0.6)
        ring = pen.project(arc(x, y, r, r, n=40))
        stain = (120, 80, 40, int(rng.integers(60, 150)))
        pen.canvas.line(ring.ravel().tolist(), fill=stain, width=max(1, round(0.03 * layer.width)))
    if others and pen.chance(0.5):
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
    picture = np.asarray(on.colour, np.float32) * np.ones((side, side, 1), np.float32)
    picture += (6.0 * on.rough * fleck + 8.0 * _field(rng.normal(0.0, 1.0, (5, 5)), side) * (0.3 + on.rough))[..., None]
    dry = rng.uniform(0.0, 0.25) + 0.35 * on.rough * rng.random()
    for layer in layers:
        drawn = np.asarray(layer.resize((side, side), Image.Resampling.BOX), np.float32)
        alpha = drawn[..., 3:] / 255.0 * np.clip(1.0 - dry * np.abs(grain[..., None]), 0.0, 1.0)
        picture += alpha * (drawn[..., :3] - picture)
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side - 0.5
    across = np.cos(turn := rng.uniform(0.0, 6.3)) * x + np.sin(turn) * y
    light = 1.0 + rng.uniform(0.0, 0.5) * across - rng.uniform(0.0, 0.4) * (x * x + y * y)
    if rng.random() < 0.25:
        depth, soft = rng.uniform(0.15, 0.45), rng.uniform(10.0, 60.0)
        light -= depth / (1.0 + np.exp(np.clip(-soft * (across - rng.uniform(-0.3, 0.4)), -30, 30)))
    cast = rng.normal(1.0, 0.05, 3).astype(np.float32)
    picture = picture * light[..., None] * cast + rng.uniform(0.0, 9.0) * _field(noise[2], side)[..., None]
    out = Image.fromarray(np.clip(picture, 0.0, 255.0).astype(np.uint8))
    if rng.random() < 0.5:
        out = out.filter(ImageFilter.GaussianBlur(rng.uniform(0.2, 1.0) * side / 64.0))
    if rng.random() < 0.25:  # a coarse photo, as strong compression leaves it
        coarse = int(rng.integers(32, 48))
        out = out.resize((coarse, coarse), Image.Resampling.BOX).resize((side, side), Image.Resampling.BICUBIC)
    return out
