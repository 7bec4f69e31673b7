"""House, cup, umbrella, sailboat and car, each in several designs, in coordinates of about -1..1, y down.

Every function draws one design at random with the pen it is given; it knows nothing about paper, seeds or labels.
"""

from __future__ import annotations

import numpy as np

from ftcore.data.sketchbook.pen import Pen, arc, moved


def house(p: Pen) -> None:
    """Gabled, hipped, seen from a corner, in one outline or narrow; with or without chimney, door and windows."""
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
        p.box(g, top, w, 1.0)
        p.shape([(mid, roof), (w - 0.2, roof), (w + eave, top), (g, top)], 1)
        p.shape([(-w, 1.0), (-w, top), (mid, roof), (g, top), (g, 1.0)])
        door, windows = mid - 0.13, [(g + (w - g) * 0.3, 0.4), (g + (w - g) * 0.72, 0.4)]
    else:
        if kind == 3:
            p.shape([(-w, 1.0), (-w, top), (0.0, roof), (w, top), (w, 1.0)])
        else:
            ridge = w * p.u(0.4, 0.75) if kind == 1 else 0.0
            p.box(-w, top, w, 1.0)
            p.shape([(-w - eave, top), (-ridge, roof), (ridge, roof), (w + eave, top)], 1)
        door = -0.13 if kind == 4 else w * p.u(-0.6, 0.4)
        windows = [(-w * 0.55, 0.3), (w * 0.55, 0.3), (0.0, 0.25), (0.0, (roof + top) / 2 + 0.05)]
        windows = windows[: p.pick(0, 1, 3, 2, 2)]
    if p.chance(0.85):
        high = p.u(0.35, 0.55)
        p.shape([(door, 1.0), (door, high), (door + 0.26, high), (door + 0.26, 1.0)], 2, p.chance(0.2))
    size, crossed = p.u(0.1, 0.17), p.chance(0.6)
    for x, y in windows:
        window(p, x, y, size, crossed)


def window(p: Pen, x: float, y: float, size: float, crossed: bool) -> None:
    """A square or round window, with or without a cross."""
    if p.chance(0.3):
        p.oval(x, y, size, size, 2)
    else:
        p.box(x - size, y - size, x + size, y + size, 2)
    if crossed:
        p.line([(x - size, y), (x + size, y)], inner=True)
        p.line([(x, y - size), (x, y + size)], inner=True)


def cup(p: Pen) -> None:
    """Mug, teacup on its saucer, paper cup with a lid or a glass with a straw."""
    draw = (mug, teacup, paper_cup, glass)[p.pick(7, 3, 2, 1.5)]
    draw(p)


def mug(p: Pen) -> None:
    """A mug with its handle, seen from the side or from a little above."""
    w, low, top = p.u(0.45, 0.65), p.u(0.6, 0.9), p.u(-0.7, -0.4)
    base, above = w * p.u(0.75, 1.0), p.chance(0.6)
    handle(p, w * 0.9, top + (low - top) * p.u(0.4, 0.5), low - top)
    if p.chance(0.4):
        p.shape([(-w, top), (-base, low), (base, low), (w, top)])
    else:
        p.shape([(-w, top), *arc(0.0, low - 0.1, base, 0.16, 180, 0, 7).tolist(), (w, top)])
    if above:
        p.oval(0.0, top, w, p.u(0.08, 0.2), 2)
    mark = p.pick(2, 1, 1)
    if mark == 1:
        p.line([(-w * 0.8, top + 0.45), (0.0, top + 0.5), (w * 0.8, top + 0.45)], inner=True)
    elif mark == 2:
        p.oval(0.0, 0.2, 0.16, 0.16, 2)
    steam(p, top)


def teacup(p: Pen) -> None:
    """A low cup on its saucer."""
    w, low, top = p.u(0.5, 0.65), p.u(0.4, 0.55), p.u(-0.35, -0.15)
    base = w * 0.4
    handle(p, w * 0.9, top + (low - top) * 0.45, low - top)
    p.oval(0.0, low + 0.05, w + 0.35, 0.14, 1)
    p.shape([(-w, top), (-w * 0.85, low * 0.5), (-base, low), (base, low), (w * 0.85, low * 0.5), (w, top)])
    p.oval(0.0, top, w, p.u(0.08, 0.18), 2)
    steam(p, top)


