"""A set goes out as a zip to whoever has its ticket, in pieces, and to nobody else."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from ftcore.data.own import keeping
from tests.ftcore.data.own.brought import EVE, two_classes, with_pictures
from ui.exchange import handout


@pytest.fixture
def client() -> TestClient:
    return TestClient(Starlette(routes=handout.routes()))


def test_the_link_gives_the_set_under_its_name(home: Path, client: TestClient) -> None:
    pictures = two_classes(5)
    one = with_pictures(pictures)
    with keeping.changing(one.id, EVE) as opened:
        opened.put(name='Größe "x" <b>/..')
    answer = client.get(handout.link(one.id, EVE))
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''Gr%C3%B6%C3%9Fe%20_x_%20_b__.zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        assert packed.testzip() is None
        found = sorted((name.partition("/")[2], packed.read(name)) for name in packed.namelist())
    assert found == sorted(pictures.items())
    assert handout.link(one.id, EVE) == handout.link(one.id, EVE)


def test_without_the_ticket_nothing_is_given(home: Path, client: TestClient) -> None:
    one = with_pictures(two_classes(3))
    link = handout.link(one.id, EVE)
    for guess in ("0" * 32, one.id, EVE, link.rpartition("/")[2][:-1], "..%2F" + one.id):
        answer = client.get(f"{link.rpartition('/')[0]}/{guess}")
        assert (answer.status_code, len(answer.content) < 200) == (404, True)
    keeping.delete(one.id, EVE)
    answer = client.get(link)
    assert answer.status_code == 404
    assert "no such set of yours" in answer.text


def test_it_is_given_below_the_folder_that_the_app_is_served_in(home: Path, client: TestClient) -> None:
    link = handout.link(with_pictures(two_classes(3)).id, EVE)
    assert client.get(f"/class/thaw{link}").status_code == 200
