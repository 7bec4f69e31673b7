"""Prepared images on disk: whole or absent, damage noticed, oldest evicted, safe among processes."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from ftcore import store
from ftcore.data import prepared
from ftcore.errors import FtError
from ftcore.files import ROOT

ROWS = np.random.default_rng(0).integers(0, 256, (5, 4, 4, 3), dtype=np.uint8)
LABELS = [0, 0, 1, 1, 1]
NAMES = ["a", "b", "c", "猫", "e"]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("THAW_HOME", str(tmp_path))
    return tmp_path


def keep(key: str = "key") -> prepared.Split:
    return prepared.keep(key, LABELS, NAMES, 4, iter(ROWS))


def test_kept_is_found_and_cannot_be_written_to() -> None:
    keep()
    split = prepared.find("key")
    assert split is not None
    np.testing.assert_array_equal(split.images, ROWS)
    assert (split.labels.tolist(), split.names, len(split)) == (LABELS, tuple(NAMES), 5)
    assert split.labels.dtype == np.int64
    assert split.digest == hashlib.sha256(ROWS.tobytes() + np.array(LABELS, np.int64).tobytes()).hexdigest()
    assert isinstance(split.images, np.memmap)
    for array in (split.images, split.labels):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    assert prepared.find("other") is None


@pytest.mark.parametrize("name", ["images.npy", "labels.npy", "meta.json"])
@pytest.mark.parametrize("harm", ["flip", "cut", "empty", "gone"])
def test_damage_is_noticed_and_mended(home: Path, name: str, harm: str) -> None:
    keep()
    path = home / "data" / "key" / name
    data = bytearray(path.read_bytes())
    if harm == "gone":
        path.unlink()
    else:
        data[-3] ^= 1
        path.write_bytes(bytes({"flip": data, "cut": data[:-3], "empty": b""}[harm]))
    assert prepared.find("key") is None
    np.testing.assert_array_equal(keep().images, ROWS)
    assert sorted(p.name for p in (home / "data").iterdir()) == ["key"]


def test_damage_before_this_process_is_noticed(home: Path) -> None:
    keep()
    prepared._sound.clear()
    path = home / "data" / "key" / "images.npy"
    stamp = path.stat().st_mtime_ns
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(stamp, stamp))
    assert prepared.find("key") is None


def test_a_failing_source_leaves_nothing(home: Path) -> None:
    def rows() -> Iterator[np.ndarray]:
        yield ROWS[0]
        raise FtError("No.")

    with pytest.raises(FtError, match="No"):
        prepared.keep("key", LABELS, NAMES, 4, rows())
    assert list((home / "data").iterdir()) == []


def test_a_disk_that_fills_while_writing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(file: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(prepared, "_flush", full)
    with pytest.raises(FtError, match=r"cannot be kept in .* \(No space left on device\): free some space"):
        keep()
    assert list((home / "data").iterdir()) == []


def test_a_disk_too_small_is_said_before_writing(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=2**20))
    with pytest.raises(FtError, match=r"need 240 bytes in .* and 1 MB are free"):
        keep()
    assert list((home / "data").iterdir()) == []


def test_a_home_that_is_a_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "file").write_text("")
    monkeypatch.setenv("THAW_HOME", str(home / "file"))
    with pytest.raises(FtError, match="cannot be kept in"):
        keep()


def test_who_comes_second_uses_the_work_of_the_first(home: Path) -> None:
    def rows() -> Iterator[np.ndarray]:
        keep()
        yield from ROWS

    inner = home / "data" / "key" / "images.npy"
    split = prepared.keep("key", LABELS, NAMES, 4, rows())
    first = inner.stat().st_ino
    assert isinstance(split.images, np.memmap)
    assert Path(str(split.images.filename)) == inner
    keep()
    assert inner.stat().st_ino == first


def test_two_processes_at_once(home: Path) -> None:
    code = (
        "from pathlib import Path\nfrom ftcore.data import sets\nfrom ftcore.preprocess import Preprocess\n"
        "p = Preprocess(16, 16, (0., 0., 0.), (1., 1., 1.))\n"
        "print(sets.load('digits', p).train.digest)"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    jobs = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=env, text=True) for _ in range(3)
    ]
    digests = {job.communicate(timeout=120)[0].strip() for job in jobs}
    assert [job.returncode for job in jobs] == [0, 0, 0]
    assert len(digests) == 1
    assert len(list((home / "data").iterdir())) == 3


def test_prune_evicts_the_longest_unused(home: Path) -> None:
    for number, key in enumerate(("one", "two", "three")):
        keep(key)
        os.utime(home / "data" / key / "meta.json", (number, number))
    size = sum(f.stat().st_size for f in (home / "data" / "one").iterdir())
    assert prepared.find("one") is not None
    assert store.prune(2 * size) == size
    assert sorted(p.name for p in (home / "data").iterdir()) == ["one", "three"]
    assert store.prune(2 * size) == 0
    assert store.prune(0, recent=60) == size  # "one" was used just now
    assert store.prune(0) == size
    assert list((home / "data").iterdir()) == []


def test_prune_takes_leftovers_of_killed_processes_only_when_old(home: Path) -> None:
    for name in (".part-old", ".part-new"):
        (home / "data" / name).mkdir(parents=True)
        (home / "data" / name / "images.npy").write_bytes(b"12345")
    for path in (home / "data" / ".part-old" / "images.npy", home / "data" / ".part-old"):
        os.utime(path, (0, 0))
    assert store.prune(10**9) == 5
    assert [p.name for p in (home / "data").iterdir()] == [".part-new"]


def test_prune_without_any_data(home: Path) -> None:
    assert store.prune(0) == 0


def test_meta_is_json_anyone_can_read(home: Path) -> None:
    split = keep()
    meta = json.loads(json.loads((home / "data" / "key" / "meta.json").read_text())["body"])
    assert meta == {"shape": [5, 4, 4, 3], "digest": split.digest, "names": NAMES}


@pytest.mark.parametrize("name", ["images.npy", "labels.npy", "meta.json"])
def test_any_flipped_byte_means_absent(home: Path, name: str) -> None:
    keep()
    file = home / "data" / "key" / name
    data = file.read_bytes()
    for at in range(0, len(data), 5):
        file.write_bytes(data[:at] + bytes([data[at] ^ 8]) + data[at + 1 :])
        prepared._sound.clear()  # a clock may be too coarse to tell two writes apart
        found = prepared.find("key")
        assert found is None or (found.names == tuple(NAMES) and np.array_equal(found.images, ROWS)), at
    for text in (b"", b"null", b"3", b"[]", b"[" * 100_000, b'{"body": 3, "sha256": 3}', b"\x93NUMPY\x01\x00\xff\xff{"):
        file.write_bytes(text)
        assert prepared.find("key") is None, text[:20]
    assert keep().names == tuple(NAMES)
    assert file.read_bytes() == data
