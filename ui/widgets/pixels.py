"""Arrays of numbers as pictures: enlarged without blur, coloured by value, laid over an image, as PNG addresses.

This module knows nothing about networks.
"""

from __future__ import annotations

import base64
import functools
import io

import numpy as np
import plotly.colors
from PIL import Image

SCALE = "Viridis"  # even in brightness, and neither ice nor ember


def enlarged(image: np.ndarray, least: int) -> np.ndarray:
    """Repeat each pixel so often that the longer side of [height, width, ...] has at least `least` pixels."""
    factor = max(1, -(-least // max(image.shape[:2])))
    return np.repeat(np.repeat(image, factor, 0), factor, 1)


def coloured(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Numbers [height, width] as colours uint8 [height, width, 3], dark at `low`, bright at `high`."""
    share = (values - low) / (high - low) if high > low else np.zeros_like(values)
    colours: np.ndarray = _colours()[(np.clip(share, 0, 1) * 255).round().astype(int)]
    return colours


@functools.cache
def _colours() -> np.ndarray:
    steps = plotly.colors.sample_colorscale(SCALE, np.linspace(0, 1, 256).tolist(), colortype="tuple")
    return (np.array(steps) * 255).round().astype(np.uint8)


def overlaid(image: np.ndarray, heat: np.ndarray, least: int) -> np.ndarray:
    """The positive part of a heat map [h, w] over an image uint8 [side, side, 3], each cell with its sharp edges."""
    base = enlarged(image, least).astype(np.float32)
    grey = base.mean(2, keepdims=True).repeat(3, 2)
    side = len(base)
    at = np.arange(side) * np.array(heat.shape)[:, None] // side
    share = np.clip(heat, 0, None)[at[0]][:, at[1]]
    share = share / share.max() if share.max() > 0 else share
    colour = coloured(share, 0.0, 1.0).astype(np.float32)
    mixed: np.ndarray = (0.45 * grey + 0.55 * colour).round().astype(np.uint8)
    return mixed


def seen(tensor: np.ndarray) -> np.ndarray:
    """A normalised input [3, side, side] as a picture: its lowest number black, its highest white."""
    low, high = float(tensor.min()), float(tensor.max())
    share = (tensor - low) / (high - low) if high > low else np.zeros_like(tensor)
    picture: np.ndarray = (share * 255).round().astype(np.uint8).transpose(1, 2, 0)
    return picture


def address(image: np.ndarray) -> str:
    """An image uint8 as a data address for a browser, PNG inside."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
