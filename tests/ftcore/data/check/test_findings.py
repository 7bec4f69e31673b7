"""Every kind of trouble, made on purpose, is found under its name, and mending it ends it."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from ftcore.data import sets
from ftcore.data.check import findings, looks, mended
from ftcore.data.check.findings import Picture
from ftcore.data.check.mended import Examined, examine, sides
from ftcore.errors import FtError
from ftcore.preprocess import Preprocess

TINY = Preprocess(8, 9, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


def photo(seed: int, size: tuple[int, int] = (96, 72)) -> Image.Image:
    """Soft patches of colour, other ones for each seed."""
    coarse = np.random.default_rng(seed).integers(0, 255, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)


def save(picture: Image.Image, path: Path, **more: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, **more)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """Twenty pictures in each of two classes, nothing wrong with any."""
    for at, name in enumerate(("ant", "bee")):
        for number in range(20):
            save(photo(100 * at + number), tmp_path / "set" / name / f"{number}.png")
    return tmp_path / "set"


def into_splits(good: Path) -> None:
    """The classes into train/, and six other pictures of each into val/."""
    (good / "train").mkdir()
    for kind, start in (("ant", 0), ("bee", 100)):
        for number in range(6):
            save(photo(start + 700 + number), good / "val" / kind / f"{number}.png")
        (good / kind).rename(good / "train" / kind)


def kinds(found: Examined) -> set[str]:
    return {one.kind for one in found.findings}


def named(found: Examined, kind: str) -> tuple[tuple[str, ...], ...]:
    (one,) = (one for one in found.findings if one.kind == kind)
    return one.groups


def test_nothing_is_wrong_with_good_pictures(good: Path) -> None:
    found = examine(good)
    assert found.findings == ()
    assert [sum(one.split == split for one in found.pictures) for split in ("train", "val", "test")] == [28, 6, 6]
    assert sets.summary(str(good)).counts == {"train": 28, "val": 6, "test": 6}


def test_what_cannot_be_read_is_named_and_left_out(good: Path) -> None:
    (good / "ant" / "cut.png").write_bytes((good / "ant" / "3.png").read_bytes()[:200])
    (good / "bee" / "none.jpg").write_bytes(b"")
    (good / "bee" / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic" + b"\0" * 99)
    (good / "bee" / "poster.psd").write_bytes(b"8BPS\0\1" + b"\0" * 99)
    found = examine(good)
    assert kinds(found) == {"unreadable"}
    told = [line for (line,) in named(found, "unreadable")]
    assert [line.partition(" ")[0] for line in sorted(told)] == [
        "ant/cut.png", "bee/none.jpg", "bee/phone.heic", "bee/poster.psd",
    ]  # fmt: skip
    assert any("is of a kind that cannot be read" in line for line in told)
    assert examine(good, skip=["cut.png", "bee/none.jpg", "phone.heic", "poster.psd"]).findings == ()


def test_the_same_picture_twice_in_one_class(good: Path) -> None:
    into_splits(good)
    (good / "val/bee/copy.png").write_bytes((good / "val/bee/4.png").read_bytes())
    found = examine(good)
    assert kinds(found) == {"twice"}
    assert {*named(found, "twice")[0]} == {"val/bee/4.png", "val/bee/copy.png"}
    assert examine(good, skip=["copy.png"]).findings == ()


def test_the_same_picture_in_two_classes(good: Path) -> None:
    (good / "bee" / "wrong.png").write_bytes((good / "ant" / "5.png").read_bytes())
    found = examine(good)
    assert kinds(found) == {"two classes"}
    assert {*named(found, "two classes")[0]} == {"ant/5.png (ant)", "bee/wrong.png (bee)"}
    assert examine(good, skip=["wrong.png"]).findings == ()


def test_copies_on_both_sides_are_found_and_a_table_has_them_on_one(good: Path, tmp_path: Path) -> None:
    for number in range(20):
        (good / "ant" / f"copy {number}.png").write_bytes((good / "ant" / f"{number}.png").read_bytes())
    found = examine(good)
    assert {"leak", "twice"} <= kinds(found)
    mended.write_table(found, tmp_path / "t.csv", 0)
    again = examine(good, tmp_path / "t.csv")
    assert kinds(again) == {"twice"}
    made = sets.load(str(good), TINY, labels=str(tmp_path / "t.csv"))
    lines = [line.split(",") for line in (tmp_path / "t.csv").read_text().splitlines()[1:]]
    for split in (made.train, made.val, made.test):
        assert len(split.names)
    want = {side: sum(line[2] == side for line in lines) for side in ("train", "val", "test")}
    assert (len(made.train.names), len(made.val.names), len(made.test.names)) == tuple(want.values())
    assert want["val"] >= 6
    assert want["test"] >= 6


ALTERED: dict[str, Callable[[Image.Image], Image.Image]] = {
    "smaller": lambda one: one.resize((48, 36)),
    "brighter": lambda one: ImageEnhance.Brightness(one).enhance(1.15),
    "grey": lambda one: one.convert("L"),
    "cut": lambda one: one.crop((1, 1, 95, 71)),
}


@pytest.mark.parametrize("how", ALTERED)
def test_nearly_the_same_across_the_split(good: Path, how: str) -> None:
    into_splits(good)
    save(ALTERED[how](photo(100 + 7)), good / "val" / "bee" / "again.png")
    found = examine(good)
    assert kinds(found) == {"nearly"}
    assert {name.partition(" ")[0] for name in named(found, "nearly")[0]} == {"train/bee/7.png", "val/bee/again.png"}
    assert "nearly" not in kinds(examine(good, skip=["again.png"]))


def test_what_is_near_goes_to_the_side_that_is_learned_from(good: Path, tmp_path: Path) -> None:
    into_splits(good)
    (good / "val/ant/leak.png").write_bytes((good / "train/ant/2.png").read_bytes())
    save(photo(3).resize((48, 36)), good / "val" / "ant" / "near.png")
    found = examine(good)
    assert kinds(found) == {"leak", "nearly"}
    mended.write_table(found, tmp_path / "t.csv", 0)
    lines = dict(line.rsplit(",", 2)[::2] for line in (tmp_path / "t.csv").read_text().splitlines()[1:])
    assert lines["val/ant/leak.png"] == lines["val/ant/near.png"] == "train"
    assert sum(side == "val" for side in lines.values()) == 12, "all others stay where they were"
    assert kinds(examine(good, tmp_path / "t.csv")) == {"twice"}


def test_classes_with_too_few_and_strong_imbalance(good: Path) -> None:
    for number in range(2):
        save(photo(800 + number), good / "fly" / f"{number}.png")
    for number in range(4):
        save(photo(900 + number), good / "gnat" / f"{number}.png")
    found = examine(good)
    assert kinds(found) == {"too few", "few", "uneven"}
    assert named(found, "too few") == (("fly: 2 pictures",),)
    assert named(found, "few") == (("gnat: 2 pictures to learn from",),)
    assert named(found, "uneven") == (("gnat: 4 pictures",),)
    assert examine(good, merge=[("gnat", "ant"), ("fly", "bee")]).findings == ()
    assert examine(good, skip=["fly", "gnat/"]).findings == ()
    with pytest.raises(FtError, match="no class 'wasp' to merge: the classes are 'ant', 'bee', 'fly', 'gnat'"):
        examine(good, merge=[("wasp", "ant")])


def test_a_single_class(good: Path) -> None:
    found = examine(good, skip=["bee/"])
    assert kinds(found) == {"one class"}
    assert found.findings[0].says.startswith("There is no class but ant: ")
    assert kinds(examine(good, merge=[("bee", "ant")])) == {"one class"}


def test_tiny_and_long_pictures(good: Path) -> None:
    save(photo(300, (40, 20)), good / "ant" / "tiny.png")
    save(photo(301, (400, 100)), good / "bee" / "long.png")
    found = examine(good)
    assert kinds(found) == {"small", "long"}
    assert named(found, "small") == (("ant/tiny.png, 40 x 20",),)
    assert named(found, "long") == (("bee/long.png, 400 x 100",),)


def test_names_that_are_not_there_are_refused(good: Path) -> None:
    with pytest.raises(FtError, match="No file or folder here is called 'wasp'"):
        examine(good, skip=["wasp"])
    with pytest.raises(FtError, match=r"may be 'ant/1\.png' or 'bee/1\.png': write it there with its folder"):
        examine(good, skip=["1.png"])


@pytest.mark.parametrize("seed", range(20))
def test_no_group_is_ever_torn_apart(seed: int) -> None:
    draw = random.Random(seed)
    pictures = [
        Picture(f"{at}.png", draw.choice("abc"), draw.choice(("train", "val", "test")), looks.Look(str(at), (64, 64)))
        for at in range(draw.randint(30, 90))
    ]
    pairs = [tuple(sorted(draw.sample(range(len(pictures)), 2))) for _ in range(draw.randint(0, 25))]
    held = tuple(map(tuple, looks.groups(pairs)))
    for given in (True, False):
        placed = sides(pictures, held, seed, given=given)
        assert all(len({placed[at] for at in group}) == 1 for group in held)
        assert not given or all(
            placed[at] == one.split for at, one in enumerate(pictures) if not any(at in group for group in held)
        )
    shares = [placed.count(side) / len(placed) for side in ("val", "test")]
    assert all(0.05 < share < 0.4 for share in shares), shares


def test_without_groups_the_splits_are_those_that_train_draws(good: Path) -> None:
    found = examine(good, seed=3)
    assert sides(found.pictures, found.together, 3) == [one.split for one in found.pictures]


def test_groups_join_what_pairs_join() -> None:
    assert looks.groups([(3, 4), (1, 2), (2, 3), (7, 9)]) == [[1, 2, 3, 4], [7, 9]]


def test_pairs_are_the_same_however_many_are_compared_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = [looks.look(png(photo(at % 7, (64 + at, 60))), str(at)) for at in range(21)]
    whole = looks.alike(seen)
    assert len(whole) == 7 * 3
    assert {(one % 7) == (other % 7) for one, other in whole} == {True}
    monkeypatch.setattr(looks, "_AT_ONCE", 40)
    assert looks.alike(seen) == whole


def png(picture: Image.Image) -> looks.Stored:
    out = io.BytesIO()
    picture.save(out, "PNG")
    data = out.getvalue()
    return looks.Stored(len(data), lambda: data)


def test_a_table_is_never_written_over_a_file(good: Path, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("mine")
    with pytest.raises(FtError, match="is there already"):
        mended.write_table(examine(good), tmp_path / "t.csv", 0)
    assert (tmp_path / "t.csv").read_text() == "mine"


def test_a_name_that_no_table_can_hold_is_told(good: Path, tmp_path: Path) -> None:
    (good / "ant").rename(good / " ant")
    with pytest.raises(FtError, match=r"No table can name ' ant/0\.png': give it a plainer name"):
        mended.write_table(examine(good), tmp_path / "t.csv", 0)
    assert not (tmp_path / "t.csv").exists()


def test_thresholds_in_words_are_those_that_are_used(good: Path) -> None:
    save(photo(300, (40, findings.SMALL - 1)), good / "ant" / "tiny.png")
    save(photo(301, (40, findings.SMALL)), good / "ant" / "just.png")
    found = examine(good)
    assert [line for (line,) in named(found, "small")] == ["ant/tiny.png, 40 x 31"]
    assert f"less than {findings.SMALL} pixels" in found.findings[0].says
