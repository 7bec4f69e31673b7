"""Tree, fish, star, flower and cat, each in several designs, in coordinates of about -1..1, y down.

Every function draws one design at random with the pen it is given; it knows nothing about paper, seeds or labels.
"""

from __future__ import annotations

import numpy as np

from ftcore.data.sketchbook.pen import Array, Pen, arc, moved


def tree(p: Pen) -> None:
    """Round, cloudy, fir, bare, poplar or palm."""
    draw = (fir, bare, palm, leafy)[p.pick(4, 2, 2, 7.5)]
    draw(p, p.u(0.07, 0.16))


def fir(p: Pen, t: float) -> None:
    """One to four triangles on a stem of half-width t."""
    lean, tiers, w, rise = p.u(-0.1, 0.1), p.pick(0, 1, 2, 3, 2), p.u(0.5, 0.8), p.u(0.1, 0.3)
    p.box(-t, 0.6, t, 1.0, 1)
    for i in range(tiers):
        low, wide = 0.7 - 1.6 * i / (tiers + 0.6), w * (1 - 0.75 * i / tiers)
        p.shape([(-wide, low), (lean, max(low - 1.6 / tiers - rise * (tiers > 1), -1.0)), (wide, low)])


def bare(p: Pen, t: float) -> None:
    """A stem and forking branches."""
    p.shape([(-t * 1.5, 1.0), (-t, 0.1), (t, 0.1), (t * 1.5, 1.0)])
    for angle in np.linspace(-2.6, -0.5, p.pick(0, 0, 0, 1, 2, 2)) + p.u(-0.1, 0.1):
        root, along = np.array([0.0, p.u(0.0, 0.2)]), np.array([np.cos(angle), np.sin(angle)]) * p.u(0.7, 1.05)
        p.line(np.array([root, root + along * 0.5 + p.u(-0.06, 0.06), root + along]))
        for fork in (angle - 0.6, angle + 0.6):
            twig = np.array([np.cos(fork), np.sin(fork)]) * p.u(0.25, 0.4)
            p.line(np.array([root + along * 0.5, root + along * 0.55 + twig]))


def palm(p: Pen, t: float) -> None:
    """A bent stem and a crown of long leaves."""
    bend, top, knee = p.u(-0.4, 0.4), p.u(-0.6, -0.4), p.u(-0.2, 0.2)
    p.shape([(-t, 1.0), (knee - t, 0.2), (bend - 0.04, top), (bend + 0.06, top), (knee + t, 0.2), (t, 1.0)])
    for angle in np.linspace(-3.4, 0.25, p.pick(0, 0, 0, 0, 0, 2, 2, 1)).tolist():
        x, y = float(np.cos(angle)) * p.u(0.6, 0.8), float(np.sin(angle)) * p.u(0.4, 0.55)
        p.shape(moved([(0.0, 0.0), (x * 0.6, y - 0.12), (x, y * 0.6 + 0.25), (x * 0.5, y)], bend, top), 1, True)


def leafy(p: Pen, t: float) -> None:
    """A round, tall or cloudy crown on a stem, with or without apples and leaves."""
    lean, kind = p.u(-0.1, 0.1), p.pick(3, 1.2, 3.3)
    p.shape([(-t * 1.4, 1.0), (-t, 0.0), (t, 0.0), (t * 1.4, 1.0)], 1)
    if kind == 1:
        wide = p.u(0.36, 0.5)
        p.shape([(0.0, -1.0), (wide, -0.2), (wide * 0.6, 0.35), (-wide * 0.6, 0.35), (-wide, -0.2)], 0, True)
        p.line([(0.0, 0.35), (0.0, -0.4)], False, True)
        for y in (0.1, -0.15):
            p.line([(-wide * 0.5, y - 0.2), (0.0, y), (wide * 0.5, y - 0.2)], False, True)
        return
    if kind == 0:
        p.oval(lean, -0.4, p.u(0.5, 0.72), p.u(0.48, 0.6))
    else:
        lobes, wide, high = p.pick(0, 0, 0, 0, 0, 1, 1, 1, 1), p.u(0.5, 0.7), p.u(0.38, 0.5)
        a = np.linspace(0.0, 2 * np.pi, 4 * lobes + 1)[:-1]
        bump = 1.0 + 0.28 * np.abs(np.sin(a * lobes / 2))
        p.shape(np.stack([np.cos(a) * wide * bump + lean, np.sin(a) * high * bump - 0.35], 1), 0, True)
    for _ in range(p.pick(2, 0, 1, 2, 1)):
        x, y = p.u(-0.35, 0.35), p.u(-0.6, -0.15)
        if p.chance(0.5):
            p.oval(x, y, 0.07, 0.07, 2)
        else:
            p.line([(x - 0.1, y), (x, y + 0.08), (x + 0.1, y)], inner=True)


