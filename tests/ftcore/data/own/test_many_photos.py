"""Memory stays as flat with many photos of twelve megapixels as with few: measured in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ftcore.files import ROOT
from tests import photos

MOST = 400  # MB above an idle process, whatever the number: some photos at a time, of 36 MB each as pixels
MORE = 60  # MB that twice as many photos may take beyond what half of them takes
CHILD = """
import json, shutil, sys, time
from ftcore.data import sets
from ftcore.data.own import jobs, keeping, plans, steps
from ftcore.network import backbones
from ftcore.settings import RunSettings

def kilobytes(field):
    return int(next(line for line in open("/proc/self/status") if line.startswith(field)).split()[1])

one, told = keeping.new("e" * 32, ""), []
shutil.copy(sys.argv[1], jobs.incoming(one) / "1.data")
(jobs.incoming(one) / "1.json").write_text(json.dumps({"name": "photos.zip"}))
idle = kilobytes("VmRSS")
jobs.begin(one)
while (going := jobs.look(one)) is not None:
    told.append((going.what, going.done, going.total))
    time.sleep(0.05)
one = keeping.find(one.id, one.owner)
now = steps.standing(one)
small = backbones.preprocess(RunSettings().backbone)
images = sets.load(plans.data_of(one, now), small, progress=lambda *how: told.append(how))
print((kilobytes("VmHWM") - idle) // 1024, len(images.train) + len(images.val) + len(images.test))
print(json.dumps(list(dict.fromkeys(told))))
"""


pytestmark = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="the system does not tell a process its peak"
)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[int, int, str]]:
    """Megabytes taken, pictures that came out, and progress as it was told, of few photos and of twice as many."""
    found = []
    for per_class in (12, 24):
        place = tmp_path_factory.mktemp("many")
        packed = photos.packed(place / "photos.zip", per_class)
        command = [sys.executable, "-c", CHILD, str(packed)]
        env = {**os.environ, "THAW_HOME": str(place / "home")}
        out = subprocess.run(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True, check=True).stdout
        (peak, pictures), told = out.splitlines()[0].split(), out.splitlines()[1]
        found.append((int(peak), int(pictures), told))
    return found


def test_memory_does_not_grow_with_the_number_of_photos(measured: list[tuple[int, int, str]]) -> None:
    (few, _, _), (twice, _, _) = measured
    assert twice <= MOST
    assert twice <= few + MORE


def test_all_are_taken_in_and_made_ready_with_progress_to_the_end(measured: list[tuple[int, int, str]]) -> None:
    for (_, pictures, told), wanted in zip(measured, (24, 48), strict=True):
        assert pictures == wanted
        steps = json.loads(told)
        for what in ("Looking at pictures", "Preparing images"):
            done = [now for named, now, total in steps if named == what and total == wanted]
            assert done == sorted(done)
            assert done[0] < done[-1]  # told on the way; how often depends on how long a machine takes
        assert steps[-1] == ["Preparing images", wanted, wanted]
