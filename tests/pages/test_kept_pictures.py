"""Own pictures in the Prediction trace: read once by Thaw's own reader, kept small by the session, told in a sentence."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.testing.v1 import AppTest

from ftcore.data import pictures
from ftcore.network import backbones
from tests.made import OpenPage, query_of, texts
from ui.picture import pick

CUT_HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(200)
BAD = {
    "photo.heic": CUT_HEIC,
    "photo.jpg": CUT_HEIC,
    "poster.psd": b"8BPS\0\1" + bytes(200),
    "words.txt": b"these are words",
    "noending": b"%PDF-1.7 and more",
    "empty.png": b"",
    "drawing.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "big.png": b"\x89PNG\r\n\x1a\n" + bytes(pictures.MAX_BYTES),
}


def photo(size: tuple[int, int] = (1200, 900), kind: str = "JPEG") -> bytes:
    file = io.BytesIO()
    Image.effect_noise(size, 80).convert("RGB").save(file, kind)
    return file.getvalue()


@pytest.fixture
def opened(open_page: OpenPage) -> AppTest:
    return open_page("trace", data="digits", train_per_class="2", pick="upload")


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_is_no_picture_gets_the_readers_sentence(opened: AppTest, name: str) -> None:
    with pytest.raises(pictures.PictureError) as refused:
        pictures.read_picture(BAD[name], name)
    opened.file_uploader[0].set_value((name, BAD[name], "application/octet-stream")).run()
    assert not opened.exception
    assert [error.value.replace("\\", "").replace("\u2060", "") for error in opened.error] == [str(refused.value)]
    assert opened.file_uploader[0].value is None, "ready for the next one"


def test_an_upload_is_there_again_after_a_change_of_page(opened: AppTest) -> None:
    opened.file_uploader[0].set_value(("my **cat**.jpg", photo(), "image/jpeg")).run()
    before = texts(opened)
    assert "my \\*\\*cat\\*\\*\\.jpg" in before
    assert "640×480 pixels shown" in before
    opened.switch_page("pages/review.py").run()
    opened.switch_page("pages/trace.py")
    for name, value in {"data": "digits", "train_per_class": "2", "pick": "upload"}.items():
        opened.query_params[name] = value
    opened.run()
    assert texts(opened) == before
    assert not opened.file_uploader
    opened.button(key="trace-again-upload").click().run()
    assert opened.file_uploader
    assert "pixels shown" not in texts(opened)


def test_the_server_lets_go_of_the_files_bytes(opened: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[int] = []
    remove = MemoryUploadedFileManager.remove_file

    def removed(self: MemoryUploadedFileManager, session_id: str, file_id: str) -> None:
        held.append(len(self.get_files(session_id, [file_id])))
        remove(self, session_id, file_id)
        held.append(len(self.get_files(session_id, [file_id])))

    monkeypatch.setattr(MemoryUploadedFileManager, "remove_file", removed)
    for data in (photo(), BAD["words.txt"]):
        opened.file_uploader[0].set_value(("one.jpg", data, "image/jpeg")).run()
        if data[:2] == b"\xff\xd8":
            opened.button(key="trace-again-upload").click().run()
    assert held == [1, 0, 1, 0]


def test_a_click_that_sends_a_taken_file_again_takes_nothing(opened: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MemoryUploadedFileManager, "get_files", lambda *_, **__: [])  # as after it was let go of
    opened.file_uploader[0].set_value(("one.jpg", photo(), "image/jpeg")).run()
    assert not opened.exception
    assert not opened.error
    assert "pixels shown" not in texts(opened)


@pytest.mark.parametrize("backbone", backbones.CATALOGUE)
def test_what_is_kept_is_what_each_network_would_get_from_the_file(backbone: str) -> None:
    data = photo((700, 500), "PNG")
    kept = pick.read(data, "one.png")
    p = backbones.preprocess(backbone)
    wanted = pictures.prepare(pictures.read_picture(data, "one.png"), p, "one.png")
    assert np.array_equal(kept.images[p.kind], wanted)
    assert kept.original.shape == (457, 640, 3)
    assert sum(image.nbytes for image in [kept.original, *kept.images.values()]) < 3_000_000


def test_a_photo_is_kept_like_an_upload(open_page: OpenPage) -> None:
    test = open_page("trace", data="digits", train_per_class="2", pick="camera")
    assert "https or from localhost" in test.camera_input[0].help
    test.camera_input[0].set_value(("x.jpg", photo(), "image/jpeg")).run()
    assert "**photo**" in texts(test)
    assert not test.camera_input
    assert query_of(test)["pick"] == "camera"