def fish(p: Pen) -> None:
    """Oval, in one ribbon, round, an angelfish, long, or bones; its head to the left."""
    kind = p.pick(4, 2.5, 2.5, 2, 2, 1)
    if kind == 5:
        return bones(p)
    high = (p.u(0.35, 0.55), p.u(0.3, 0.45), p.u(0.55, 0.68), p.u(0.5, 0.65), p.u(0.2, 0.3))[kind]
    if kind == 1:
        back = [(1.0, -high), (0.3, 0.12), (-0.4, high)]
        p.shape([*back, (-1.0, 0.0), *[(x, -y) for x, y in reversed(back)]], 0, True)
    else:
        end, nose, fin = 0.6 if kind == 4 else 0.45, -0.8 if kind == 2 else -1.0, p.u(0.2, 0.35)
        tail = [(1.0, -p.u(0.3, 0.55)), (p.u(0.7, 0.95), 0.0), (1.0, p.u(0.3, 0.55))]
        p.shape([(end - 0.1, 0.0), *tail], 1, p.chance(0.4))
        if kind == 3:
            for s in (-1.0, 1.0):
                p.shape([(-0.4, 0.3 * s), (0.35, s), (0.3, 0.1 * s)], 1, p.chance(0.5))
        elif p.chance(0.7):
            p.shape([(-0.4, -high * 0.7), (-0.05, -high - fin), (0.25, -high * 0.7)], 1, p.chance(0.5))
            if p.chance(0.6):
                p.shape([(-0.2, high * 0.7), (0.1, high + fin), (0.25, high * 0.6)], 1)
        back = [(nose * 0.55, -high * 0.85), (-0.1, -high), (end - 0.15, -high * 0.45)]
        p.shape([(nose, 0.02), *back, (end + 0.05, 0.0), *[(x, -y) for x, y in reversed(back)]], 0, True)
    if p.chance(0.4):
        p.oval(-0.6, -high * 0.25, 0.11, 0.11, 2)
    p.dot(-0.6, -high * 0.25, p.u(0.04, 0.07))
    if p.chance(0.5):
        p.line(arc(-0.6, 0.0, 0.25, high * 0.75, -60, 60, 5), inner=True)
    if p.chance(0.4):
        p.line([(-0.95, 0.1), (-0.8, 0.12), (-0.7, 0.06)], inner=True)
    scales(p, high)


def scales(p: Pen, high: float) -> None:
    """Nothing, stripes, scales or dashes on a fish."""
    pattern = p.pick(2, 1, 1, 1)
    for x in (-0.2, 0.0, 0.2, 0.4)[: p.pick(0, 0, 1, 2, 1)]:
        if pattern == 1:
            p.line([(x, -high * 0.75), (x + 0.06, 0.0), (x, high * 0.75)], inner=True)
        elif pattern == 2:
            p.line(arc(x, p.u(-0.15, 0.15), 0.1, 0.12, -80, 80, 5), inner=True)
        elif pattern == 3:
            p.line([(x - 0.1, p.u(-0.1, 0.1)), (x + 0.1, p.u(-0.1, 0.1))], inner=True)


def bones(p: Pen) -> None:
    """What a cat leaves of a fish."""
    p.shape([(-1.0, 0.0), (-0.5, -0.35), (-0.5, 0.35)])
    p.line([(-0.5, 0.0), (0.7, 0.0)], False)
    for x in np.linspace(-0.25, 0.45, p.pick(0, 0, 0, 0, 1, 1)).tolist():
        p.line([(x, -0.35 + 0.25 * x), (x + 0.06, 0.0), (x, 0.35 - 0.25 * x)], False)
    p.shape([(0.65, 0.0), (1.0, -0.3), (0.9, 0.0), (1.0, 0.3)])
    p.dot(-0.68, -0.05, 0.06)


def star(p: Pen) -> None:
    """Outlined, in one line, four-pointed, six-pointed, plump or shooting."""
    kind = p.pick(5, 3.5, 1.5, 1.5, 2, 1.5)
    turn, size = -np.pi / 2 + p.u(-0.15, 0.15), 0.6 if kind == 5 else 1.0
    if kind == 1 or (kind == 3 and p.chance(0.6)):
        return crossed_star(p, turn, 5 if kind == 1 else 6)
    shift = -0.4 if kind == 5 else 0.0
    if kind == 5:
        tail = p.u(0.5, 0.9)
        for x in (-0.35, 0.0, 0.35):
            p.line([(x + 0.2, x * 0.6), (x + 0.6, x * 0.6 + tail * 0.5), (x + 0.75, x * 0.3 + tail)])
    n = 2 * {2: 4, 3: 6}.get(kind, 5)
    waist = {2: p.u(0.22, 0.35), 3: p.u(0.5, 0.6), 4: p.u(0.55, 0.66)}.get(kind, p.u(0.34, 0.5))
    a = turn + np.arange(n) * 2 * np.pi / n
    r = np.where(np.arange(n) % 2 == 0, 1.0, waist) * (1 + p.rng.normal(0.0, 0.05, n)) * size
    tips = np.stack([np.cos(a), np.sin(a)], 1) * r[:, None]
    p.shape(moved(tips, shift, shift), 0, kind == 4)
    extra = p.pick(4, 1.5, 1)
    if extra == 1 and kind in (0, 4):
        p.dot(-0.18, -0.1, 0.06)
        p.dot(0.18, -0.1, 0.06)
        p.line(arc(0.0, 0.02, 0.2, 0.2, 20, 160, 5), inner=True)
    elif extra == 2 and kind != 5:
        for tip in tips[::2] * 0.8:
            p.line(np.array([(0.0, 0.0), tip]), False, True)


