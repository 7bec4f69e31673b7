"""Which picture files a path means, and answers for many of them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ftcore.analysis import answers
from ftcore.errors import FtError
from ftcore.network import backbones, pixels
from ftcore.network.blocks import Network

NAME = "resnet18-tinyimagenet64"


@pytest.fixture(scope="module")
def network() -> Network:
    network = backbones.build(NAME, 3)
    network.model.eval()
    return network


def picture(path: Path, grey: int = 0, kind: str = "PNG") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(grey).integers(0, 255, (20, 30, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path, kind)
    return path


def test_a_folder_means_all_pictures_below_it_in_name_order(tmp_path: Path) -> None:
    names = ["a10.png", "a2.png", "b/deep/er/c.JPG", "b/a.webp", "no_ending", "photo.jpg_large"]
    for name in names:
        picture(tmp_path / name)
    for name in (".hidden.png", "__MACOSX/x.png", "Thumbs.db", ".git/a.png"):
        picture(tmp_path / name)
    (tmp_path / "notes.txt").write_text("notes")
    (tmp_path / "empty.dat").touch()
    found, others = answers.files(tmp_path)
    assert [str(path.relative_to(tmp_path)) for path in found] == [
        "a2.png", "a10.png", "b/a.webp", "b/deep/er/c.JPG", "no_ending", "photo.jpg_large",
    ]  # fmt: skip
    assert [path.name for path in others] == ["empty.dat", "notes.txt"]


def test_a_photo_that_cannot_be_read_is_not_passed_over(tmp_path: Path, network: Network) -> None:
    (tmp_path / "poster.PSD").write_bytes(b"8BPS\0\1" + bytes(40))
    found, others = answers.files(tmp_path)
    assert (len(found), others) == (1, [])
    assert "Photoshop" in next(answers.answers(network, found)).wrong


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    picture(tmp_path / "a" / "x.png")
    (tmp_path / "a" / "round").symlink_to(tmp_path)
    (tmp_path / "b").symlink_to(tmp_path / "a")
    (tmp_path / "lost.png").symlink_to(tmp_path / "nowhere")
    found, _ = answers.files(tmp_path)
    assert [path.name for path in found] == ["x.png", "lost.png"]


@pytest.mark.parametrize("name", [None, "notes.txt", "sub/notes.txt"])
def test_a_folder_without_pictures_is_one_sentence(tmp_path: Path, name: str | None) -> None:
    if name:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("notes")
    with pytest.raises(FtError, match=r"^There are no pictures in '.*': name a folder that holds some\.$"):
        answers.files(tmp_path)


def test_a_file_means_itself_whatever_it_is(tmp_path: Path) -> None:
    for path in (tmp_path / "x.txt", tmp_path / "missing.png", Path(os.devnull)):
        assert answers.files(path) == ([path], [])


def test_batches_answer_as_single_pictures_do(
    tmp_path: Path, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [picture(tmp_path / f"{i}.png", i) for i in range(7)]
    paths.insert(3, tmp_path / "missing.png")
    monkeypatch.setattr(pixels, "batch_size", lambda preprocess: 3)
    many = list(answers.answers(network, paths))
    assert [answer.path for answer in many] == paths
    assert [bool(answer.wrong) for answer in many] == [path.name == "missing.png" for path in paths]
    for answer in many[:3] + many[4:]:
        (alone,) = answers.answers(network, [answer.path])
        torch.testing.assert_close(torch.tensor(answer.chances), torch.tensor(alone.chances), atol=1e-5, rtol=0)
        assert sum(answer.chances) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda p: p.write_bytes(b""), "is empty"), (lambda p: p.write_bytes(b"x" * 99), "is not a picture"),
        (lambda p: p.mkdir(), "is not a plain file"), (lambda p: os.mkfifo(p), "is not a plain file"),
        (lambda p: None, "cannot be opened (No such file or directory)"),
        (lambda p: p.symlink_to(p), "cannot be opened (Too many levels of symbolic links)"),
    ],
)  # fmt: skip
def test_what_is_no_picture_is_named_with_its_path(tmp_path: Path, network: Network, make: object, reason: str) -> None:
    path = tmp_path / "x.png"
    make(path)  # type: ignore[operator]
    (answer,) = answers.answers(network, [path])
    assert answer.wrong.startswith("'/")
    assert f"x.png' {reason}" in answer.wrong
