"""Tables of labels: which columns, which names, every mistake in one sentence, and nothing reached outside the set."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from ftcore.data import catalogue, sets
from ftcore.data.layouts import tables
from ftcore.errors import FtError
from ftcore.preprocess import Preprocess

TINY = Preprocess(8, 9, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


def table(folder: Path, text: str | bytes, name: str = "labels.csv") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def loose(root: Path, *names: str) -> Path:
    out = io.BytesIO()
    Image.new("RGB", (10, 12), (9, 99, 7)).save(out, "PNG")
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(out.getvalue())
    return root


TWELVE = [f"images/{c}{i}.png" for c in "cd" for i in range(6)]
ROWS = "\n".join(f"{c}{i}.png,{'cat' if c == 'c' else 'dog'}" for c in "cd" for i in range(6))


def zipped(folder: Path) -> Path:
    target = folder.parent / "packed.zip"
    with zipfile.ZipFile(target, "w") as out:
        for path in sorted(folder.rglob("*.png")):
            out.write(path, path.relative_to(folder))
    return target


def test_a_folder_and_a_zip_arranged_by_a_table(tmp_path: Path) -> None:
    folder = loose(tmp_path / "set", *TWELVE)
    inside = table(folder, f"file,label\n{ROWS}\n")
    for data in (folder, zipped(folder)):
        found = sets.summary(str(data), labels=str(inside))
        assert (found.classes, found.counts) == (("cat", "dog"), {"train": 8, "val": 2, "test": 2})
        assert (found.passed_over, found.notes) == ((), ())
    made = sets.load(str(folder), TINY, labels=str(inside))
    assert [name.split("/")[-1][0] for name in made.train.names] == ["c"] * 4 + ["d"] * 4
    assert made.train.labels.tolist() == [0] * 4 + [1] * 4


HEADS = (
    "file,label",
    "filename,class",
    "FILE NAME,Category",
    "image,species",
    "path,target",
    "image_id,breed",
    "id,label",
)


@pytest.mark.parametrize("head", [*HEADS, '"file","label"', "File, Label"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16"])
def test_headers_separators_and_encodings(tmp_path: Path, head: str, mark: str, coding: str) -> None:
    text = f"{head}\r\na.png,Größe\r\n\r\nb.png, 猫 \r\n".replace(",", mark).encode(coding)
    assert tables.read(table(tmp_path, text)).rows == {"a.png": "Größe", "b.png": "猫"}


def test_columns_are_found_among_others(tmp_path: Path) -> None:
    text = 'id,filename,width,"class_name",xmin\n7,"a, b.png",10,cat,0\n8,c.png,10,dog\n'
    assert tables.read(table(tmp_path, text)).rows == {"a, b.png": "cat", "c.png": "dog"}


def test_one_column_of_0_and_1_for_each_class(tmp_path: Path) -> None:
    text = "filename, circle, square\na.png,1,0\nb.png, 0, 1\nc.png,0,0\n"
    found = tables.read(table(tmp_path, text, "_classes.csv"))
    assert (found.rows, found.blank) == ({"a.png": "circle", "b.png": "square"}, 1)
    with pytest.raises(FtError, match=r"'d.png' has 2 classes in '_classes.csv' \('circle', 'square'\).*multi-label"):
        tables.read(table(tmp_path, text + "d.png,1,1\n", "_classes.csv"))


@pytest.mark.parametrize("name", ["x/y/1.png", "y/1.png", "1.png", "1", "y/1", "./x/y/1.png", "x\\y\\1.png"])
def test_a_picture_answers_to_any_end_of_its_path(tmp_path: Path, name: str) -> None:
    labels = tables.read(table(tmp_path, f"file,label\n{name},cat\n"))
    assert labels.assign([("x", "y", "1.png"), ("x", "2.png")]) == ({("x", "y", "1.png"): "cat"}, [])


def test_the_longest_name_counts_and_two_pictures_of_one_name_are_refused(tmp_path: Path) -> None:
    both = [("train", "1.png"), ("test", "1.png")]
    labels = tables.read(table(tmp_path, "file,label\ntrain/1.png,cat\n1.png,dog\n"))
    assert labels.assign(both)[0] == {both[0]: "cat", both[1]: "dog"}
    with pytest.raises(FtError, match=r"'1.png' in 'labels.csv' may be 'train/1.png' or 'test/1.png': write it there"):
        tables.read(table(tmp_path, "file,label\n1.png,dog\n")).assign(both)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"", "is empty: its first line must name the columns"),
        (b"\n\n \n", "is empty: its first line must name the columns"),
        (b"c0.png,cat\n", "does not say which column is the file and which the class: its first line must name"),
        (b"file,size\nc0.png,3\n", "does not say which column is the file"),
        (b"file,width,height\nc0.png,30,20\n", "does not say which column is the class: call that one label"),
        (b"file,label\n", "has no line with a file and a class"),
        (b"file,label\n,cat\nc0.png,\nc1.png\n", "has no line with a file and a class"),
        (b"file,label\nc0.png,cat\nc0.png,dog\n", "'c0.png' stands in 'labels.csv' twice, as 'cat' and as 'dog'"),
        (b"file,label\nc0.png,caf\xe9\n", "is not in UTF-8: save it as 'CSV UTF-8'"),
        (b"\xff\xfef\0i\0l", "is not in UTF-8"),
        (b"file,label\nc0.png,ca\0t\n", "is not a CSV table"),
        (b"file,label\nc0.png," + b"x" * 200_000, "is not a CSV table"),
        (b'file,label\n"c0.png,cat\nc1.png,dog\n', "is not a CSV table"),
        (b"file,label\n" + b"a,b\n" * 200_001, "has more than 200,000 lines"),
        (b"file,label\n" + b" " * (32 * 2**20), "is larger than 32 MB"),
    ],
)
def test_tables_that_cannot_be_used(tmp_path: Path, text: bytes, sentence: str) -> None:
    with pytest.raises(FtError, match=sentence) as error:
        tables.read(table(tmp_path, text))
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 300


@pytest.mark.parametrize("place", ["", "no/such.csv", "\0", "x" * 5000, "~nobody-of-this-name/x.csv"])
def test_a_table_that_is_not_there(tmp_path: Path, place: str) -> None:
    folder = loose(tmp_path / "set", *TWELVE)
    with pytest.raises(FtError, match=r"cannot be read|is no file"):
        sets.summary(str(folder), labels=place or str(tmp_path))


def test_names_outside_the_set_reach_nothing(tmp_path: Path) -> None:
    folder, secret = loose(tmp_path / "set", *TWELVE), loose(tmp_path, "secret.png")
    outside = ("../secret.png", str(secret / "secret.png"), "images/../../secret.png", "C:\\secret.png", "/etc/passwd")
    text = f"file,label\n{ROWS}\n" + "".join(f"{name},cat\n" for name in outside)
    found = sets.summary(str(folder), labels=str(table(tmp_path, text)))
    assert sum(found.counts.values()) == 12
    assert found.notes[0].startswith("5 names in the table 'labels.csv' are no images here: ../secret.png, ")


def test_what_table_and_pictures_do_not_share_is_named(tmp_path: Path) -> None:
    folder = loose(tmp_path / "set", *TWELVE, "images/e0.png", "images/e1.png")
    found = sets.summary(str(folder), labels=str(table(tmp_path, f"file,label\n{ROWS}\ngone.png,cat\ne0.png,\n")))
    assert found.passed_over == ("images/e0.png", "images/e1.png")
    assert found.notes == (
        "2 images are not in the table 'labels.csv'.",
        "1 of the names in the table 'labels.csv' is no image here: gone.png.",
        "1 line of the table 'labels.csv' names no file or no class.",
    )
    with pytest.raises(FtError, match=r"None of the images to learn from is in 'labels\.csv', which names 'x\.png'"):
        sets.summary(str(folder), labels=str(table(tmp_path, "file,label\nx.png,cat\n")))


def test_splits_stay_and_an_unlabelled_one_is_left_out(tmp_path: Path) -> None:
    names = [f"train/{c}{i}.png" for c in "cd" for i in range(6)]
    folder = loose(tmp_path / "set", *names, *(f"val/{c}9.png" for c in "cd"), "test1/1.png", "test1/2.png")
    path = table(folder, f"id,label\n{ROWS}\nc9,cat\nd9,dog\n")
    found = sets.summary(str(folder), labels=str(path))
    assert found.counts == {"train": 10, "val": 2, "test": 2}
    assert found.passed_over == ("test1/1.png", "test1/2.png")
    assert found.notes[0] == "No image in test1/ is in the table 'labels.csv': left out."


@pytest.mark.parametrize("data", sorted(catalogue.CATALOGUE))
def test_a_table_is_for_own_pictures_only(tmp_path: Path, data: str) -> None:
    path = table(tmp_path, "file,label\na.png,cat\n")
    for ask in (lambda: sets.summary(data, labels=str(path)), lambda: sets.load(data, TINY, labels=str(path))):
        with pytest.raises(FtError, match=f"^A table of labels is for a folder or zip, and '{data}' has its"):
            ask()


def test_a_table_beside_loose_pictures_is_recognised(tmp_path: Path) -> None:
    folder = loose(tmp_path / "my set", *TWELVE)
    path = table(folder, f"file,label\n{ROWS}\n")
    with pytest.raises(
        FtError, match=r"12 images lie directly in images/, .* so add --labels \"(.*)\", or put"
    ) as error:
        sets.summary(str(folder))
    assert f'"{path}"' in str(error.value)
    table(folder, "filename,circle,square\n", "_classes.csv")
    with pytest.raises(FtError, match=r"_classes.csv seems to mark their classes with 0 and 1.*\(multi-label\) cannot"):
        sets.summary(str(folder))
    table(folder, "x,y\n1,2\n", "_classes.csv")
    path.unlink()
    with pytest.raises(FtError, match=r"\): put them in one folder for each class|names seem to say the class"):
        sets.summary(str(folder))


def test_labels_that_differ_only_in_case_are_said(tmp_path: Path) -> None:
    folder = loose(tmp_path / "set", *TWELVE)
    text = "file,label\n" + ROWS.replace("c1.png,cat\nc2.png,cat\nc3.png,cat", "c1.png,Cat\nc2.png,Cat\nc3.png,Cat")
    found = sets.summary(str(folder), labels=str(table(tmp_path, text)))
    assert found.classes == ("Cat", "cat", "dog")
    assert found.notes == ("'Cat' and 'cat' differ only in case and are taken as two classes.",)


def test_a_column_of_splits_wins_over_folders(tmp_path: Path) -> None:
    folder = loose(
        tmp_path / "set", *(f"{split}/{c}{i}.png" for split in ("train", "val") for c in "cd" for i in range(6))
    )
    rows = [f"{split}/{c}{i}.png,{c},{'Training' if i < 4 else 'valid' if i < 5 else 'TEST'}" for split in ("train", "val")
            for c in "cd" for i in range(6)]  # fmt: skip
    labels = table(tmp_path, "\n".join(["file,label,split", *rows]))
    assert sets.summary(str(folder), labels=str(labels)).counts == {"train": 16, "val": 4, "test": 4}
    made = sets.load(str(folder), TINY, labels=str(labels))
    assert {name[-5] for name in made.val.names} == {"4"}
    assert {name[-5] for name in made.test.names} == {"5"}


def test_a_column_of_splits_may_leave_some_to_be_drawn_or_be_empty(tmp_path: Path) -> None:
    folder = loose(tmp_path / "set", *TWELVE)
    head = "file,label,split"
    some = [f"{c}{i}.png,{c},{'test' if i == 5 else 'train'}" for c in "cd" for i in range(6)]
    labels = table(tmp_path, "\n".join([head, *some]))
    assert sets.summary(str(folder), labels=str(labels)).counts == {"train": 8, "val": 2, "test": 2}
    short = table(
        tmp_path,
        "\n".join(["label,split,file", "c", "d,test", *(",".join(reversed(one.split(","))) for one in some)]),
        "s.csv",
    )
    with pytest.raises(FtError, match="says the split"):
        sets.summary(str(folder), labels=str(short))
    blank = table(tmp_path, "\n".join([head, *(f"{c}{i}.png,{c}," for c in "cd" for i in range(6))]), "blank.csv")
    assert sets.summary(str(folder), labels=str(blank)).counts == {"train": 8, "val": 2, "test": 2}


def test_a_split_that_is_none_is_refused(tmp_path: Path) -> None:
    folder = loose(tmp_path / "set", *TWELVE)
    rows = "\n".join(f"{row},{'train' if at else 'holdout'}" for at, row in enumerate(ROWS.splitlines()))
    labels = table(tmp_path, f"file,label,split\n{rows}\n")
    with pytest.raises(
        FtError, match=r"says the split 'holdout' of 'c0\.png': say train, val or test, or take the column"
    ):
        sets.summary(str(folder), labels=str(labels))
    both = table(tmp_path, "file,label,split\nc0.png,c,train\nc0.png,c,test\nd0.png,d,train\n", "both.csv")
    with pytest.raises(FtError, match=r"'c0\.png' stands in 'both\.csv' twice, in two splits"):
        sets.summary(str(folder), labels=str(both))
    mixed = table(tmp_path, f"file,label,split\n{rows.replace('holdout', '')}\n", "mixed.csv")
    with pytest.raises(FtError, match=r"says the split '' of 'c0\.png'"):
        sets.summary(str(folder), labels=str(mixed))
