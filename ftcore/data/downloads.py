"""Image sets that torchvision can fetch: what each is, whether it is here, and its plan once it is.

Fetches only when a plan is asked for. Knows nothing about prepared images or a learner's own files.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ftcore.data.pictures import PictureError, prepare
from ftcore.data.splits import Item, Plan, split
from ftcore.errors import FtError, why
from ftcore.files import derived, home
from ftcore.preprocess import Preprocess

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Download:
    """A set torchvision knows. `made`: what unpacking `archives` makes; both are paths below `place()`.

    `parts` maps a split to the arguments that give it. `counts`: images of train, val and test as they come out
    here. `names` is empty where torchvision's class lists the class names itself. `source` is where it fetches from.
    """

    title: str
    kind: str
    parts: dict[str, dict[str, Any]]
    class_count: int
    names: tuple[str, ...]
    counts: tuple[int, int, int]
    megabytes: int
    source: str
    archives: tuple[str, ...]
    made: tuple[str, ...]
    note: str


_TRAIN_TEST = {"train": {"train": True}, "test": {"train": False}}
_MNIST_FILES = tuple(
    f"FashionMNIST/raw/{part}-{kind}"
    for part in ("train", "t10k")
    for kind in ("images-idx3-ubyte", "labels-idx1-ubyte")
)

DOWNLOADS: dict[str, Download] = {
    "cifar10": Download(
        title="CIFAR-10",
        kind="CIFAR10",
        parts=_TRAIN_TEST,
        class_count=10,
        names=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
        counts=(45_000, 5_000, 10_000),
        megabytes=170,
        source="https://www.cs.toronto.edu",
        archives=("cifar-10-python.tar.gz",),
        made=("cifar-10-batches-py",),
        note="60,000 colour photos of 32 x 32 pixels, ten everyday classes; 170 MB. Alex Krizhevsky, University of "
        "Toronto, 2009; for research and teaching, no licence stated.",
    ),
    "flowers102": Download(
        title="Flowers-102",
        kind="Flowers102",
        parts={"train": {"split": "train"}, "val": {"split": "val"}, "test": {"split": "test"}},
        class_count=102,
        names=(),
        counts=(1_020, 1_020, 6_149),
        megabytes=345,
        source="https://www.robots.ox.ac.uk",
        archives=("flowers-102/102flowers.tgz", "flowers-102/imagelabels.mat", "flowers-102/setid.mat"),
        made=("flowers-102/jpg",),
        note="8,189 photos of 102 kinds of flowers, only ten of each to learn from; 345 MB. Nilsback and Zisserman, "
        "University of Oxford, 2008; for research and teaching, no licence stated.",
    ),
    "oxford_pets": Download(
        title="Oxford-IIIT Pets",
        kind="OxfordIIITPet",
        parts={"train": {"split": "trainval"}, "test": {"split": "test"}},
        class_count=37,
        names=(
            *("Abyssinian", "American Bulldog", "American Pit Bull Terrier", "Basset Hound", "Beagle", "Bengal"),
            *("Birman", "Bombay", "Boxer", "British Shorthair", "Chihuahua", "Egyptian Mau", "English Cocker Spaniel"),
            *("English Setter", "German Shorthaired", "Great Pyrenees", "Havanese", "Japanese Chin", "Keeshond"),
            *("Leonberger", "Maine Coon", "Miniature Pinscher", "Newfoundland", "Persian", "Pomeranian", "Pug"),
            *("Ragdoll", "Russian Blue", "Saint Bernard", "Samoyed", "Scottish Terrier", "Shiba Inu", "Siamese"),
            *("Sphynx", "Staffordshire Bull Terrier", "Wheaten Terrier", "Yorkshire Terrier"),
        ),
        counts=(3_312, 368, 3_669),
        megabytes=811,
        source="https://www.robots.ox.ac.uk",
        archives=("oxford-iiit-pet/images.tar.gz", "oxford-iiit-pet/annotations.tar.gz"),
        made=("oxford-iiit-pet/images", "oxford-iiit-pet/annotations"),
        note="7,349 photos of 37 breeds of cats and dogs; 811 MB. Parkhi and others, University of Oxford, 2012; "
        "CC BY-SA 4.0.",
    ),
    "eurosat": Download(
        title="EuroSAT",
        kind="EuroSAT",
        parts={"train": {}},
        class_count=10,
        names=(
            *("AnnualCrop", "Forest", "HerbaceousVegetation", "Highway", "Industrial"),
            *("Pasture", "PermanentCrop", "Residential", "River", "SeaLake"),
        ),
        counts=(18_900, 4_050, 4_050),
        megabytes=94,
        source="https://huggingface.co",
        archives=("eurosat/EuroSAT.zip",),
        made=("eurosat/2750",),
        note="27,000 satellite pictures of 64 x 64 pixels, ten kinds of land use; 94 MB. Helber and others, 2019, "
        "from Copernicus Sentinel-2 data; MIT licence.",
    ),
    "fashion_mnist": Download(
        title="Fashion-MNIST",
        kind="FashionMNIST",
        parts=_TRAIN_TEST,
        class_count=10,
        names=(),
        counts=(54_000, 6_000, 10_000),
        megabytes=31,
        source="http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
        archives=tuple(f"{name}.gz" for name in _MNIST_FILES),
        made=_MNIST_FILES,
        note="70,000 grey pictures of clothes of 28 x 28 pixels, ten classes; 31 MB. Zalando Research, 2017; MIT licence.",
    ),
}


def place() -> Path:
    """The folder that fetched sets lie in, and where archives can be put by hand."""
    return home() / "downloads"


def is_here(name: str) -> bool:
    """Whether the set is fetched and unpacked."""
    return all((place() / path).exists() for path in DOWNLOADS[name].made) and not _mark(name).exists()


def needs_fetching(name: str) -> bool:
    """Whether the set must come from the net: neither is it here, nor do its archives lie there to be unpacked."""
    return not is_here(name) and not all((place() / path).exists() for path in DOWNLOADS[name].archives)


def class_names(name: str) -> tuple[str, ...]:
    """The set's classes in label order, known without fetching it."""
    return DOWNLOADS[name].names or tuple(_kind(name).classes)


