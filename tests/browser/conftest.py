"""The app as a real server process with a home of its own, and pages in the system's Chromium."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from tests.conftest import furnish

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("chromium", "chromium-browser", "google-chrome")
LAUNCH = ["--no-sandbox", "--disable-dev-shm-usage"]
FAKE = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]


# What does not come is waited for so long: a machine may be busy with other things, and what comes costs no wait.
PATIENCE = 600  # seconds
expect.set_options(timeout=1000 * PATIENCE)


# Nothing is left to compute, to fade in or to change its colour; what moves for ever is not waited for.
AT_REST = """() => document.querySelector("[data-testid=stApp]")?.dataset.testScriptState === "notRunning"
  && !document.querySelector("[data-stale=true], [data-testid=stSkeleton]")
  && document.getAnimations().every(a => a.playState !== "running" || a.effect.getTiming().iterations === Infinity)"""


@dataclass(frozen=True)
class Server:
    """A running app: its address, its process, its home."""

    url: str
    pid: int
    home: Path

    def workers(self) -> list[int]:
        """Process ids of its workers, the one in reserve included."""
        listed = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
        rows = [line.split(None, 2) for line in listed.splitlines()]
        return [int(pid) for pid, parent, args in rows if int(parent) == self.pid and "ftcore.runs.worker" in args]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that failed tells what stood on its pages."""
    report = yield
    browser = getattr(item, "funcargs", {}).get("browser")
    if report.failed and isinstance(browser, Browser):
        for tab in (page for context in browser.contexts for page in context.pages):
            with suppress(PlaywrightError):
                said = tab.locator("body").inner_text(timeout=5000)
                report.sections.append((f"Page {tab.url}", said))
    return report


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, stock: Path) -> Iterator[Server]:
    """Start the app on a free port; its log is shown when it does not come up."""
    home = tmp_path_factory.mktemp("home")
    furnish(home, stock)
    with serving("app.py", home) as (url, pid):
        yield Server(url, pid, home)


@pytest.fixture(scope="session")
def receiving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of a server with nothing but a drop zone and a camera, which is not at its root, and its home."""
    home = tmp_path_factory.mktemp("receiving")
    with serving("tests/browser/receiving.py", home, "class/thaw") as (url, _):
        yield url, home
    assert "Traceback" not in (home / "server.log").read_text()


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def serving(script: str, home: Path, base: str = "", port: int = 0) -> Iterator[tuple[str, int]]:
    """A script's server while the `with` lasts: its address, which ends in `base`, and its process id."""
    port = port or free_port()
    command = [sys.executable, "-m", "streamlit", "run", script, "--server.port", str(port)]
    log, url = home / "server.log", f"http://127.0.0.1:{port}/{base}".rstrip("/")
    told = {**os.environ, "THAW_HOME": str(home), **({"STREAMLIT_SERVER_BASE_URL_PATH": base} if base else {})}
    with log.open("w") as out:
        process = subprocess.Popen(command, cwd=ROOT, env=told, stdout=out, stderr=out)
    try:
        _wait_for(f"{url}/_stcore/health", process, log)
        yield url, process.pid
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            with direct.open(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    pytest.fail(f"the app did not start:\n{log.read_text()}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium. Without one the tests are skipped, but never where CI is true."""
    path = chromium()
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI needs Chromium for the browser tests: install the package chromium.")
        pytest.skip(f"no Chromium on this machine (looked for {', '.join(NAMES)})")
    with sync_playwright() as tool:
        found = tool.chromium.launch(executable_path=path, args=LAUNCH)
        yield found
        found.close()


@pytest.fixture(scope="session")
def eyed(browser: Browser) -> Iterator[Browser]:
    """A browser with a made-up camera that it lends unasked."""
    found = browser.browser_type.launch(executable_path=chromium(), args=[*LAUNCH, *FAKE])
    yield found
    found.close()


def chromium() -> str | None:
    """Where the system's Chromium is."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def until(tab: Page, true: str, arg: Any = None) -> Any:
    """Wait until this script says so; gives what it says.

    It is not asked at each frame, as if nothing is said: the page would then be painted as often, which costs more than
    what is waited for.
    """
    return tab.wait_for_function(true, arg=arg, polling=200, timeout=1000 * PATIENCE).json_value()


def to_the_end(tab: Page) -> None:
    """Wait until a run is done. `PATIENCE` is for each of its epochs: a whole run may take a busy machine longer."""
    script = """reached => { const said = document.body.textContent;
      const epochs = /Epoch (\\d+): validation/.exec(said);
      return /All \\d+ epochs are done|it stopped early/.test(said) ? "done" : epochs && Number(epochs[1]) > reached && epochs[1]; }"""
    reached = "0"
    while reached != "done":
        reached = until(tab, script, arg=int(reached))
    ended = re.compile(r"^All \d+ epochs are done\.$|^Done \(\d+ epochs, it stopped early\)\.$")
    expect(tab.get_by_text(ended)).to_be_visible()


def rest(tab: Page) -> None:
    """Wait until the page stands still; two frames pass first, in which what was just asked for begins."""
    tab.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    until(tab, AT_REST)


@pytest.fixture(scope="session")
def garden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A zip of two classes of ten pictures each, one of them there twice."""
    from tests.browser.ownsets import FILE, picture

    path = tmp_path_factory.mktemp("garden") / "garden.zip"
    colours = {"roses": (200, 60, 60), "ferns": (60, 170, 70)}
    with zipfile.ZipFile(path, "w") as packed:
        for at, (label, colour) in enumerate(colours.items()):
            for number in range(10):
                packed.writestr(f"{label}/{FILE}-{number}.png", picture(100 * at + number, colour))
        packed.writestr(f"roses/{FILE}-again.png", picture(3, colours["roses"]))
    return path


OpenTab = Callable[..., Page]


@pytest.fixture
def open_tab(browser: Browser, server: Server) -> Iterator[OpenTab]:
    """Open a page of the app in a browser profile of its own.

    At the end no outside host was asked, and neither browser nor server met an error.
    """
    log = server.home / "server.log"
    before = log.stat().st_size
    outside: list[str] = []
    broken: list[str] = []
    contexts = []

    def opened(path: str = "", by: Browser = browser, **options: Any) -> Page:
        context = by.new_context(**{"viewport": {"width": 1400, "height": 900}, **options})
        context.set_default_timeout(1000 * PATIENCE)
        contexts.append(context)
        tab = context.new_page()
        tab.on(
            "request",
            lambda r: outside.append(r.url) if r.url.startswith("http") and not r.url.startswith(server.url) else None,
        )
        tab.on("pageerror", lambda error: broken.append(str(error)))
        tab.on("filechooser", lambda _: None)  # dialogs are caught from now on: a key may open one before a later call
        tab.goto(f"{server.url}/{path}")
        tab.get_by_role("heading", level=1).wait_for()
        return tab

    yield opened
    for context in contexts:
        context.close()
    assert outside == []
    assert broken == []
    with log.open() as lines:
        lines.seek(before)
        said = lines.read()
    assert "Uncaught app execution" not in said, said
