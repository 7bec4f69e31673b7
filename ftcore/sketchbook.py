"""Ten classes of things people draw in a few strokes, each in several designs, drawn by code from a seed.

The hand, the paper and the clutter are in `paper`. It knows nothing about splits, files or networks.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image

from ftcore.paper import Pen, Points, arc, clutter, develop, look, pose, rule, sheet

CLASSES: tuple[str, ...] = ("house", "tree", "fish", "cup", "umbrella", "star", "sailboat", "flower", "car", "cat")


def house(p: Pen) -> None:
    """Gable, hipped, three-quarter, one-outline or narrow."""
    kind = p.pick(4, 2, 3, 2, 2)
    w = p.u(0.38, 0.5) if kind == 4 else p.u(0.62, 0.9)
    top, roof, eave = p.u(-0.25, 0.05), p.u(-1.0, -0.75), p.u(0.02, 0.22)
    if p.chance(0.5):
        x = w * p.u(0.3, 0.6)
        p.box(x, roof + p.u(-0.1, 0.1), x + p.u(0.14, 0.24), top, 1)
        if p.chance(0.5):
            p.line([(x + 0.1, roof - 0.1), (x + 0.2, roof - 0.2), (x + 0.05, roof - 0.3), (x + 0.25, roof - 0.45)])
    if kind == 2:
        g = w * p.u(-0.3, 0.1)
        mid = (g - w) / 2
        p.box(g, top, w, 1.0, 0)
        p.shape([(mid, roof), (w - 0.2, roof), (w + eave, top), (g, top)], 1)
        p.shape([(-w, 1.0), (-w, top), (mid, roof), (g, top), (g, 1.0)], 0)
        door = (mid - 0.12, mid + 0.12)
        spots = [(g + (w - g) * 0.3, 0.4), (g + (w - g) * 0.72, 0.4)]
    else:
        if kind == 3:
            p.shape([(-w, 1.0), (-w, top), (0.0, roof), (w, top), (w, 1.0)], 0)
        else:
            p.box(-w, top, w, 1.0, 0)
            ridge = w * p.u(0.4, 0.75) if kind == 1 else 0.0
            p.shape([(-w - eave, top), (-ridge, roof), (ridge, roof), (w + eave, top)][: 4 if ridge else 4], 1)
        at = w * p.u(-0.6, 0.4) if kind != 4 else -0.1
        door = (at, at + 0.26)
        spots = [(-w * 0.55, 0.3), (w * 0.55, 0.3), (0.0, 0.25), (0.0, (roof + top) / 2 + 0.05)][: p.pick(0, 1, 3, 2, 2)]
    high = p.u(0.35, 0.55)
    if p.chance(0.85):
        p.shape([(door[0], 1.0), (door[0], high), (door[1], high), (door[1], 1.0)], 2, p.chance(0.2))
    size, cross = p.u(0.1, 0.17), p.chance(0.6)
    for x, y in spots:
        if p.chance(0.3):
            p.oval(x, y, size, size, 2)
        else:
            p.box(x - size, y - size, x + size, y + size, 2)
        if cross:
            p.line([(x - size, y), (x + size, y)], inner=True)
            p.line([(x, y - size), (x, y + size)], inner=True)


def tree(p: Pen) -> None:
    """Round, cloudy, fir, bare, poplar or palm."""
    kind = p.pick(3, 3, 4, 2, 1.5, 2)
    lean, t = p.u(-0.1, 0.1), p.u(0.07, 0.16)
    if kind == 2:
        p.box(-t, 0.6, t, 1.0, 1)
        tiers, w, rise = p.pick(0, 1, 2, 3, 2), p.u(0.5, 0.8), p.u(0.1, 0.3)
        for i in range(tiers):
            low = 0.7 - 1.6 * i / (tiers + 0.6)
            wide, high = w * (1 - 0.75 * i / tiers), low - 1.6 / tiers - rise * (tiers > 1)
            p.shape([(-wide, low), (lean, max(high, -1.0)), (wide, low)], 0)
        return
    if kind == 3:
        p.shape([(-t * 1.5, 1.0), (-t, 0.1), (t, 0.1), (t * 1.5, 1.0)], 0)
        for angle in np.linspace(-2.6, -0.5, p.pick(0, 0, 0, 1, 2, 2)) + p.u(-0.1, 0.1):
            d, r = np.array([np.cos(angle), np.sin(angle)]), p.u(0.7, 1.05)
            root, tip = np.array([0.0, p.u(-0.05, 0.2)]), np.array([0.0, 0.1]) + d * r
            p.line([tuple(root), tuple(root + d * r * 0.5 + p.u(-0.06, 0.06)), tuple(tip)])
            for side in (-0.6, 0.6):
                twig = np.array([np.cos(angle + side), np.sin(angle + side)]) * p.u(0.25, 0.4)
                p.line([tuple(root + d * r * 0.5), tuple(root + d * r * 0.55 + twig)])
        return
    if kind == 5:
        bend, tip = p.u(-0.4, 0.4), p.u(-0.6, -0.4)
        p.shape([(-t, 1.0), (bend * 0.4 - t, 0.2), (bend - 0.03, tip), (bend + 0.05, tip), (bend * 0.4 + t, 0.2), (t, 1.0)])
        for angle in np.linspace(-3.4, 0.25, p.pick(0, 0, 0, 0, 0, 2, 2, 1)):
            x, y = np.cos(angle) * p.u(0.6, 0.8), np.sin(angle) * p.u(0.4, 0.55)
            p.shape([(bend, tip), (bend + x * 0.6, tip + y - 0.12), (bend + x, tip + y * 0.6 + 0.25), (bend + x * 0.5, tip + y)], 1, True)
        return
    p.shape([(-t * 1.4, 1.0), (-t, 0.0), (t, 0.0), (t * 1.4, 1.0)], 1)
    if kind == 0:
        p.oval(lean, -0.4, p.u(0.5, 0.72), p.u(0.48, 0.6), 0)
    elif kind == 4:
        p.shape([(0.0, -1.0), (p.u(0.25, 0.4), -0.2), (0.2, 0.45), (-0.2, 0.45), (-p.u(0.25, 0.4), -0.2)], 0, True)
    else:
        lobes, wide, high = p.pick(0, 0, 0, 0, 0, 1, 1, 1, 1), p.u(0.5, 0.7), p.u(0.38, 0.5)
        angles = np.linspace(0.0, 2 * np.pi, 4 * lobes + 1)[:-1]
        bump = 1.0 + 0.28 * np.abs(np.sin(angles * lobes / 2))
        p.shape(np.stack([np.cos(angles) * wide * bump + lean, np.sin(angles) * high * bump - 0.35], 1), 0, True)
    for _ in range(p.pick(4, 0, 0, 2, 1)):
        x, y = p.u(-0.35, 0.35), p.u(-0.6, -0.15)
        if p.chance(0.5):
            p.oval(x, y, 0.07, 0.07, 2)
        else:
            p.line([(x - 0.1, y), (x, y + 0.08), (x + 0.1, y)], inner=True)


def fish(p: Pen) -> None:
    """Oval, ribbon, round with fins, angelfish, long or bones; head to the left."""
    kind = p.pick(4, 2.5, 2.5, 2, 2, 1)
    if kind == 5:
        p.shape([(-1.0, 0.0), (-0.5, -0.3), (-0.5, 0.3)], 0)
        p.line([(-0.5, 0.0), (0.7, 0.0)], False)
        for x in np.linspace(-0.25, 0.45, p.pick(0, 0, 0, 0, 1, 1)):
            p.line([(x, -0.35 + 0.25 * x), (x + 0.06, 0.0), (x, 0.35 - 0.25 * x)], False)
        p.shape([(0.65, 0.0), (1.0, -0.3), (0.9, 0.0), (1.0, 0.3)], 0)
        p.dot(-0.68, -0.05, 0.06)
        return
    high = (p.u(0.35, 0.55), p.u(0.3, 0.45), p.u(0.55, 0.68), p.u(0.5, 0.65), p.u(0.2, 0.3))[kind]
    end = 0.6 if kind in (1, 4) else 0.45
    if kind == 1:
        p.shape([(1.0, -high), (0.3, 0.12), (-0.4, high), (-1.0, 0.0), (-0.4, -high), (0.3, -0.12), (1.0, high)], 0, True)
    else:
        fork = p.u(0.7, 0.95)
        p.shape([(end - 0.1, 0.0), (1.0, -p.u(0.3, 0.55)), (fork, 0.0), (1.0, p.u(0.3, 0.55))], 1, p.chance(0.4))
        fin = p.u(0.2, 0.35)
        if kind == 3:
            p.shape([(-0.4, -0.3), (0.35, -1.0), (0.3, -0.1)], 1, p.chance(0.5))
            p.shape([(-0.4, 0.3), (0.35, 1.0), (0.3, 0.1)], 1, p.chance(0.5))
        elif p.chance(0.7):
            p.shape([(-0.4, -high * 0.7), (-0.05, -high - fin), (0.25, -high * 0.7)], 1, p.chance(0.5))
            if p.chance(0.6):
                p.shape([(-0.2, high * 0.7), (0.1, high + fin), (0.25, high * 0.6)], 1)
        nose = -1.0 if kind != 2 else -0.8
        p.shape([(nose, 0.02), (nose * 0.55, -high * 0.85), (-0.1, -high), (end - 0.15, -high * 0.45), (end + 0.05, 0.0),
                 (end - 0.15, high * 0.45), (-0.1, high), (nose * 0.55, high * 0.85)], 0, True)
    if p.chance(0.4):
        p.oval(-0.6, -high * 0.25, 0.11, 0.11, 2)
    p.dot(-0.6, -high * 0.25, p.u(0.04, 0.07))
    if p.chance(0.5):
        p.line(arc(-0.6, 0.0, 0.25, high * 0.75, -60, 60, 5), inner=True)
    if p.chance(0.4):
        p.line([(-0.95, 0.1), (-0.8, 0.12), (-0.7, 0.06)], inner=True)
    pattern = p.pick(2, 1, 1, 1)
    for i in range(p.pick(0, 0, 1, 2, 1)):
        x = -0.2 + i * 0.2
        if pattern == 1:
            p.line([(x, -high * 0.75), (x + 0.06, 0.0), (x, high * 0.75)], inner=True)
        elif pattern == 2:
            p.line(arc(x, p.u(-0.15, 0.15), 0.1, 0.12, -80, 80, 5), inner=True)
        elif pattern == 3:
            p.line([(x - 0.1, p.u(-0.1, 0.1)), (x + 0.1, p.u(-0.1, 0.1))], inner=True)


def cup(p: Pen) -> None:
    """Mug, cup from above its rim, teacup on a saucer, paper cup with a lid or a glass with a straw."""
    kind = p.pick(3, 4, 3, 2, 1.5)
    w, foot = p.u(0.45, 0.65), p.u(0.75, 1.0)
    low, base = p.u(0.6, 0.9), w * foot
    top = -p.u(0.4, 0.7)
    if kind == 2:
        low, top, base = p.u(0.4, 0.55), -p.u(0.15, 0.35), w * 0.4
    if kind < 3:
        grip, high = p.u(0.3, 0.5), low - top
        y = top + high * p.u(0.4, 0.5)
        p.shape(arc(w * 0.9, y, grip, high * 0.3, -95, 95, 9), 1, True)
        if p.chance(0.7):
            p.shape(arc(w * 0.9, y, grip * 0.6, high * 0.18, -95, 95, 9), 2, True)
    if kind == 2:
        p.oval(0.0, low + 0.05, w + 0.35, 0.14, 1)
        p.shape([(-w, top), (-w * 0.85, low * 0.5), (-base, low), (base, low), (w * 0.85, low * 0.5), (w, top)], 0, False)
    elif kind == 3:
        w, base, top, low = p.u(0.5, 0.6), p.u(0.32, 0.42), -0.6, 0.95
        p.shape([(-w, top), (-base, low), (base, low), (w, top)], 0)
        p.box(-w - 0.06, top - 0.16, w + 0.06, top, 1)
        p.shape([(-w * 0.85, top - 0.16), (-w * 0.75, top - 0.32), (w * 0.75, top - 0.32), (w * 0.85, top - 0.16)], 1)
        p.shape([(-w * 0.88, -0.15), (-w * 0.75, 0.4), (w * 0.75, 0.4), (w * 0.88, -0.15)], 2)
        return
    elif kind == 4:
        p.line([(-0.1, 0.7), (0.25, -0.8), (0.6, -1.0)], False)
        w, base, low, top = p.u(0.45, 0.55), p.u(0.3, 0.4), 0.95, -0.5
        p.shape([(-w, top), (-base, low), (base, low), (w, top)], 0)
        p.oval(0.0, top, w, 0.12, 2)
        p.line([(0.12, top), (0.25, -0.8), (0.6, -1.0)], False)
        return
    elif p.chance(0.5):
        p.shape([(-w, top), (-base, low), (base, low), (w, top)], 0)
    else:
        bottom = arc(0.0, low - 0.1, base, 0.16, 180, 0, 7)
        p.shape(np.concatenate([[(-w, top)], bottom, [(w, top)]]), 0)
    if kind > 0:
        p.oval(0.0, top, w, p.u(0.08, 0.2), 2)
    mark = p.pick(2, 1, 1)
    if mark == 1:
        p.line([(-w * 0.8, top + 0.45), (0.0, top + 0.5), (w * 0.8, top + 0.45)], inner=True)
    elif mark == 2 and kind < 2:
        p.oval(0.0, 0.2, 0.16, 0.16, 2)
    for x in (-0.25, 0.0, 0.25)[: p.pick(3, 0, 2, 2)]:
        y = top - 0.2
        p.line([(x, y), (x + 0.08, y - 0.12), (x - 0.06, y - 0.26), (x + 0.04, y - 0.4)])


def umbrella(p: Pen) -> None:
    """Open with a scalloped or straight edge, beach parasol or closed."""
    kind = p.pick(5, 3, 2, 1.2)
    hook = [(0.0, 0.8), (0.03, 0.95), (0.15, 1.0), (0.27, 0.93), (0.28, 0.78)]
    if kind == 3:
        p.line([(0.0, -1.0), (0.0, 0.7), *hook])
        w = p.u(0.16, 0.28)
        p.shape([(0.0, -0.85), (w, 0.3), (w * 0.5, 0.42), (0.0, 0.32), (-w * 0.5, 0.42), (-w, 0.3)], 0)
        p.line([(0.0, -0.8), (-w * 0.4, 0.35)], inner=True)
        p.line([(0.0, -0.8), (w * 0.4, 0.35)], inner=True)
        return
    w, high, rim = p.u(0.8, 1.0), p.u(0.6, 0.95), p.u(-0.15, 0.1)
    if kind == 2:
        p.line([(0.0, rim - 0.1), (0.0, 1.0)], False)
    elif p.chance(0.8):
        p.line([(0.0, rim - 0.05), (0.0, 0.3), (0.0, 0.7), *hook])
    else:
        p.line([(0.0, rim - 0.05), (0.0, 0.8), (0.22, 0.8), (0.22, 0.65)], False)
    p.line([(0.0, rim - high), (0.0, rim - high - 0.15)], False)
    dome = arc(0.0, rim, w, high, 180, 360, 9)
    panels = 1 if kind == 1 else p.pick(0, 0, 0, 2, 3, 2, 1)
    ends = np.linspace(w, -w, panels + 1)
    edge = [dome]
    if kind == 2 and p.chance(0.5):
        edge = [np.array([(-w, rim), (0.0, rim - high), (w, rim)])]
    if kind != 1:
        sag = p.u(0.06, 0.14)
        edge += [arc((a + b) / 2, rim, abs(a - b) / 2, sag, 0, -180, 5)[1:] for a, b in zip(ends[:-1], ends[1:], strict=True)]
    outline = np.concatenate(edge)
    p.shape(outline, 0)
    flip = p.chance(0.3)
    for i, x in enumerate(np.linspace(-w, w, max(panels, p.pick(0, 0, 1, 1, 1)) + 1)[1:-1]):
        p.line([(0.0, rim - high), (x * 0.75, rim - high * 0.6), (x, rim)], True, True)
        if flip and i % 2 == 0:
            p.dot(x * 0.8, rim - high * 0.35, 0.06)


def star(p: Pen) -> None:
    """Outlined, drawn in one line, four-pointed, two triangles, plump, shooting or crossed strokes."""
    kind = p.pick(5, 3.5, 1.5, 1.5, 2, 1.5)
    turn = -np.pi / 2 + p.u(-0.15, 0.15)
    if kind == 5:
        tail = p.u(0.5, 0.9)
        for x in np.linspace(-0.35, 0.35, 3):
            p.line([(x + 0.2, x * 0.6), (x + 0.6, x * 0.6 + tail * 0.5), (x + 0.75, x * 0.3 + tail)])
    size = 0.6 if kind == 5 else 1.0
    shift = -0.4 if kind == 5 else 0.0
    points = {2: 4, 3: 6}.get(kind, 5)
    if kind == 1:
        a = turn + np.arange(6) * 4 * np.pi / 5
        p.shape(np.stack([np.cos(a), np.sin(a)], 1)[:5] * size, 0)
        if p.look.fill in ("clear", "hatch", "none"):
            p.line(np.stack([np.cos(a), np.sin(a)], 1) * size, False)
        return
    if kind == 3 and p.chance(0.6):
        for sign in (1.0, -1.0):
            a = turn * sign + np.arange(3) * 2 * np.pi / 3
            ring = np.stack([np.cos(a), np.sin(a)], 1)
            if sign > 0:
                p.shape(ring, 0)
            else:
                p.shape(ring, 1) if p.look.fill != "clear" else p.line([*ring.tolist(), ring[0].tolist()], False)
        return
    waist = {2: p.u(0.22, 0.35), 3: p.u(0.5, 0.6), 4: p.u(0.55, 0.66)}.get(kind, p.u(0.34, 0.5))
    a = turn + np.arange(2 * points) * np.pi / points
    r = np.where(np.arange(2 * points) % 2 == 0, 1.0, waist) * (1 + p.rng.normal(0, 0.05, 2 * points)) * size
    p.shape(np.stack([r * np.cos(a) + shift, r * np.sin(a) + shift], 1), 0, kind == 4)
    extra = p.pick(4, 1.5, 1)
    if extra == 1 and kind in (0, 4):
        p.dot(-0.18, -0.1, 0.06)
        p.dot(0.18, -0.1, 0.06)
        p.line(arc(0.0, 0.02, 0.2, 0.2, 20, 160, 5), inner=True)
    elif extra == 2 and kind != 5:
        for tip in range(0, 2 * points, 2):
            p.line([(0.0, 0.0), (0.8 * r[tip] * np.cos(a[tip]), 0.8 * r[tip] * np.sin(a[tip]))], False, True)


def sailboat(p: Pen) -> None:
    """Two sails, one sail, full sails, a square sail or a two-master, sometimes on waves."""
    kind = p.pick(4, 2.5, 2.5, 2, 1.2)
    w, deck, keel, mast = p.u(0.75, 1.0), p.u(0.35, 0.5), p.u(0.7, 0.9), p.u(-0.15, 0.15)
    p.line([(mast, deck), (mast, -1.0)], False)
    if kind == 3:
        s, top = p.u(0.45, 0.65), p.u(-0.85, -0.7)
        belly = p.u(0.0, 0.15)
        p.shape([(mast - s * 0.85, top), (mast + s * 0.85, top), (mast + s + belly, -0.3), (mast + s, 0.15), (mast - s, 0.15),
                 (mast - s + belly, -0.3)], 0)
        for y in np.linspace(top, 0.15, p.pick(1, 0, 1, 1) + 2)[1:-1]:
            p.line([(mast - s * 0.85, y), (mast + s * 0.9, y)], False, True)
    elif kind == 4:
        for x, h in ((-0.4, -0.6), (0.35, -0.85)):
            p.line([(x, deck), (x, h - 0.1)], False)
            p.shape([(x + 0.04, h), (x + 0.48, 0.2), (x + 0.04, 0.2)], 0, False)
            p.shape([(x - 0.04, h + 0.1), (x - 0.3, 0.2), (x - 0.04, 0.2)], 1, False)
    else:
        gap, boom = p.u(0.02, 0.08), p.u(0.1, 0.25)
        high = p.u(-0.98, -0.8)
        if kind == 2:
            p.shape([(mast + gap, high), (mast + 0.45, -0.4), (mast + 0.75, boom), (mast + 0.35, boom + 0.02), (mast + gap, boom)], 0, False)
            p.shape([(mast - gap, high + 0.15), (mast - 0.2, -0.3), (mast - 0.65, boom), (mast - gap, boom - 0.05)], 1, False)
        else:
            p.shape([(mast + gap, high), (mast + p.u(0.55, 0.85), boom), (mast + gap, boom)], 0)
            if kind == 0:
                p.shape([(mast - gap, high + p.u(0.0, 0.35)), (mast - p.u(0.4, 0.7), boom), (mast - gap, boom)], 1)
    if p.chance(0.35):
        p.shape([(mast, -1.0), (mast + 0.3, -0.92), (mast, -0.82)], 2)
    if p.chance(0.5):
        p.shape([(-w, deck), (w, deck), (w * p.u(0.55, 0.8), keel), (-w * p.u(0.55, 0.85), keel)], 1)
    else:
        p.shape(np.concatenate([[(-w, deck)], arc(0.0, deck, w, keel - deck, 180, 0, 7)[1:]]), 1)
    if p.chance(0.35):
        p.line([(-w * 0.8, deck + 0.12), (w * 0.8, deck + 0.12)], False, True)
    for row in range(p.pick(2, 2, 1)):
        x = np.linspace(-1.2, 1.2, 13)
        p.line(np.stack([x, keel + 0.05 + row * 0.16 + 0.05 * np.where(np.arange(13) % 2, 1, -1)], 1))


def flower(p: Pen) -> None:
    """Daisy, tulip, blossom without stem, rose, sunflower, in a pot or bell."""
    kind = p.pick(4, 2.5, 2.5, 1.5, 2, 1.5)
    y = 0.0 if kind == 2 else -0.45
    if kind != 2:
        bend, foot = p.u(-0.2, 0.2), 0.55 if kind == 5 else 1.0
        p.line([(0.0, y), (bend, 0.3), (bend * 0.4, foot)])
        for sign in (-1.0, 1.0):
            if p.chance(0.65):
                at, reach = p.u(0.3, 0.6) if kind != 5 else 0.2, p.u(0.35, 0.55) * sign
                p.shape([(bend * 0.8, at + 0.2), (reach * 0.5, at - 0.1), (reach, at - 0.1), (reach * 0.6, at + 0.14)], 1, True)
    if kind == 5:
        p.shape([(-0.4, 0.5), (0.4, 0.5), (0.28, 1.0), (-0.28, 1.0)], 1)
        p.box(-0.46, 0.42, 0.46, 0.56, 1)
    if kind == 1:
        w, low, high = p.u(0.3, 0.45), y + 0.35, y - p.u(0.4, 0.5)
        p.shape([(-w, high), (-w * 0.45, high + 0.3), (0.0, high - 0.05), (w * 0.45, high + 0.3), (w, high), (w * 0.95, low - 0.25),
                 (w * 0.4, low), (-w * 0.4, low), (-w * 0.95, low - 0.25)], 0)
        if p.chance(0.5):
            p.line([(-w * 0.45, high + 0.3), (0.0, low - 0.1), (w * 0.45, high + 0.3)], True, True)
        return
    if kind == 3:
        p.oval(0.0, y, 0.45, 0.42, 0)
        t = np.linspace(0.0, 2 * np.pi * p.u(1.6, 2.6), 22)
        p.line(np.stack([0.36 * t / t[-1] * np.cos(t), y + 0.34 * t / t[-1] * np.sin(t)], 1), True, True)
        return
    size = 1.0 if kind == 2 else 0.55
    n = p.pick(*[0] * 11, 1, 1, 1, 1) if kind == 4 else p.pick(0, 0, 0, 0, 1, 4, 3, 1, 2)
    heart = p.u(0.4, 0.5) if kind == 4 else p.u(0.2, 0.36)
    turn, pointed = p.u(0.0, 6.3), p.chance(0.3) or kind == 4
    wide = np.tan(np.pi / n) * (0.75 if pointed else 0.95)
    for a in turn + np.arange(n) * 2 * np.pi / n:
        d, s = np.array([np.cos(a), np.sin(a)]), np.array([-np.sin(a), np.cos(a)])
        mid, reach = (heart + 1) / 2 + 0.08, p.u(0.92, 1.0)
        petal = [d * heart * 0.7, d * mid + s * wide * mid, d * reach, d * mid - s * wide * mid]
        if not pointed:
            petal[2:3] = [d * reach + s * wide * 0.4, d * reach - s * wide * 0.4]
        p.shape(np.array(petal) * size + (0.0, y), 0, True)
    p.oval(0.0, y, heart * size, heart * size, 2)
    if kind == 4 and p.chance(0.6):
        for k in (-0.4, 0.0, 0.4):
            p.line([(k * heart * size - 0.12, y - 0.12), (k * heart * size + 0.12, y + 0.12)], False, True)


def car(p: Pen) -> None:
    """Saloon, beetle, van, pick-up, from the front or an open car; mostly facing left."""
    kind = p.pick(4, 2.5, 2, 2, 1.5, 1)
    if kind == 4:
        w = p.u(0.65, 0.8)
        for x in (-w, w - 0.28):
            p.box(x, 0.4, x + 0.28, 0.8, 1)
        p.shape([(-w * 0.7, -0.1), (-w * 0.5, -0.65), (w * 0.5, -0.65), (w * 0.7, -0.1)], 0)
        p.shape([(-w * 0.55, -0.12), (-w * 0.4, -0.52), (w * 0.4, -0.52), (w * 0.55, -0.12)], 2)
        p.box(-w, -0.12, w, 0.5, 0)
        for x in (-w * 0.65, w * 0.65):
            p.oval(x, 0.14, 0.14, 0.14, 2)
        p.box(-0.22, 0.1, 0.22, 0.32, 2)
        return
    r, floor, belt = p.u(0.18, 0.26), 0.35, p.u(-0.12, 0.02)
    roof = belt - p.u(0.35, 0.5)
    if kind == 0:
        a, b, c, d = p.u(-0.6, -0.4), p.u(-0.3, -0.15), p.u(0.3, 0.5), p.u(0.55, 0.8)
        p.shape([(-1.0, floor), (-1.0, belt + 0.1), (-0.9, belt), (a, belt), (b, roof), (c, roof), (d, belt), (0.95, belt + 0.03),
                 (1.0, floor)], 0, p.chance(0.15))
        panes = [[(a + 0.15, belt), (b + 0.05, roof + 0.1), (0.05, roof + 0.1), (0.05, belt)],
                 [(0.13, belt), (0.13, roof + 0.1), (c - 0.03, roof + 0.1), (d - 0.15, belt)]]
    elif kind == 1:
        p.shape([(-1.0, floor), (-0.95, belt + 0.1), (-0.5, belt - 0.05), (-0.25, roof), (0.25, roof - 0.05), (0.7, belt - 0.1),
                 (0.98, floor - 0.15), (0.95, floor)], 0, True)
        panes = [[(-0.35, belt), (-0.2, roof + 0.13), (0.03, roof + 0.1), (0.03, belt)],
                 [(0.13, belt), (0.13, roof + 0.1), (0.3, roof + 0.13), (0.5, belt)]]
    elif kind == 2:
        nose = p.u(0.0, 0.25)
        p.shape([(-1.0, floor), (-1.0, belt), (-1.0 + nose, roof - 0.15), (1.0, roof - 0.15), (1.0, floor)], 0)
        panes = [[(x, belt - 0.05), (x, roof), (x + 0.34, roof), (x + 0.34, belt - 0.05)] for x in (-0.72, -0.25, 0.22)]
    elif kind == 3:
        p.shape([(-1.0, floor), (-1.0, belt + 0.05), (-0.55, belt), (-0.35, roof), (0.1, roof), (0.1, belt + 0.05), (1.0, belt + 0.05),
                 (1.0, floor)], 0)
        panes = [[(-0.42, belt), (-0.28, roof + 0.1), (0.0, roof + 0.1), (0.0, belt)]]
    else:
        p.line([(-0.35, belt), (-0.1, roof + 0.1)], False)
        p.line(arc(0.3, belt - 0.05, 0.14, 0.14, 150, 270, 5))
        p.shape([(-1.0, floor), (-0.95, belt + 0.1), (-0.35, belt), (0.85, belt), (1.0, belt + 0.15), (0.98, floor)], 0)
        panes = []
    if p.chance(0.9):
        for pane in panes:
            p.shape(pane, 2)
    for x in (-p.u(0.5, 0.62), p.u(0.5, 0.62)):
        p.oval(x, floor, r, r, 1)
        if p.chance(0.7):
            p.oval(x, floor, r * 0.45, r * 0.45, 2)
    if p.chance(0.4):
        p.line([(0.09, belt), (0.09, floor - 0.05)], False, True)
        p.line([(0.15, belt + 0.12), (0.25, belt + 0.12)], False, True)
    if p.chance(0.4):
        p.oval(-0.9, belt + 0.18, 0.07, 0.07, 2)


def cat(p: Pen) -> None:
    """Face, sitting from behind or in front, walking, curled up or peeping over an edge."""
    kind = p.pick(4, 2.5, 2.5, 1.2, 1.2)
    if kind == 0:
        face(p, 0.0, 0.1, p.u(0.65, 0.85), True)
    elif kind == 1:
        side = 1.0 if p.chance(0.5) else -1.0
        p.line([(0.3 * side, 0.85), (0.75 * side, 0.85), (0.9 * side, 0.45), (0.7 * side, 0.15), (0.85 * side, -0.1)])
        p.shape([(-0.25, -0.3), (-0.45, 0.4), (-0.45, 0.95), (0.45, 0.95), (0.45, 0.4), (0.25, -0.3)], 0, True)
        if p.chance(0.6):
            p.line([(-0.12, 0.4), (-0.12, 0.92)], True, True)
            p.line([(0.12, 0.4), (0.12, 0.92)], True, True)
        face(p, 0.0, -0.45, p.u(0.34, 0.42), p.chance(0.75))
    elif kind == 2:
        p.line([(0.65, 0.0), (0.9, -0.15), (0.85, -0.5), (1.0, -0.75)])
        for x in (-0.5, -0.32, 0.42, 0.6):
            p.box(x - 0.07, 0.2, x + 0.07, p.u(0.72, 0.85), 1)
        p.shape([(-0.6, -0.1), (0.0, -0.12), (0.65, -0.12), (0.75, 0.15), (0.6, 0.4), (-0.5, 0.4), (-0.65, 0.15)], 0, True)
        face(p, -0.65, -0.3, p.u(0.28, 0.36), p.chance(0.75))
    elif kind == 3:
        p.oval(0.15, 0.25, 0.75, 0.5, 0)
        p.line([(0.85, 0.35), (0.7, 0.7), (0.2, 0.78), (-0.25, 0.65)])
        face(p, -0.5, 0.25, p.u(0.33, 0.4), True)
    else:
        face(p, 0.0, -0.1, p.u(0.55, 0.65), True)
        p.shape([(-1.0, 0.45), (1.0, 0.45), (1.0, 0.6), (-1.0, 0.6)], 1)
        for x in (-0.4, 0.4):
            p.oval(x, 0.45, 0.17, 0.13, 0)


def face(p: Pen, x: float, y: float, r: float, features: bool) -> None:
    """A cat's head of radius r: two pointed ears, eyes, nose and whiskers."""
    high, tip, flat = p.u(1.1, 1.5), p.u(0.7, 0.95), p.u(0.75, 1.0)
    outline = [(-0.28, -0.82), (0.28, -0.82), (tip, -high), (0.93, -0.3), (0.85, 0.4), (0.4, 0.85), (-0.4, 0.85), (-0.85, 0.4),
               (-0.93, -0.3), (-tip, -high)]
    centre = np.array([x, y])
    if p.chance(0.5):
        p.shape(np.array(outline) * (r, r * flat) + centre, 0)
    else:
        for s in (-1.0, 1.0):
            ear = np.array([(s * 0.9, -0.35), (s * tip, -high), (s * 0.22, -0.85)])
            p.shape(ear * (r, r * flat) + centre, p.pick(3, 1))
        p.oval(x, y, r, r * 0.88 * flat, 0)
    if not features:
        return
    eye = p.pick(3, 2, 1)
    for s in (-0.4, 0.4):
        if eye == 0:
            p.dot(x + s * r, y - 0.12 * r, 0.1 * r)
        elif eye == 1:
            p.oval(x + s * r, y - 0.12 * r, 0.16 * r, 0.14 * r, 2)
        else:
            p.line(arc(x + s * r, y - 0.12 * r, 0.15 * r, 0.12 * r, 180, 360, 5), inner=True)
    p.shape(np.array([(-0.1, 0.14), (0.1, 0.14), (0.0, 0.26)]) * r + centre, 2)
    if p.chance(0.6):
        p.line(np.array([(-0.25, 0.35), (-0.12, 0.45), (0.0, 0.26), (0.12, 0.45), (0.25, 0.35)]) * r + centre, True, True)
    if p.chance(0.85):
        for s in (-1.0, 1.0):
            for lift in (-0.08, 0.1, 0.28)[: p.pick(0, 0, 1, 2)]:
                p.line(np.array([(s * 0.35, 0.2 + lift * 0.5), (s * 1.25, 0.1 + lift * 1.6)]) * r + centre, False)