def plan(name: str, seed: int, progress: Progress | None = None) -> Plan:
    """The plan of a set, fetching and unpacking it first when it is not here. Raises `FtError` when that fails.

    Its own test and validation splits are kept; without one, a tenth of train becomes validation. A set without
    any splits is cut as a learner's own would be.
    """
    entry = DOWNLOADS[name]
    if not is_here(name):
        _fetch(name, progress)
    parts = _parts(name)
    if parts is None and all((place() / archive).exists() for archive in entry.archives):
        _mark(name).touch()  # what was unpacked is wrong, and can be unpacked anew
        _fetch(name, progress)
        parts = _parts(name)
    if parts is None:
        raise FtError(f"The files of {entry.title} are damaged: delete {_made(entry)} and load again.")
    given, labels = {}, []
    for part, images in parts.items():
        numbers = _labels(images)
        given[part] = [Item(label, f"{part}-{number:05d}", f"{part} {number}") for number, label in enumerate(numbers)]
        labels.append(numbers)

    def row(item: Item, preprocess: Preprocess) -> np.ndarray:
        part, number = str(item.where).split()
        try:
            picture = parts[part][int(number)][0]
        except Exception as error:  # Pillow and its decoders raise all kinds on damaged bytes
            raise PictureError(item.name, "is damaged", f"delete {_made(entry)} and load again") from error
        return prepare(picture, preprocess, item.name)

    fingerprint = hashlib.sha256(f"{name} {labels}".encode()).hexdigest()
    return Plan(entry.title, tuple(next(iter(parts.values())).classes), split(given, seed), fingerprint, row)


def _parts(name: str) -> dict[str, Any] | None:
    """The opened set by split; None when what was unpacked is wrong in any way."""

    def opened() -> dict[str, Any]:
        kind, parts = _kind(name), DOWNLOADS[name].parts
        sets = {part: kind(place(), **given) for part, given in parts.items()}
        if not all(set(_labels(images)) <= set(range(len(images.classes))) for images in sets.values()):
            raise ValueError("labels without a class")
        return sets

    return derived(opened)


def _labels(images: Any) -> list[int]:
    return [int(n) for n in (images.targets if hasattr(images, "targets") else images._labels)]


def _made(entry: Download) -> Path:
    return place() / entry.made[0]


def _kind(name: str) -> Any:
    from ftcore._torchvision import torchvision  # imported here: it takes seconds that other sets need not spend

    return getattr(torchvision.datasets, DOWNLOADS[name].kind)


def _mark(name: str) -> Path:
    """A file that lies there while a set is being unpacked, and stays if that was cut short."""
    return place() / f".{name}-unfinished"


def _fetch(name: str, progress: Progress | None) -> None:
    entry, kind = DOWNLOADS[name], _kind(name)
    with _telling(name):
        place().mkdir(parents=True, exist_ok=True)
        if _mark(name).exists():
            _clear(entry)
        _mark(name).touch()
        try:
            with ThreadPoolExecutor(1) as pool:
                job = pool.submit(kind, place(), **next(iter(entry.parts.values())), download=True)
                while not wait([job], timeout=0.5).done:
                    if progress:
                        progress(f"Fetching {entry.title} (MB)", min(_arrived(entry), entry.megabytes), entry.megabytes)
                job.result()
        except Exception:
            _clear(entry)
            raise
        finally:
            _mark(name).unlink(missing_ok=True)


def _clear(entry: Download) -> None:
    """Take half-unpacked files away; the archives stay, torchvision checks their hashes itself."""
    for path in (place() / made for made in entry.made):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _arrived(entry: Download) -> int:
    paths = [place() / path for path in entry.archives]
    return sum(path.stat().st_size for path in paths if path.exists()) // 1_000_000


@contextlib.contextmanager
def _telling(name: str) -> Any:
    """Turn what goes wrong while fetching or opening into one sentence that says what to put where."""
    entry = DOWNLOADS[name]
    try:
        yield
    except Exception as error:  # no network, a full disk, a damaged archive: each library raises its own kinds
        files = ", ".join(Path(path).name for path in entry.archives)
        raise FtError(
            f"{entry.title} could not be fetched ({why(error)}): connect to the internet, or put {files} "
            f"into {(place() / entry.archives[0]).parent} by hand."
        ) from error
