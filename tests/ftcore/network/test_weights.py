"""Files of weights: read only when every tensor is plain, finite and as it was written."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from ftcore.errors import FtError
from ftcore.files import ROOT
from ftcore.network import weights

WANTED = {"a": torch.zeros(2, 2), "b.num_batches_tracked": torch.tensor(0)}


def whole(**changes: object) -> dict[object, object]:
    return {"a": torch.ones(2, 2), "b.num_batches_tracked": torch.tensor(3), **changes}


WRONG: dict[str, object] = {
    "number as key": whole() | {7: torch.ones(1)},
    "only numbers": {1: 2},
    "tuple as key": whole() | {("a", 1): torch.ones(1)},
    "nested": {"model": whole()},
    "number": whole(a=1.0),
    "none": whole(a=None),
    "list": [1, 2],
    "text": "x",
    "quantised": whole(a=torch.quantize_per_tensor(torch.ones(2, 2), 0.1, 0, torch.qint8)),
    "sparse": whole(a=torch.ones(2, 2).to_sparse()),
    "meta": whole(a=torch.empty(2, 2, device="meta")),
    "complex": whole(a=torch.ones(2, 2, dtype=torch.complex64)),
    **{str(kind): whole(a=torch.ones(2, 2).to(kind)) for kind in (torch.float8_e4m3fn, torch.float8_e5m2)},
    "whole numbers": whole(a=torch.ones(2, 2, dtype=torch.int32)),
    "broken counter": {**whole(), "b.num_batches_tracked": torch.tensor(0.5)},
    "shape": whole(a=torch.ones(4)),
    "missing": {"b.num_batches_tracked": torch.tensor(0)},
    "one more": whole(c=torch.ones(1)),
    "infinite": whole(a=torch.full((2, 2), torch.inf)),
    "not a number": whole(a=torch.full((2, 2), torch.nan)),
}


@pytest.mark.parametrize("kind", WRONG)
def test_anything_but_fitting_plain_finite_tensors_is_one_sentence(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "x.pth"
    torch.save(WRONG[kind], file)
    with pytest.raises(FtError, match="cannot be used") as caught:
        weights.read(file, WANTED)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_floats_of_another_width_are_taken(kind: torch.dtype, tmp_path: Path) -> None:
    torch.save(whole(a=torch.ones(2, 2, dtype=kind)), tmp_path / "x.pth")
    found = weights.read(tmp_path / "x.pth", WANTED)
    assert found["a"].dtype == torch.float32
    assert found["a"].tolist() == [[1, 1], [1, 1]]
    assert found["b.num_batches_tracked"] == 3


STATE: dict[str, Tensor] = {"a": torch.ones(2, 2), "b.num_batches_tracked": torch.tensor(3)}
TEXTS = {"backbone": "x", "classes": '["cat", "dog"]', "third": "y"}


def test_any_flipped_byte_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "m.safetensors"
    weights.write(file, STATE, TEXTS)
    assert weights.metadata(file).items() >= TEXTS.items()
    assert torch.equal(load_file(file)["a"], STATE["a"])
    data = file.read_bytes()
    key = data.index(b"sha256")
    for at in [place for place in range(len(data)) if not key <= place < key + 6]:  # another key is no checksum
        file.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        with pytest.raises(FtError, match="cannot be used"):
            weights.read(file, WANTED)
    for size in range(0, len(data), 7):
        file.write_bytes(data[:size])
        with pytest.raises(FtError, match="cannot be used"):
            weights.read(file, WANTED)


def test_a_file_of_an_earlier_version_has_no_checksum_and_opens(tmp_path: Path) -> None:
    save_file(STATE, tmp_path / "m.safetensors", TEXTS)
    assert torch.equal(weights.read(tmp_path / "m.safetensors", WANTED)["a"], STATE["a"])
    assert weights.metadata(tmp_path / "m.safetensors") == TEXTS


def test_two_processes_write_the_same_bytes(tmp_path: Path) -> None:
    code = (
        "import sys, torch; from pathlib import Path; from ftcore.network import weights\n"
        "state = {k: torch.full((3,), float(ord(k))) for k in 'cabd'}\n"
        "weights.write(Path(sys.argv[1]), state, {k: k * 3 for k in 'vwxyz'})"
    )
    made = []
    for name in ("one", "two"):
        subprocess.run([sys.executable, "-c", code, str(tmp_path / name)], check=True, cwd=ROOT)
        made.append((tmp_path / name).read_bytes())
    assert made[0] == made[1]


def test_the_digits_in_a_published_name_are_compared_whenever_the_file_is_read(tmp_path: Path) -> None:
    torch.save(STATE, tmp_path / "x")
    data = (tmp_path / "x").read_bytes()
    file = tmp_path / f"net-{hashlib.sha256(data).hexdigest()[:8]}.pth"
    file.write_bytes(data)
    assert torch.equal(weights.read(file, WANTED)["a"], STATE["a"])
    file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(FtError, match="sha256 is not the expected one"):
        weights.read(file, WANTED)
