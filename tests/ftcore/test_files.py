"""Files that are whole, sealed, made anew or put aside."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ftcore import files


def test_every_flipped_bit_and_cut_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with files.sealed(path) as file:
        file.write(b"some ")
        file.write(b"bytes")
    data = path.read_bytes()
    files.check_seal(path)
    assert data[:18] == b"some bytes" + files.SEAL
    for bit in [*range(8 * 10), *range(8 * 18, 8 * 22)]:
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        path.write_bytes(changed)
        with pytest.raises(ValueError, match="checksum differs"):
            files.check_seal(path)


def test_a_file_without_seal_passes_and_aside_keeps_the_one_before(tmp_path: Path) -> None:
    path, aside = tmp_path / "x", tmp_path / "y"
    path.write_bytes(b"old")
    files.check_seal(path)
    with files.sealed(path, aside) as file:
        file.write(b"new")
    assert (aside.read_bytes(), path.read_bytes()[:3]) == (b"old", b"new")
    with pytest.raises(ZeroDivisionError), files.sealed(path, aside) as file:
        file.write(b"%d" % (1 // 0))
    assert (aside.read_bytes(), path.read_bytes()[:3]) == (b"old", b"new")
    assert sorted(f.name for f in tmp_path.iterdir()) == ["x", "y"]


@pytest.mark.parametrize("write", [files.whole, files.sealed])
def test_a_folder_in_the_place_of_a_file_is_put_aside(tmp_path: Path, write: Callable[[Path], Any]) -> None:
    path = tmp_path / "x.npy"
    (path / "in").mkdir(parents=True)
    with write(path) as file:
        file.write(b"new")
    assert path.read_bytes().startswith(b"new")
    assert (tmp_path / "x.damaged" / "in").is_dir()


@pytest.mark.parametrize(
    "error", [ValueError(), KeyError(), RecursionError(), MemoryError(), OverflowError(), AttributeError(), EOFError()]
)
def test_what_can_be_made_anew_is_absent_when_wrong(error: Exception) -> None:
    told = []

    def read() -> int:
        raise error

    assert files.derived(read, lambda: told.append(1)) is None
    assert told == [1]
    assert files.derived(lambda: 0) == 0


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENOENT, errno.EIO, errno.EACCES])
def test_an_error_of_the_system_is_no_damage(number: int) -> None:
    told = []

    def read() -> int:
        raise OSError(number, "no")

    assert files.derived(read, lambda: told.append(1)) is None
    assert told == []


def test_own_files_are_put_aside_one_beside_the_other(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    assert files.own(path, json.loads) is None
    for text in ("{", "[" * 100_000, "\xff"):
        path.write_text(text, "latin-1")
        assert files.own(path, json.loads) is None
        assert not path.exists()
    assert sorted(f.name for f in tmp_path.iterdir()) == ["x.damaged", "x.damaged-2", "x.damaged-3"]
    assert (tmp_path / "x.damaged").read_text() == "{"
    path.mkdir()
    with pytest.raises(OSError, match="directory"):
        files.own(path, json.loads)


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 bytes"),
        (900, "900 bytes"),
        (16384, "16 kB"),
        (67_190_864, "64.1 MB"),
        (8 * 2**30, "8 GB"),
        (2**40, "1024 GB"),
    ],
)
def test_sizes_have_the_unit_that_suits(count: float, said: str) -> None:
    assert files.size(count) == said