DESIGNS: dict[str, Callable[[Pen], None]] = {
    "house": house, "tree": tree, "fish": fish, "cup": cup, "umbrella": umbrella,
    "star": star, "sailboat": sailboat, "flower": flower, "car": car, "cat": cat,
}


def draw(label: int, seed: int, side: int = 64) -> Image.Image:
    """The picture of class CLASSES[label] for this seed: RGB [side, side], the same at any side.

    ValueError when there is no such class, when the seed is negative or the side below 8.
    """
    if not 0 <= label < len(CLASSES) or seed < 0 or side < 8:
        raise ValueError(f"draw needs a label of 0..{len(CLASSES) - 1}, a seed from 0 on and a side of at least 8")
    rng = np.random.default_rng(np.random.SeedSequence((label, seed)))
    on = sheet(rng)
    fine = side * (3 if side <= 96 else 2)
    hand, other = look(rng, on), look(rng, on)
    layers = [Image.new("RGBA", (fine, fine), (*tone, 0)) for tone in (other.ink, hand.ink)]
    if on.ruling:
        rule(layers[0], rng, on.ruling)
    others = [design for name, design in DESIGNS.items() if name != CLASSES[label]]
    clutter(layers[0], rng, other if rng.random() < 0.5 else hand, others)
    scale = rng.uniform(0.24, 0.42)
    room = max(0.05, 0.5 - scale)
    x, y = 0.5 + rng.uniform(-room, room, 2) * 0.9
    DESIGNS[CLASSES[label]](Pen(layers[1], rng, hand, pose(rng, float(x), float(y), float(scale), 0.2)))
    return develop(layers, rng, on, side)