def crossed_star(p: Pen, turn: float, points: int) -> None:
    """Five points in one line that crosses itself, or two triangles."""
    if points == 5:
        a = turn + np.arange(6) * 4 * np.pi / 5
        ring = np.stack([np.cos(a), np.sin(a)], 1)
        p.shape(ring[:5])
        if p.look.fill in ("clear", "hatch"):
            p.line(ring, False)
        return
    for s in (1.0, -1.0):
        a = turn * s + np.arange(4) * 2 * np.pi / 3
        ring = np.stack([np.cos(a), np.sin(a)], 1)
        if s < 0 and p.look.fill == "clear":
            p.line(ring, False)
        else:
            p.shape(ring[:3], 0 if s > 0 else 1)


def flower(p: Pen) -> None:
    """Daisy, tulip, blossom without a stem, rose, sunflower, or one in a pot."""
    kind = p.pick(4, 2.5, 2.5, 1.5, 2, 1.5)
    y = 0.0 if kind == 2 else -0.45
    if kind != 2:
        stem(p, y, kind == 5)
    if kind == 1:
        w, low, high = p.u(0.3, 0.45), y + 0.35, y - p.u(0.4, 0.5)
        crown = [(-w, high), (-w * 0.45, high + 0.3), (0.0, high - 0.05), (w * 0.45, high + 0.3), (w, high)]
        p.shape([*crown, (w * 0.95, low - 0.25), (w * 0.4, low), (-w * 0.4, low), (-w * 0.95, low - 0.25)])
        if p.chance(0.5):
            p.line([(-w * 0.45, high + 0.3), (0.0, low - 0.1), (w * 0.45, high + 0.3)], inner=True)
    elif kind == 3:
        t = np.linspace(0.0, 2 * np.pi * p.u(1.6, 2.6), 22)
        p.oval(0.0, y, 0.45, 0.42)
        p.line(moved(np.stack([np.cos(t), np.sin(t)], 1) * t[:, None], 0.0, y, 0.35 / float(t[-1])), inner=True)
    elif kind == 4:
        petals(p, y, 0.55, p.pick(*[0] * 11, 1, 1, 1, 1), p.u(0.4, 0.5), True)
    else:
        size = 1.0 if kind == 2 else 0.55
        petals(p, y, size, p.pick(0, 0, 0, 0, 1, 4, 3, 1, 2), p.u(0.2, 0.36), p.chance(0.3))


def stem(p: Pen, top: float, pot: bool) -> None:
    """A bent stem with up to two leaves, in a pot or not."""
    bend = p.u(-0.2, 0.2)
    p.line([(0.0, top), (bend, 0.3), (bend * 0.4, 0.55 if pot else 1.0)])
    for s in (-1.0, 1.0):
        if p.chance(0.65):
            y, x = 0.2 if pot else p.u(0.3, 0.6), p.u(0.35, 0.55) * s
            p.shape([(bend * 0.8, y + 0.2), (x * 0.5, y - 0.1), (x, y - 0.1), (x * 0.6, y + 0.14)], 1, True)
    if pot:
        p.shape([(-0.4, 0.5), (0.4, 0.5), (0.28, 1.0), (-0.28, 1.0)], 1)
        p.box(-0.46, 0.42, 0.46, 0.56, 1)


def petals(p: Pen, y: float, size: float, n: int, heart: float, pointed: bool) -> None:
    """n petals around a heart of this share of the radius."""
    wide, turn = float(np.tan(np.pi / n)) * (0.75 if pointed else 0.95), p.u(0.0, 6.3)
    middle = (heart + 1) / 2 + 0.08
    for a in turn + np.arange(n) * 2 * np.pi / n:
        along, across = np.array([np.cos(a), np.sin(a)]), np.array([-np.sin(a), np.cos(a)]) * wide
        reach = along * p.u(0.92, 1.0)
        end = [reach] if pointed else [reach + across * 0.4, reach - across * 0.4]
        sides = (along + across) * middle, (along - across) * middle
        p.shape(moved(np.array([along * heart * 0.7, sides[0], *end, sides[1]]), 0.0, y, size), 0, True)
    p.oval(0.0, y, heart * size, heart * size, 2)


