"""A hand that draws wobbly strokes and filled shapes in unit coordinates.

It knows no classes and no paper: `things` and `nature` say what is drawn, `paper` on what. Every choice comes from the
generator that is passed in, none from the side length, so the same drawing comes out at any side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw

Array = NDArray[np.float64]
Points = Sequence[tuple[float, float]] | Array
Colour = tuple[int, int, int]

STEPS = 6  # points of a polyline between two given ones
HATCHES = 64  # at most so many lines across a shape; as many numbers are drawn, so that the side changes no later one
_T = np.arange(STEPS) / STEPS
LINEAR = np.stack([0 * _T, 1 - _T, _T, 0 * _T], 1)
CATMULL_ROM = 0.5 * np.stack(
    [-_T + 2 * _T**2 - _T**3, 2 - 5 * _T**2 + 3 * _T**3, _T + 4 * _T**2 - 3 * _T**3, _T**3 - _T**2], 1
)


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
            self._ink(dense, not curved, False, 0.7 if part == 2 else 1.0)

    def line(self, points: Points, curved: bool = True, inner: bool = False) -> None:
        """An open stroke; `inner` says that it lies on a body, so that it is cut out of a solid one."""
        self._ink(path(points, False, curved), not curved, inner, 0.7 if inner else 1.0)

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
        exact = self.look.width * self.side / 2
        width = max(1, round(exact))
        hatch = Image.new("L", self.layer.size)
        pencil = ImageDraw.Draw(hatch)
        offsets = np.arange(-reach, reach, self.hatch_step * exact)[:HATCHES]
        for offset in offsets + self.rng.normal(0.0, 0.5, HATCHES)[: len(offsets)] * exact:
            start, end = middle + across * offset - along * reach, middle + across * offset + along * reach
            pencil.line([*start.tolist(), *end.tolist()], fill=self._alpha(), width=width)
        inside = Image.new("L", self.layer.size)
        ImageDraw.Draw(inside).polygon(edge.ravel().tolist(), fill=255)
        self.layer.paste((*colour, 255), mask=ImageChops.multiply(hatch, inside))

    def _ink(self, dense: Array, corners: bool, inner: bool, weight: float) -> None:
        look, rng = self.look, self.rng
        colour = (*look.ink, 0 if inner and look.fill == "solid" else self._alpha())
        width = max(1, round(look.width * self.side / 2 * weight * self.u(0.8, 1.2)))
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


def moved(points: Points, x: float, y: float = 0.0, size: float = 1.0) -> Array:
    """The points scaled about the origin, then shifted."""
    return np.asarray(np.asarray(points, dtype=np.float64) * size + np.array([x, y]))


def pose(rng: np.random.Generator, x: float, y: float, scale: float, tilt: float) -> Array:
    """A random 3x3 map that puts a design of half-size 1 at (x, y) of a 0..1 picture with half-size `scale`."""
    a = rng.normal(0.0, tilt)
    turn = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
    stretch = np.exp(rng.normal(0.0, 0.1))
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    shear = np.array([[mirror * stretch, rng.normal(0.0, 0.08)], [0.0, 1.0 / stretch]])
    m = np.eye(3)
    m[:2, :2] = scale * (turn @ shear)
    m[:2, 2] = x, y
    m[2, :2] = rng.normal(0.0, 0.05, 2)
    m[:2, :2] += np.outer(m[:2, 2], m[2, :2])
    return m
