"""How a set stands after its steps: every trouble mended, every step taken back, no copies on two sides."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from ftcore.data import sets
from ftcore.data.check import looks
from ftcore.data.own import keeping, packing, plans, steps
from ftcore.data.own.keeping import Kept, OwnSet
from ftcore.data.own.steps import Standing
from ftcore.errors import FtError
from ftcore.preprocess import Preprocess
from tests.ftcore.data.own.brought import ADAM, EVE, bring, photo, two_classes, with_pictures

TINY = Preprocess(8, 9, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


def smaller(data: bytes) -> bytes:
    out = io.BytesIO()
    with Image.open(io.BytesIO(data)) as picture:
        picture.resize((36, 32)).save(out, "PNG")
    return out.getvalue()


def split_set() -> dict[str, bytes]:
    """A set with its own train and val, a copy and a near copy across them."""
    pictures = {f"train/{name}": data for name, data in two_classes(12).items()}
    pictures |= {f"val/{name}": data for name, data in two_classes(4, start=400).items()}
    pictures["val/ants/leak.png"] = pictures["train/ants/3.png"]
    pictures["val/bees/near.png"] = smaller(pictures["train/bees/5.png"])
    return pictures


def kinds(one: OwnSet) -> set[str]:
    return {found.kind for found in now(one).findings}


def now(one: OwnSet) -> Standing:
    return steps.standing(keeping.find(one.id, one.owner))


def take(one: OwnSet, **step: object) -> None:
    steps.take(one.id, one.owner, step)


def torn(standing: Standing) -> list[list[int]]:
    """Groups of copies whose pictures stand on two sides in learning."""
    seen = [one.look for one in standing.pictures]
    pairs = [*looks.alike(seen)]
    first: dict[str, int] = {}
    pairs += [(first.setdefault(look.digest, at), at) for at, look in enumerate(seen)]
    return [group for group in looks.groups(pairs) if len({standing.sides[at] for at in group}) > 1]


def test_copies_across_a_set_s_own_split_are_told_and_never_learned_from_on_two_sides(home: Path) -> None:
    one = with_pictures(split_set())
    assert kinds(one) == {"leak", "nearly"}
    before = now(one)
    assert before.given
    assert torn(before) == []
    side = {p.path: s for p, s in zip(before.pictures, before.sides, strict=True)}
    assert side["val/ants/leak.png"] == side["val/bees/near.png"] == "train"
    assert sum(s == "val" for s in side.values()) == 8, "all others stay where they were"
    take(one, do="together")
    assert kinds(one) == {"twice"}
    assert now(one).sides == before.sides
    steps.undo(one.id, EVE)
    assert kinds(one) == {"leak", "nearly"}


@pytest.mark.parametrize("seed", range(8))
def test_a_split_that_is_drawn_tears_no_copies_apart(home: Path, seed: int) -> None:
    one = with_pictures(split_set())
    take(one, do="split", how="drawn", val=20, test=20, seed=seed)
    drawn = now(one)
    assert not drawn.given
    assert torn(drawn) == []
    assert kinds(one) == {"twice"}
    counts = drawn.counts()
    assert all(3 <= counts[label][side] <= 4 for label in counts for side in ("val", "test")), counts


def test_classes_are_renamed_joined_and_left_out_and_all_is_taken_back(home: Path) -> None:
    one = with_pictures({**two_classes(6), **{f"wasps/{at}.png": photo(9000 + at) for at in range(6)}})
    states = [now(one)]
    for step in (
        {"do": "rename", "old": "bees", "new": "honey bees"},
        {"do": "rename", "old": "wasps", "new": "honey bees"},
        {"do": "leave", "pictures": [0, 7]},
        {"do": "drop", "label": "ants"},
    ):
        take(one, **step)
        states.append(now(one))
    assert [state.classes for state in states] == [
        ("ants", "bees", "wasps"), ("ants", "honey bees", "wasps"), ("ants", "honey bees"), ("ants", "honey bees"),
        ("honey bees",),
    ]  # fmt: skip
    assert [len(state.numbers) for state in states] == [18, 18, 18, 16, 11]
    files = {path: path.read_bytes() for path in (one.folder / "pictures").iterdir()}
    assert len(files) == 18
    for state in reversed(states[:-1]):
        steps.undo(one.id, EVE)
        assert now(one) == state


WRONG = [
    {"do": "leave", "pictures": [99]},
    {"do": "rename", "old": "cats", "new": "dogs"},
    {"do": "rename", "old": "ants", "new": " / "},
    {"do": "rename", "old": "ants", "new": "ants "},
    {"do": "drop", "label": "cats"},
    {"do": "split", "how": "own"},
    {"do": "split", "how": "drawn", "val": 60, "test": 20, "seed": 0},
    {"do": "split", "how": "drawn", "val": 20, "test": 20, "seed": -1},
    {"do": "explode"},
    {},
]


@pytest.mark.parametrize("step", WRONG, ids=json.dumps)
def test_a_step_that_cannot_be_is_refused_and_changes_nothing(home: Path, step: dict[str, object]) -> None:
    one = with_pictures(two_classes(4))
    with pytest.raises(FtError):
        steps.take(one.id, EVE, step)
    assert keeping.find(one.id, EVE).steps == ()


def test_no_step_of_another_learner_is_taken(home: Path) -> None:
    one = with_pictures(two_classes(4))
    for act in (lambda: steps.take(one.id, ADAM, {"do": "drop", "label": "ants"}), lambda: steps.undo(one.id, ADAM)):
        with pytest.raises(FtError, match="no such set of yours"):
            act()


STEPS = st.one_of(
    st.builds(lambda n: {"do": "leave", "pictures": n}, st.lists(st.integers(-3, 40), max_size=5)),
    st.builds(lambda a, b: {"do": "rename", "old": a, "new": b}, st.sampled_from("abc"), st.text(max_size=5)),
    st.builds(lambda a: {"do": "drop", "label": a}, st.sampled_from("abcd")),
    st.just({"do": "together"}),
    st.just({"do": "split", "how": "own"}),
    st.builds(lambda v, t, s: {"do": "split", "how": "drawn", "val": v, "test": t, "seed": s},
              st.integers(0, 50), st.integers(0, 50), st.integers(-1, 9)),
)  # fmt: skip
KEPT = st.builds(
    lambda rows: [
        Kept(f"{label}/{at}.png", label, side, "x", 1, looks.Look(f"{copy}", (64, 64), (copy * 7919 << 20, copy)))
        for at, (label, side, copy) in enumerate(rows)
    ],
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(("train", "val", "test", "")), st.integers(0, 12)),
             min_size=1, max_size=30),
)  # fmt: skip


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(KEPT, st.lists(STEPS, max_size=8))
def test_whatever_is_done_no_copies_stand_on_two_sides(kept: list[Kept], doing: list[dict[str, object]]) -> None:
    done: list[dict[str, object]] = []
    for step in doing:
        one = OwnSet("0" * 32, EVE, "", 0.0, 0.0, tuple(done))
        standing = steps.standing(one, kept)
        assert torn(standing) == []
        assert sum(sum(sides.values()) for sides in standing.counts().values()) == len(standing.numbers)
        try:
            done.append(steps._sound(step, standing, len(kept)))
        except FtError:
            continue


def test_a_run_learns_from_the_set_as_it_stood(home: Path) -> None:
    one = with_pictures(split_set())
    data = plans.data_of(one, now(one))
    before = sets.load(data, TINY)
    take(one, do="rename", old="ants", new="wasps")
    take(one, do="leave", pictures=[1, 2, 3])
    bring(one, {f"{at}.png": photo(4444 + at) for at in range(9)}, label="ants")  # none of those that became wasps
    take(one, do="split", how="drawn", val=20, test=20, seed=0)
    again = sets.load(data, TINY)
    assert [split.digest for split in (again.train, again.val, again.test)] == [
        split.digest for split in (before.train, before.val, before.test)
    ]
    other = plans.data_of(keeping.find(one.id, EVE), now(one))
    assert other != data
    assert sets.summary(other).classes == ("ants", "bees", "wasps")
    assert sets.summary(data).classes == ("ants", "bees")
    assert {*again.train.names} & {*again.val.names} == set()


TOO_LITTLE = {
    "nothing": ({}, "no pictures in this set yet"),
    "one class": ({f"ants/{at}.png": photo(at) for at in range(5)} | {"bees/x.png": b"broken"}, "no picture to learn"),
    "two pictures": ({f"{kind}/{at}.png": photo(at + ord(kind)) for kind in "ab" for at in (1, 2)}, "no picture to"),
}


@pytest.mark.parametrize("kind", TOO_LITTLE)
def test_too_little_to_learn_from_is_a_sentence(home: Path, kind: str) -> None:
    pictures, said = TOO_LITTLE[kind]
    one = with_pictures(pictures) if pictures else keeping.new(EVE, "")
    with pytest.raises(FtError, match=said):
        plans.data_of(one, now(one))


def test_a_zip_of_it_comes_back_the_same(home: Path) -> None:
    odd = {"ants/CON.png": photo(1), "ants/con.PNG": photo(2), "ants/a:b?.png": photo(3), "ants/ü.png": photo(4)}
    one = with_pictures({**two_classes(9), **odd})
    take(one, do="rename", old="bees", new="bees: honey?")
    take(one, do="leave", pictures=[0])
    data = b"".join(packing.pack(keeping.find(one.id, EVE)))
    again = bring(keeping.new(ADAM, "again"), {"it.zip": data})
    assert again.trouble == ""

    def told(standing: Standing) -> list[tuple[str, str, str]]:
        rows = zip(standing.pictures, standing.sides, strict=True)
        return sorted((one.look.digest, packing.fit(one.label), side) for one, side in rows)

    assert told(now(again)) == told(now(one))
    assert b"".join(packing.pack(again)) is not None


def test_an_empty_set_has_no_zip(home: Path) -> None:
    with pytest.raises(FtError, match="no pictures in this set to download"):
        packing.pack(keeping.new(EVE, ""))