def handle(p: Pen, x: float, y: float, high: float) -> None:
    """A bow at the right of a cup `high` tall, with or without an inner edge."""
    grip = p.u(0.3, 0.5)
    p.shape(arc(x, y, grip, high * 0.3, -95, 95, 9), 1, True)
    if p.chance(0.7):
        p.shape(arc(x, y, grip * 0.6, high * 0.18, -95, 95, 9), 2, True)


def steam(p: Pen, top: float) -> None:
    """No, two or three wisps above a cup."""
    for x in (-0.25, 0.0, 0.25)[: p.pick(3, 0, 2, 2)]:
        p.line([(x, top - 0.2), (x + 0.08, top - 0.32), (x - 0.06, top - 0.46), (x + 0.04, top - 0.6)])


def paper_cup(p: Pen) -> None:
    """A tall cup with a lid and a sleeve."""
    w, base, top, low = p.u(0.5, 0.6), p.u(0.32, 0.42), -0.6, 0.95
    p.shape([(-w, top), (-base, low), (base, low), (w, top)])
    p.box(-w - 0.06, top - 0.16, w + 0.06, top, 1)
    p.shape([(-w * 0.85, top - 0.16), (-w * 0.75, top - 0.32), (w * 0.75, top - 0.32), (w * 0.85, top - 0.16)], 1)
    p.shape([(-w * 0.88, -0.15), (-w * 0.75, 0.4), (w * 0.75, 0.4), (w * 0.88, -0.15)], 2)


def glass(p: Pen) -> None:
    """A glass with a bent straw."""
    w, base, top, low = p.u(0.45, 0.55), p.u(0.3, 0.4), -0.5, 0.95
    p.shape([(-w, top), (-base, low), (base, low), (w, top)])
    p.oval(0.0, top, w, 0.12, 2)
    p.line([(0.12, top), (0.25, -0.8), (0.6, -1.0)], False)
    if p.chance(0.5):
        p.line([(-w * 0.85, -0.1), (0.0, -0.05), (w * 0.85, -0.1)], inner=True)


def umbrella(p: Pen) -> None:
    """Open with a scalloped or a straight edge, a beach parasol, or closed."""
    kind = p.pick(5, 3, 2, 1.2)
    hook = [(0.0, 0.8), (0.03, 0.95), (0.15, 1.0), (0.27, 0.93), (0.28, 0.78)]
    if kind == 3:
        w = p.u(0.18, 0.3)
        p.line([(0.0, -1.0), (0.0, 0.7), *hook])
        p.shape([(0.0, -0.85), (w, 0.3), (w * 0.5, 0.42), (0.0, 0.32), (-w * 0.5, 0.42), (-w, 0.3)])
        for x in (-w * 0.4, w * 0.4):
            p.line([(0.0, -0.8), (x, 0.35)], inner=True)
        return
    w, high, rim = p.u(0.8, 1.0), p.u(0.6, 0.95), p.u(-0.15, 0.1)
    if kind == 2:
        p.line([(0.0, rim - 0.1), (0.0, 1.0)], False)
    elif p.chance(0.8):
        p.line([(0.0, rim - 0.05), (0.0, 0.3), (0.0, 0.7), *hook])
    else:
        p.line([(0.0, rim - 0.05), (0.0, 0.8), (0.22, 0.8), (0.22, 0.65)], False)
    p.line([(0.0, rim - high), (0.0, rim - high - 0.15)], False)
    panels = 1 if kind == 1 else p.pick(0, 0, 0, 2, 3, 2, 1)
    ends, dome = np.linspace(w, -w, panels + 1), arc(0.0, rim, w, high, 180, 360, 9)
    if kind == 2 and p.chance(0.5):
        dome = np.array([(-w, rim), (0.0, rim - high), (w, rim)])
    sag = 0.0 if kind == 1 else p.u(0.06, 0.14)
    scallops = [arc(x, rim, w / panels, sag, 0, -180, 5)[1:] for x in (ends[:-1] + ends[1:]) / 2]
    p.shape(np.concatenate([dome, *scallops]))
    for x in np.linspace(-w, w, max(panels, p.pick(0, 0, 1, 1, 1)) + 1)[1:-1]:
        p.line([(0.0, rim - high), (x * 0.75, rim - high * 0.6), (x, rim)], inner=True)


