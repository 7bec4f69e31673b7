"""The default lesson against two other ways to do the same job, in one process.

A: the fastest correct plain loop. Same freezing, images in memory as tensors, the frozen prefix in eval mode
   under `no_grad`, channels_last, fused optimizer - but the prefix is computed anew in each epoch.
B: Thaw's engine, first with nothing kept on disk (cold), then with the features kept (warm).
C: the loop of PyTorch's transfer learning tutorial as users run it: pictures from files through a
   `DataLoader`, the whole network in train mode, loss and hits fetched at each step.

All three learn the same 5,000 drawings with the same batches per epoch, rates and optimizer, and look at the
same 1,000 validation drawings after each epoch. Order: A B A B, then C.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks import stopping
from ftcore import events
from ftcore._torchvision import torchvision
from ftcore.costs import machine
from ftcore.data.prepared import Split
from ftcore.data.sets import ImageSet
from ftcore.files import home
from ftcore.network import backbones, pixels, surgery, tapconv
from ftcore.runs import execute, records
from ftcore.settings import RunSettings
from ftcore.training.optimizer import make_optimizer
from ftcore.training.start import load_images, start_network

tv_datasets, transforms = torchvision.datasets, torchvision.transforms


def plain(settings: RunSettings, images: ImageSet) -> tuple[float, float, float]:
    """Way A: seconds, validation accuracy after the last epoch, test accuracy."""
    preprocess, device = backbones.preprocess(settings.backbone), torch.device("cpu")
    network = start_network(settings, len(images.classes))
    ready = {s: pixels.pixels(getattr(images, s).images, preprocess, device) for s in ("train", "val", "test")}
    labels = {s: torch.tensor(getattr(images, s).labels) for s in ready}
    start, epoch, accuracy = time.perf_counter(), 0, 0.0
    for phase in settings.phases:
        surgery.freeze(network, phase.trainable)
        boundary = surgery.boundary(network, phase.trainable)
        optimizer = make_optimizer(network, phase, device)
        for _ in range(phase.epochs):
            epoch += 1
            surgery.set_mode(network, phase.trainable, settings.batch_norm)
            torch.manual_seed(settings.seed * 100_003 + epoch)
            for part in torch.randperm(len(images.train)).split(settings.batch_size):
                with torch.no_grad():
                    x = network.run(ready["train"][part], stop=boundary)
                loss = F.cross_entropy(network.run(x, start=boundary), labels["train"][part])
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
            network.model.eval()
            accuracy = _accuracy(network.model, ready["val"], labels["val"])
    test = _accuracy(network.model, ready["test"], labels["test"])
    return time.perf_counter() - start, accuracy, test


@torch.no_grad()
def _accuracy(model: nn.Module, x: Tensor, y: Tensor) -> float:
    hits = [(model(a).argmax(1) == b).sum() for a, b in zip(x.split(pixels.LOOK), y.split(pixels.LOOK), strict=True)]
    return int(torch.stack(hits).sum()) / len(y)


def thaw(settings: RunSettings) -> tuple[float, float, float]:
    """Way B: seconds, validation accuracy after the last epoch, test accuracy."""
    seen: dict[str, float] = {}

    def report(event: events.Event) -> None:
        if isinstance(event, events.EpochEnd):
            seen["val"] = event.val_accuracy
        elif isinstance(event, events.RunEnd):
            seen["test"] = event.test_accuracy

    folder = records.new(settings)
    start = time.perf_counter()
    execute.execute(folder, report)
    return time.perf_counter() - start, seen["val"], seen["test"]


def tutorial(settings: RunSettings, images: ImageSet, folder: Path) -> tuple[float, float, float]:
    """Way C: seconds, validation accuracy after the last epoch, test accuracy."""
    for name in ("train", "val", "test"):
        _write(folder / name, getattr(images, name), images.classes)
    p = backbones.preprocess(settings.backbone)
    to_input = transforms.Compose(
        [
            transforms.Resize(p.resize),
            transforms.CenterCrop(p.side),
            transforms.ToTensor(),
            transforms.Normalize(p.mean, p.std),
        ]
    )
    loaders = {
        name: torch.utils.data.DataLoader(
            tv_datasets.ImageFolder(str(folder / name), to_input),
            settings.batch_size,
            shuffle=name == "train",
            num_workers=2,
        )
        for name in ("train", "val", "test")
    }
    model = backbones.load(settings.backbone).model
    model.fc = nn.Linear(512, len(images.classes))
    start, accuracy = time.perf_counter(), 0.0
    for phase in settings.phases:
        for name, parameter in model.named_parameters():
            parameter.requires_grad = name.startswith(tuple(b if b != "head" else "fc" for b in phase.trainable))
        moving = [parameter for parameter in model.parameters() if parameter.requires_grad]
        optimizer = torch.optim.AdamW(moving, lr=phase.lr, weight_decay=phase.weight_decay)
        for _ in range(phase.epochs):
            _one_pass(model, loaders["train"], optimizer)
            accuracy = _one_pass(model, loaders["val"], None)
    test = _one_pass(model, loaders["test"], None)
    return time.perf_counter() - start, accuracy, test


def _one_pass(
    model: nn.Module,
    loader: torch.utils.data.DataLoader[tuple[torch.Tensor, torch.Tensor]],
    optimizer: torch.optim.Optimizer | None,
) -> float:
    model.train(optimizer is not None)
    hits, count, total = 0, 0, 0.0
    for x, y in loader:
        with torch.set_grad_enabled(optimizer is not None):
            logits = model(x)
            loss = F.cross_entropy(logits, y)
            if optimizer:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        total += loss.item() * len(x)
        hits += int((logits.argmax(1) == y).sum().item())
        count += len(x)
    return hits / count


def _write(folder: Path, split: Split, classes: tuple[str, ...]) -> None:
    for i, (image, label) in enumerate(zip(split.images, split.labels, strict=True)):
        path = folder / f"{label:03d} {classes[label]}" / f"{i:05d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.asarray(image)).save(path)


def tail_rate(settings: RunSettings) -> str:
    """How near a training step of the thawed tail comes to the rate of one large matrix product."""
    a = torch.randn(2048, 2048)
    rate = 2 * 2048**3 / _best(lambda: a @ a)
    network, phase = start_network(settings, 10), settings.phases[-1]
    surgery.freeze(network, phase.trainable)
    boundary = surgery.boundary(network, phase.trainable)
    preprocess = backbones.preprocess(settings.backbone)
    x = torch.randn(settings.batch_size, 3, preprocess.side, preprocess.side).to(memory_format=torch.channels_last)
    with torch.no_grad():
        x = network.run(x, stop=boundary)
    y = torch.zeros(len(x), dtype=torch.long)
    optimizer = make_optimizer(network, phase, torch.device("cpu"))

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(network.run(x, start=boundary), y).backward()
        optimizer.step()

    taps = machine.taps(network, settings.batch_size)
    whole = _best(step)
    with tapconv.enabled(network.model, taps):
        by_taps = _best(step)
        back = _best(lambda: F.cross_entropy(network.run(x, start=boundary), y).backward())
    work = 3 * _products(network, x, boundary, taps) * len(x)
    return (
        f"matrix product {rate / 1e9:.0f} GFLOP/s; a step of {len(x)} images through the thawed tail: "
        f"{whole * 1e3:.0f} ms with the library's convolutions, {by_taps * 1e3:.0f} ms with {len(taps)} of them by taps\n"
        f"(real products {work / 1e9:.1f} GFLOP, forward and backward {back * 1e3:.0f} ms: "
        f"{work / back / rate:.0%} of the matrix product's rate)"
    )


def _products(network: backbones.Network, x: Tensor, boundary: str, taps: tuple[str, ...]) -> float:
    """Operations of one image's forward pass through the tail, products with padding left out where taps do so."""
    total = 0.0
    names = {module: name for name, module in network.model.named_modules()}

    def count(module: nn.Module, args: tuple[Tensor, ...], out: Tensor) -> None:
        nonlocal total
        if isinstance(module, nn.Conv2d):
            kernel = module.kernel_size[0] * module.kernel_size[1]
            met = tapconv.real_share(module, *args[0].shape[2:]) if names[module] in taps else 1.0
            total += 2 * out[0].numel() * module.in_channels * kernel * met
        elif isinstance(module, nn.Linear):
            total += 2 * out[0].numel() * module.in_features

    hooks = [module.register_forward_hook(count) for module in network.model.modules()]
    with torch.no_grad():
        network.run(x[:1], start=boundary)
    for hook in hooks:
        hook.remove()
    return total


