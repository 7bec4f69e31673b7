"""The generated pictures: reproducible, the same at any side, varied, and told apart by their shape."""

import numpy as np
import pytest

from ftcore.data.sketchbook.draw import CLASSES, DESIGNS, draw


def pixels(label: int, seed: int, side: int = 64) -> np.ndarray:
    return np.asarray(draw(label, seed, side), np.float64)


def test_the_classes_and_their_order():
    assert CLASSES == ("house", "tree", "fish", "cup", "umbrella", "star", "sailboat", "flower", "car", "cat")
    assert tuple(DESIGNS) == CLASSES


@pytest.mark.parametrize("label", range(10))
@pytest.mark.parametrize("side", [32, 64, 100, 224])
def test_size_and_mode(label, side):
    picture = draw(label, 5, side)
    assert (picture.size, picture.mode) == ((side, side), "RGB")


@pytest.mark.parametrize("label", range(10))
def test_label_and_seed_decide_every_pixel(label):
    np.random.seed(1)
    first = draw(label, 11).tobytes()
    np.random.seed(2)
    draw(label, 12)
    assert draw(label, 11).tobytes() == first


def test_every_seed_and_every_class_is_another_picture():
    pictures = {draw(label, seed).tobytes() for label in range(10) for seed in (*range(20), 10**6, 2**40)}
    assert len(pictures) == 220


@pytest.mark.parametrize("label", range(10))
def test_the_same_picture_at_any_side(label):
    for seed in range(8):
        small, other = pixels(label, seed), pixels(label, seed + 100)
        halved = np.asarray(draw(label, seed, 128).reduce(2), np.float64)
        assert np.corrcoef(small.ravel(), halved.ravel())[0, 1] > 0.94
        assert np.abs(small - halved).mean() < min(12, np.abs(small - other).mean() / 2)


@pytest.mark.parametrize("label", range(10))
def test_takes_of_one_drawing_differ_and_keep_its_colours(label):
    def colours(picture):
        return np.asarray(picture, np.float64).mean((0, 1))

    for seed in range(4):
        first, second = draw(label, seed), draw(label, seed, take=1)
        assert first.tobytes() != second.tobytes()
    near = [np.abs(colours(draw(label, s)) - colours(draw(label, s, take=3))).mean() for s in range(20)]
    far = [np.abs(colours(draw(label, s)) - colours(draw(label, s + 50))).mean() for s in range(20)]
    assert np.mean(near) < np.mean(far) / 2


@pytest.mark.parametrize("bad", [(-1, 0, 64), (10, 0, 64), (0, -1, 64), (0, 0, 7), (0, 0, 64, -1)])
def test_what_cannot_be_drawn_is_refused(bad):
    with pytest.raises(ValueError, match="draw needs"):
        draw(*bad)


def test_something_is_drawn_and_paper_is_left():
    for label in range(10):
        spread = [pixels(label, seed).std() for seed in range(20)]
        assert min(spread) > 4
        assert np.median(spread) > 20


def test_backgrounds_are_light_and_dark_and_colours_vary():
    means = np.array([pixels(seed % 10, seed).mean((0, 1)) for seed in range(200)])
    dark = (means.mean(1) < 100).mean()
    assert 0.1 < dark < 0.4
    assert (np.ptp(means, axis=1) > 25).mean() > 0.15


def edges(label: int, seed: int) -> np.ndarray:
    """How strongly lines run in eight cells a side, whatever their colour: 64 numbers."""
    grey = pixels(label, seed).mean(2)
    strength = np.hypot(*np.gradient(grey))
    cells = strength.reshape(8, 8, 8, 8).mean((1, 3)).ravel()
    return cells / np.linalg.norm(cells)


def test_classes_can_be_told_apart_by_where_their_lines_run():
    means = np.array([np.mean([edges(label, seed) for seed in range(60)], 0) for label in range(10)])
    truth = np.repeat(np.arange(10), 20)
    tests = np.array([edges(label, 1000 + seed) for label in range(10) for seed in range(20)])
    guess = ((tests[:, None] - means[None]) ** 2).sum(2).argmin(1)
    assert 0.18 < (guess == truth).mean() < 0.9  # chance is 0.1, and 200 guesses stray by 0.02