def sailboat(p: Pen) -> None:
    """One or two straight sails, full sails, a square sail or two masts; with or without flag and waves."""
    kind = p.pick(4, 2.5, 2.5, 2, 1.2)
    w, deck, keel, mast = p.u(0.75, 1.0), p.u(0.35, 0.5), p.u(0.7, 0.9), p.u(-0.15, 0.15)
    p.line([(mast, deck), (mast, -1.0)], False)
    if kind == 3:
        square_sail(p, mast)
    elif kind == 4:
        for x, top in ((-0.4, -0.6), (0.35, -0.85)):
            p.line([(x, deck), (x, top - 0.1)], False)
            p.shape([(x + 0.04, top), (x + 0.48, 0.2), (x + 0.04, 0.2)])
            p.shape([(x - 0.04, top + 0.1), (x - 0.3, 0.2), (x - 0.04, 0.2)], 1)
    else:
        gap, boom, top = p.u(0.02, 0.08), p.u(0.1, 0.25), p.u(-0.98, -0.8)
        main = [(gap, top), (p.u(0.55, 0.85), boom), (gap, boom)]
        jib = [(-gap, top + p.u(0.0, 0.35)), (-p.u(0.4, 0.7), boom), (-gap, boom)]
        if kind == 2:
            main = [(gap, top), (0.45, -0.4), (0.75, boom), (0.35, boom + 0.02), (gap, boom)]
            jib = [(-gap, top + 0.15), (-0.2, -0.3), (-0.65, boom), (-gap, boom - 0.05)]
        p.shape(moved(main, mast))
        if kind != 1:
            p.shape(moved(jib, mast), 1)
    if p.chance(0.35):
        p.shape([(mast, -1.0), (mast + 0.3, -0.92), (mast, -0.82)], 2)
    if p.chance(0.5):
        p.shape([(-w, deck), (w, deck), (w * p.u(0.55, 0.8), keel), (-w * p.u(0.55, 0.85), keel)], 1)
    else:
        p.shape(arc(0.0, deck, w, keel - deck, 180, 0, 7), 1)
    if p.chance(0.35):
        p.line([(-w * 0.8, deck + 0.12), (w * 0.8, deck + 0.12)], False, True)
    for row in range(p.pick(2, 2, 1)):
        waves = keel + 0.05 + row * 0.16 + 0.05 * (-1.0) ** np.arange(13)
        p.line(np.stack([np.linspace(-1.2, 1.2, 13), waves], 1))


def square_sail(p: Pen, mast: float) -> None:
    """A broad sail with seams."""
    s, top, belly = p.u(0.45, 0.65), p.u(-0.85, -0.7), p.u(0.0, 0.15)
    sail = [(-s * 0.85, top), (s * 0.85, top), (s + belly, -0.3), (s, 0.15), (-s, 0.15), (-s + belly, -0.3)]
    p.shape(moved(sail, mast))
    for y in np.linspace(top, 0.15, p.pick(1, 0, 1, 1) + 2)[1:-1]:
        p.line([(mast - s * 0.85, y), (mast + s * 0.9, y)], False, True)


def car(p: Pen) -> None:
    """Saloon, beetle, van, pick-up or open car from the side, or a car from the front."""
    kind = p.pick(4, 2.5, 2, 2, 1, 1.5)
    if kind == 5:
        return front(p)
    body = (saloon, beetle, van, pickup, roadster)[kind]
    r, floor, belt = p.u(0.18, 0.26), 0.35, p.u(-0.12, 0.02)
    panes = body(p, floor, belt, belt - p.u(0.35, 0.5))
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