def _best(work: Callable[[], object]) -> float:
    taken = []
    for _ in range(12):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken)


def main() -> None:
    """Run A B A B C and print seconds, ratios and accuracies."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train-per-class", type=int, default=0, help="fewer images, for a quick look")
    parser.add_argument("--no-tutorial", action="store_true", help="leave C out")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        os.environ["THAW_HOME"] = temporary
        settings = RunSettings(train_per_class=arguments.train_per_class)
        images = load_images(settings)
        print(f"{len(images.train):,} training images, {torch.get_num_threads()} threads, torch {torch.__version__}")
        print(tail_rate(settings), flush=True)
        taken: dict[str, list[float]] = {"A": [], "B": []}
        for turn in ("cold", "warm"):
            for name, result in (("A", plain(settings, images)), ("B", None)):
                if name == "B" and turn == "cold":
                    shutil.rmtree(home() / "features", ignore_errors=True)
                seconds, val, test = result or thaw(settings)
                taken[name].append(seconds)
                about = f"({turn} cache)" if name == "B" else ""
                print(f"{name} {seconds:7.1f} s  validation {val:.3f}  test {test:.3f} {about}", flush=True)
        slow = statistics.mean(taken["A"])
        print(
            f"B is {slow / taken['B'][0]:.2f} times as fast as A with a cold cache, {slow / taken['B'][1]:.2f} with a warm one"
        )
        if not arguments.no_tutorial:
            seconds, val, test = tutorial(settings, images, Path(temporary) / "pictures")
            print(f"C {seconds:7.1f} s  validation {val:.3f}  test {test:.3f}")
            print(
                f"B is {seconds / taken['B'][0]:.2f} times as fast as C with a cold cache, {seconds / taken['B'][1]:.2f} with a warm one"
            )


if __name__ == "__main__":
    stopping.run(main)
