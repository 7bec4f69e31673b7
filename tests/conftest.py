"""What all tests share: a home of their own, one thread for torch, and a small set of coloured noise."""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # of the processes that tests start, too: as many tests run as cores

import numpy as np
import pytest
import torch
from filelock import FileLock
from PIL import Image

from ftcore import _torchvision
from ftcore.costs import machine
from ftcore.data import sets
from ftcore.data.sets import ImageSet
from ftcore.network import backbones
from ftcore.preprocess import Preprocess
from ftcore.settings import Phase, RunSettings

assert _torchvision  # before any test imports torchvision: each test file can then be run alone

COLOURS = {"blue": (60, 80, 200), "green": (70, 190, 80), "red": (200, 70, 60)}
TAIL = ("layer4.0", "layer4.1", "head")
BATCHES = (8, 32)  # images in a step, in the tests' short runs and by default


# What `make check` leaves out: what trains, measures, kills processes, follows recipes or drives a browser.
LONG = (
    "benchmarks", "browser", "course/lines/test_walls.py", "course/test_experiments.py", "ftcore/analysis", "ftcore/costs", "ftcore/data/test_memory.py",
    "ftcore/data/test_sketchbook.py", "ftcore/runs", "ftcore/terminal", "ftcore/training", "pages/test_any_choice.py",
    "pages/test_calculator.py", "pages/test_own_pictures.py", "pages/test_trace_page.py",
    "test_any_input.py", "test_documents.py", "test_one_list.py", "test_recipes.py",
)  # fmt: skip


class AtOnce:
    """Tells of each failure when it comes: where the whole takes too long and is cut off, nobody would hear of any."""

    def __init__(self, told: pytest.TerminalReporter) -> None:
        self.told = told

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Its name, and the end of what was said."""
        if report.failed:
            self.told.write_line(f"\n{report.nodeid} failed in its {report.when}:\n{report.longreprtext[-2000:]}")


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Not in the processes that run the tests, but in the one that tells of them; it has a reporter after all others."""
    told = config.pluginmanager.get_plugin("terminalreporter")
    if told is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(AtOnce(told))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what takes long, by the place of its file."""
    for item in items:
        if item.path.relative_to(Path(__file__).parent).as_posix().startswith(LONG):
            item.add_marker(pytest.mark.long)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Runs, caches and prepared images of one test, and an empty folder for torch's downloads."""
    monkeypatch.setenv("THAW_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    torch.set_num_threads(1)
    return tmp_path / "home"


@pytest.fixture(scope="session")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the first visitor of a server has to wait for: the built-in network measured, its drawings drawn. Made once."""
    shared = tmp_path_factory.getbasetemp()
    shared = shared.parent if os.environ.get("PYTEST_XDIST_WORKER") else shared
    made = shared / "stock"
    with FileLock(shared / "stock.lock"), pytest.MonkeyPatch.context() as patch:
        if not (made / "ready").exists():
            patch.setenv("THAW_HOME", str(made))
            torch.set_num_threads(1)
            backbone = RunSettings().backbone
            machine.costs(backbone)
            for batch in BATCHES:
                machine.taps(backbones.load(backbone), batch)
            sets.load("sketchbook", backbones.preprocess(backbone))
            (made / "ready").touch()
    return made


@pytest.fixture
def stocked(stock: Path, home: Path) -> Path:
    """A home in which that has been done; big files are links, so it costs nothing."""
    furnish(home, stock)
    return home


@pytest.fixture(autouse=True)
def used(request: pytest.FixtureRequest) -> None:
    """Tests in these folders start runs, open pages or measure, which a machine does faster once it has been used."""
    room = request.path.relative_to(Path(__file__).parent).parent.as_posix()
    if room in ("pages", "ui", "ftcore/runs", "ftcore/terminal"):
        request.getfixturevalue("stocked")


def furnish(home: Path, stock: Path) -> None:
    """Put into a home what a server has that was used before."""
    home.mkdir(exist_ok=True)
    shutil.copy(stock / "machine.json", home)
    shutil.copytree(stock / "data", home / "data", copy_function=os.link, dirs_exist_ok=True)


@pytest.fixture(scope="session")
def make_folder() -> Callable[..., Path]:
    """`make_folder(path, per_class, side)` writes class folders of coloured noise."""

    def make(path: Path, per_class: int = 12, side: int = 64) -> Path:
        rng = np.random.default_rng(7)
        for name, colour in COLOURS.items():
            (path / name).mkdir(parents=True)
            for number in range(per_class):
                noise = rng.normal(0, 60, (side, side, 3)) + np.array(colour)
                Image.fromarray(noise.clip(0, 255).astype(np.uint8)).save(path / name / f"{number:02}.png")
        return path

    return make


@pytest.fixture(scope="session")
def noise(tmp_path_factory: pytest.TempPathFactory, make_folder: Callable[..., Path]) -> Path:
    """Three classes of twelve pictures of 64 x 64 pixels: 24 to train, 6 to validate, 6 to test."""
    return make_folder(tmp_path_factory.mktemp("noise") / "pictures")


@pytest.fixture
def images(noise: Path) -> Callable[[Preprocess], ImageSet]:
    """The set at the size that a network wants."""
    return lambda preprocess: sets.load(str(noise), preprocess)


@pytest.fixture
def small(noise: Path) -> RunSettings:
    """The lesson in small: two epochs of the head, two of the last two blocks, in batches of eight."""
    phases = (Phase(epochs=2), Phase(name="Fine-tune", epochs=2, lr=1e-4, trainable=TAIL))
    return RunSettings(data=str(noise), phases=phases, batch_size=8)


@pytest.fixture
def tiny(small: RunSettings) -> RunSettings:
    """One epoch of the head."""
    return dataclasses.replace(small, phases=(Phase(epochs=1),))