Panes = list[list[tuple[float, float]]]


def saloon(p: Pen, floor: float, belt: float, roof: float) -> Panes:
    """Bonnet, cabin and boot; gives back its two windows, as the other bodies do."""
    a, b, c, d = p.u(-0.6, -0.4), p.u(-0.3, -0.15), p.u(0.3, 0.5), p.u(0.55, 0.8)
    bonnet, boot = [(-1.0, floor), (-1.0, belt + 0.1), (-0.9, belt)], [(0.95, belt + 0.03), (1.0, floor)]
    p.shape([*bonnet, (a, belt), (b, roof), (c, roof), (d, belt), *boot])
    fore = [(a + 0.15, belt), (b + 0.05, roof + 0.1), (0.05, roof + 0.1), (0.05, belt)]
    return [fore, [(0.13, belt), (0.13, roof + 0.1), (c - 0.03, roof + 0.1), (d - 0.15, belt)]]


def beetle(p: Pen, floor: float, belt: float, roof: float) -> Panes:
    """A round back."""
    hood = [(-1.0, floor), (-0.95, belt + 0.1), (-0.5, belt - 0.05), (-0.25, roof), (0.25, roof - 0.05)]
    p.shape([*hood, (0.7, belt - 0.1), (0.98, floor - 0.15), (0.95, floor)], 0, True)
    fore = [(-0.35, belt), (-0.2, roof + 0.13), (0.03, roof + 0.1), (0.03, belt)]
    return [fore, [(0.13, belt), (0.13, roof + 0.1), (0.3, roof + 0.13), (0.5, belt)]]


def van(p: Pen, floor: float, belt: float, roof: float) -> Panes:
    """A box with a row of windows."""
    p.shape([(-1.0, floor), (-1.0, belt), (p.u(-1.0, -0.75), roof - 0.15), (1.0, roof - 0.15), (1.0, floor)])
    return [[(x, belt - 0.05), (x, roof), (x + 0.34, roof), (x + 0.34, belt - 0.05)] for x in (-0.72, -0.25, 0.22)]


def pickup(p: Pen, floor: float, belt: float, roof: float) -> Panes:
    """A cab and an open bed."""
    cab = [(-1.0, floor), (-1.0, belt + 0.05), (-0.55, belt), (-0.35, roof), (0.1, roof), (0.1, belt + 0.05)]
    p.shape([*cab, (1.0, belt + 0.05), (1.0, floor)])
    return [[(-0.42, belt), (-0.28, roof + 0.1), (0.0, roof + 0.1), (0.0, belt)]]


def roadster(p: Pen, floor: float, belt: float, roof: float) -> Panes:
    """No roof, a windscreen and a seat."""
    p.line([(-0.35, belt), (-0.1, roof + 0.1)], False)
    p.line(arc(0.3, belt - 0.05, 0.14, 0.14, 150, 270, 5))
    p.shape([(-1.0, floor), (-0.95, belt + 0.1), (-0.35, belt), (0.85, belt), (1.0, belt + 0.15), (0.98, floor)])
    return []


def front(p: Pen) -> None:
    """Seen from the front."""
    w = p.u(0.65, 0.8)
    for x in (-w, w - 0.28):
        p.box(x, 0.4, x + 0.28, 0.8, 1)
    p.shape([(-w * 0.7, -0.1), (-w * 0.5, -0.65), (w * 0.5, -0.65), (w * 0.7, -0.1)])
    p.shape([(-w * 0.55, -0.12), (-w * 0.4, -0.52), (w * 0.4, -0.52), (w * 0.55, -0.12)], 2)
    p.box(-w, -0.12, w, 0.5)
    for x in (-w * 0.65, w * 0.65):
        p.oval(x, 0.14, 0.14, 0.14, 2)
    p.box(-0.22, 0.1, 0.22, 0.32, 2)
