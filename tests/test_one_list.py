"""A setting is written down once: the form, the terminal, the address, the code and the list of runs follow."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.planted import ask, insert, plant

RUN = 'rest: int = setting(3, "Rest", "Seconds to wait between two epochs of a hot machine.", low=0, high=50)'
PHASE = 'noise: float = setting(0.5, "Label noise", "How many labels are made wrong on purpose.", low=0.0, high=1.0)'
ASK = """
import dataclasses, json, os
from streamlit.testing.v1 import AppTest
from ftcore.export import lines
from ftcore.settings import Phase, RunSettings
from ui.runs import history

settings = RunSettings(rest=7, phases=(Phase(noise=0.25), RunSettings().phases[1]))
query = settings.to_query()
page = AppTest.from_file("app.py", default_timeout=300)
page.session_state["thaw_token"] = "0" * 32
page.run()
page.switch_page("pages/train_live.py")
for name, text in query.items():
    page.query_params[name] = text
page.run()
print(json.dumps({
    "said": not page.exception and [e.value for e in page.error],
    "form": {w.label: w.value for w in page.number_input},
    "address": query,
    "read": RunSettings.from_query(query) == settings and RunSettings.from_json(settings.to_json()) == settings,
    "old": RunSettings.stored(json.dumps({"seed": 3})).rest,
    "code": lines.other_lines(settings, settings.phases[0]),
    "names": history.names([settings, dataclasses.replace(settings, rest=8)]),
}))
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program with a setting more for a run, and one more for a phase: a line each."""
    place = plant(tmp_path_factory.mktemp("tree"))
    insert(place / "ftcore" / "settings.py", "    batch_size: int = ", f"    {RUN}")
    insert(place / "ftcore" / "phase.py", "    optimizer: str = ", f"    {PHASE}")
    return place


def test_a_new_setting_stands_everywhere(tree: Path) -> None:
    found = json.loads(ask(tree, "-c", ASK).splitlines()[-1])
    assert found["said"] == []
    assert (found["form"]["Rest"], found["form"]["Label noise"]) in ((7, 0.25), (7, 0.5))
    assert (found["address"]["rest"], found["address"]["p1"]) == ("7", "noise:0.25")
    assert found["read"]
    assert found["old"] == 3, "a run folder of before has the default"
    assert found["code"] == "# Rest: 7\n# Label noise: 0.25"
    assert [name.rpartition(" · ")[2] for name in found["names"]] == ["rest 7", "rest 8"]


def test_the_terminal_has_it_and_takes_it(tree: Path, tmp_path: Path) -> None:
    told = " ".join(ask(tree, "-m", "ftcore", "train", "--help").split())
    assert "--rest N Seconds to wait between two epochs of a hot machine." in told
    assert "--noise 0.5,0.5 How many labels are made wrong on purpose. One for each phase." in told
    code = (
        "import sys; from ftcore.__main__ import _parser; from ftcore.terminal import options; "
        "s = options.settings_from(_parser().parse_args(sys.argv[1:])); print(s.rest, [p.noise for p in s.phases])"
    )
    assert ask(tree, "-c", code, "train", "--rest", "9", "--noise", "0.1,0.2") == "9 [0.1, 0.2]\n"