def cat(p: Pen) -> None:
    """Face, sitting, walking, curled up or peeping over an edge."""
    kind = p.pick(4, 2.5, 2.5, 1.2, 1.2)
    if kind == 0:
        face(p, 0.0, 0.1, p.u(0.65, 0.85), True)
    elif kind == 1:
        s = 1.0 if p.chance(0.5) else -1.0
        p.line([(0.3 * s, 0.85), (0.75 * s, 0.85), (0.9 * s, 0.45), (0.7 * s, 0.15), (0.85 * s, -0.1)])
        p.shape([(-0.25, -0.3), (-0.45, 0.4), (-0.45, 0.95), (0.45, 0.95), (0.45, 0.4), (0.25, -0.3)], 0, True)
        if p.chance(0.6):
            for x in (-0.12, 0.12):
                p.line([(x, 0.4), (x, 0.92)], inner=True)
        face(p, 0.0, -0.45, p.u(0.38, 0.46), p.chance(0.75))
    elif kind == 2:
        p.line([(0.65, 0.0), (0.9, -0.15), (0.85, -0.5), (1.0, -0.75)])
        for x in (-0.46, -0.14, 0.26, 0.58)[:: 1 if p.chance(0.5) else 3]:
            p.box(x - 0.08, 0.2, x + 0.08, p.u(0.74, 0.9), p.pick(1, 1))
        back = [(-0.6, -0.1), (0.0, -0.12), (0.65, -0.12), (0.75, 0.15)]
        p.shape([*back, (0.6, 0.4), (-0.5, 0.4), (-0.65, 0.15)], 0, True)
        face(p, -0.62, -0.32, p.u(0.34, 0.42), p.chance(0.75))
    elif kind == 3:
        p.oval(0.15, 0.25, 0.75, 0.5)
        p.line([(0.85, 0.35), (0.7, 0.7), (0.2, 0.78), (-0.25, 0.65)])
        face(p, -0.45, 0.22, p.u(0.42, 0.5), True)
    else:
        face(p, 0.0, -0.1, p.u(0.55, 0.65), True)
        p.box(-1.0, 0.45, 1.0, 0.6, 1)
        for x in (-0.4, 0.4):
            p.oval(x, 0.45, 0.17, 0.13)


def face(p: Pen, x: float, y: float, r: float, features: bool) -> None:
    """A cat's head of radius r with its two pointed ears."""
    high, tip, flat = p.u(1.1, 1.5), p.u(0.7, 0.95), p.u(0.75, 1.0)

    def at(points: list[tuple[float, float]]) -> Array:
        return moved(np.array(points) * (1.0, flat), x, y, r)

    if p.chance(0.5):
        right = [(0.28, -0.82), (tip, -high), (0.93, -0.3), (0.85, 0.4), (0.4, 0.85)]
        p.shape(at(right + [(-a, b) for a, b in reversed(right)]))
    else:
        for s in (-1.0, 1.0):
            p.shape(at([(s * 0.9, -0.35), (s * tip, -high), (s * 0.22, -0.85)]), p.pick(3, 1))
        p.oval(x, y, r, r * 0.88 * flat)
    if features:
        whiskers(p, x, y, r)


def whiskers(p: Pen, x: float, y: float, r: float) -> None:
    """Eyes, nose, mouth and whiskers."""
    eye = p.pick(3, 2, 1)
    for s in (-0.4, 0.4):
        if eye == 0:
            p.dot(x + s * r, y - 0.12 * r, 0.1 * r)
        elif eye == 1:
            p.oval(x + s * r, y - 0.12 * r, 0.16 * r, 0.14 * r, 2)
        else:
            p.line(arc(x + s * r, y - 0.12 * r, 0.15 * r, 0.12 * r, 180, 360, 5), inner=True)
    p.shape(moved([(-0.1, 0.14), (0.1, 0.14), (0.0, 0.26)], x, y, r), 2)
    if p.chance(0.6):
        mouth = [(-0.25, 0.35), (-0.12, 0.45), (0.0, 0.26), (0.12, 0.45), (0.25, 0.35)]
        p.line(moved(mouth, x, y, r), inner=True)
    if p.chance(0.85):
        for s in (-1.0, 1.0):
            for lift in (-0.08, 0.1, 0.28)[: p.pick(0, 0, 1, 2)]:
                p.line(moved([(s * 0.35, 0.2 + lift * 0.5), (s * 1.25, 0.1 + lift * 1.6)], x, y, r), False)
