"""A phone's photo in HEIC: what it takes is known before anything is decoded; read tile by tile, reduced on the way.

libheif is given none of the file's own container but one of ours with a single picture in it, whose numbers are those
of the picture's own header. So nothing else in a file is decoded, no number is believed twice, and a photo of 48
megapixels, which is kept in tiles, takes little more than one row of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from PIL import Image

from ftcore.data.decoding import hevc
from ftcore.data.decoding.alone import HEVC, file_of
from ftcore.data.decoding.bits import Parts, Reader
from ftcore.data.decoding.heif import Container, OtherForm
from ftcore.data.decoding.rgb import factor, to_rgb
from ftcore.data.decoding.strips import crop, over_white, reduced, upright

_MOST_PARTS = 50_000  # of one file; 268 megapixels in tiles have some ten thousand
_MOST_TILES = 1100  # as many as those are, at the usual 512 x 512 pixels
_SHARED = 2**16  # bytes for each tile; more than that no two tiles may have in common, so that no file takes long
_STRIPS = 4 * 2**20  # bytes for what is smaller than a strip
_ROWS = 256  # of a decoded picture, on their way to RGB at a time
_NAMED = 17  # frames at most while a picture that may name others is decoded: libde265 makes up those that are missing
_GRID = b"grid"

__all__ = ["OtherForm", "Photo"]


@dataclass(frozen=True)
class _Layer:
    """A picture or what is transparent of it: one coded item, or rows of tiles of one size."""

    size: tuple[int, int]
    columns: int
    tiles: tuple[int, ...]
    tile: hevc.Configuration
    shape: tuple[int, int]  # of each tile as it is shown
    alone: bool  # no tile can name another picture
    largest: int  # bytes of the largest tile

    @property
    def in_tiles(self) -> bool:
        """Whether there is more than one coded picture, or less to show than the one that there is."""
        return len(self.tiles) > 1 or self.size != (self.tile.sequence.width, self.tile.sequence.height)

    def cost(self, *, clear: bool = False) -> int:
        """Bytes for decoding one tile and keeping a row of them, laid over white if `clear`; measured, rounded up."""
        sequence = self.tile.sequence
        decoding = 5 * sequence.frame // 2 + 3 * sequence.coded  # the frame twice, what belongs to blocks, and RGB
        others = 0 if self.alone else (_NAMED - 1) * (sequence.frame + 2 * sequence.coded)
        rows = min(self.shape[1], self.size[1]) if self.in_tiles else _ROWS
        return decoding + others + (20 if clear else 5) * self.size[0] * (rows + 32) + 4 * self.largest + _STRIPS


class Photo:
    """The picture that a HEIF file shows, opened but not decoded.

    `check` is asked whether its size will do before its tiles are looked at. Raises what that raises, `OtherForm`, or
    any other exception where the file is broken.
    """

    def __init__(self, data: bytes, check: Callable[[tuple[int, int]], None]) -> None:
        self._check = check
        self._parts, self._bytes = Parts(_MOST_PARTS), len(data)
        self._file = Container(data, self._parts)
        self._layer = self._opened(self._file.primary)
        self._clear = self._file.alpha_of(self._file.primary)
        self._alpha = self._opened(self._clear[0]) if self._clear else None
        self.size = self._layer.size

    def cost(self, whole: int) -> int:
        """Bytes that reading takes beside the file, with a result of at most `whole` pixels and a turned copy of it."""
        width, height = self.size
        most = self._layer.cost(clear=self._alpha is not None)
        if self._alpha:
            held = self._alpha.size[0] * self._alpha.size[1]
            held += width * height if self._alpha.size != self.size else 0
            most = held + max(most, self._alpha.cost())
        return most + 8 * min(width * height, whole)

    def read(self, whole: int) -> tuple[Image.Image, tuple[int, int]]:
        """The picture as RGB, upright, reduced to at most `whole` pixels, and the size that it had before that.

        Raises nearly anything on damaged bytes.
        """
        by = factor(self.size, whole)
        strips = self._strips(self._layer, "RGB")
        if self._alpha and self._clear:
            alpha = reduced(self._alpha.size, self._strips(self._alpha, "L"), 1)
            alpha = alpha if alpha.size == self.size else alpha.resize(self.size)
            strips = over_white(strips, alpha, weighed=self._clear[1])
        return upright(reduced(self.size, strips, by), self.size, self._file.items[self._file.primary].properties)

    def _opened(self, number: int) -> _Layer:
        """A layer, its tiles looked at. Raises `OtherForm` for a kind that is not read."""
        kind = self._file.items[number].kind
        if kind not in (_GRID, HEVC):
            raise OtherForm(kind)
        size, columns, tiles = (None, 1, (number,)) if kind == HEVC else self._grid(number)
        alone, largest, left = True, 0, self._bytes + _SHARED * len(tiles)
        configurations, shapes = set(), set()
        for tile, times in Counter(tiles).items():
            content = self._file.content(tile)
            if (left := left - times * len(content)) < 0:
                raise ValueError("the tiles overlap")
            configurations.add(configuration := self._configured(tile))
            shapes.add(self._shape(tile, configuration.sequence, cropped=kind == _GRID))
            alone = hevc.first_picture(content, configuration.wide, self._parts)[1] and alone
            largest = max(largest, len(content))
        ((wide, tall),) = shapes
        most = max(configurations, key=lambda one: one.sequence.frame)
        self._check(size := size or (wide, tall))
        if not (0 <= columns * wide - size[0] < wide and 0 <= len(tiles) // columns * tall - size[1] < tall):
            raise ValueError("the tiles do not cover the picture")
        return _Layer(size, columns, tiles, most, (wide, tall), alone, largest)

    def _configured(self, number: int) -> hevc.Configuration:
        item = self._file.items[number]
        box = item.first(b"hvcC")
        if item.kind != HEVC or box is None:
            raise OtherForm(item.kind)
        return hevc.configuration(bytes(box), self._parts)

    def _shape(self, tile: int, sequence: hevc.Sequence, *, cropped: bool) -> tuple[int, int]:
        """The size of a tile, which may be cropped at its right and below: libheif codes no less than 64 x 64 pixels."""
        size = sequence.width, sequence.height
        told = self._file.items[tile].first(b"clap") if cropped else None
        left, top, *shape = (0, 0, *size) if told is None else crop(bytes(told), size)
        if left or top:
            raise ValueError("a tile's crop")
        return shape[0], shape[1]

    def _grid(self, number: int) -> tuple[tuple[int, int], int, tuple[int, ...]]:
        """Size, columns and tiles of a derived picture (23008-12, 6.6.2.3)."""
        read, tiles = Reader(self._file.content(number)), self._file.made_of(number)
        read.bytes(1)
        wide = 4 if read.bytes(1) & 1 else 2
        rows, columns = read.bytes(1) + 1, read.bytes(1) + 1
        size = read.bytes(wide), read.bytes(wide)
        self._check(size)
        if len(tiles) > _MOST_TILES:
            raise OtherForm("many tiles")
        if len(tiles) != rows * columns:
            raise ValueError("tiles")
        return size, columns, tiles

    def _strips(self, layer: _Layer, mode: str) -> Iterator[Image.Image]:
        """The layer from top to bottom, in strips of its full width."""
        if not layer.in_tiles:
            yield from self._pieces(layer.tiles[0], mode)
            return
        wide, tall = layer.shape
        for first in range(0, len(layer.tiles), layer.columns):
            top = first // layer.columns * tall
            strip = Image.new(mode, (layer.size[0], min(tall, layer.size[1] - top)))
            for column, tile in enumerate(layer.tiles[first : first + layer.columns]):
                down = 0
                for piece in self._pieces(tile, mode):  # what is cropped of one lies under the next
                    strip.paste(piece, (column * wide, down))
                    down += piece.height
            yield strip
            del strip  # before the next is made

    def _pieces(self, number: int, mode: str) -> Iterator[Image.Image]:
        """One coded item, decoded, in strips."""
        configuration = self._configured(number)
        units, _ = hevc.first_picture(self._file.content(number), configuration.wide, self._parts)
        decoded = _library().open_heif(file_of(configuration, units, self._colour(number)))
        view, size = decoded.data, (configuration.sequence.width, configuration.sequence.height)
        if decoded.size != size:
            raise ValueError("another size than told")
        for top in range(0, size[1], _ROWS):
            rows = min(_ROWS, size[1] - top)
            part = view[top * decoded.stride : (top + rows) * decoded.stride]
            piece = Image.frombytes(decoded.mode, (size[0], rows), part, "raw", decoded.mode, decoded.stride)
            yield to_rgb(piece) if mode == "RGB" else to_rgb(piece).getchannel(0)

    def _colour(self, number: int) -> bytes:
        """How an item's colours are meant (its `nclx`), else the whole picture's, else nothing."""
        for one in (number, self._file.primary):
            for name, body in self._file.items[one].properties:
                if name == b"colr" and bytes(body[:4]) == b"nclx" and len(body) == 11:
                    return bytes(body)
        return b""


def _library() -> Any:
    """pillow-heif, imported at the first photo: start-up has no need of it.

    Its opener is not registered with Pillow, where it would open the file itself, with all that lies in it.
    """
    import pillow_heif

    pillow_heif.options.DECODE_THREADS = 1  # files are read in several threads already
    return pillow_heif
