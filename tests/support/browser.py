"""A real browser for tests of the page: Debian's Chromium with software WebGL, watched for what it must not do.

The same page is opened against the stand-in server and against the real one.
"""

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

# Software WebGL on two shared cores: slow to start, so every wait is long and none is on a clock.
TIMEOUT_MS = 30_000
DESK = (1440, 900)
PHONE = (390, 844)
BUILT_PAGE = Path(__file__).parents[2] / "server/railbox_server/web"

FLAGS = [
    "--no-sandbox",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-dev-shm-usage",
]


def chromium() -> str:
    """The browser's path; skips the test where there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium)")
    return found


def built_page() -> Path:
    """The folder of the built page; skips the test where it was not built."""
    if not (BUILT_PAGE / "index.html").is_file():
        pytest.skip("the page is not built (cd server/web && npm ci && npm run build)")
    return BUILT_PAGE


@dataclass
class Watched:
    """A page and what it did that it must not: complaints, and requests that leave this machine."""

    page: Page
    complaints: list[str] = field(default_factory=list[str])
    strayed: list[str] = field(default_factory=list[str])

    def until(self, expression: str, what: str) -> None:
        """Waits until a JavaScript expression is true; fails naming what was waited for."""
        try:
            self.page.wait_for_function(expression, timeout=TIMEOUT_MS)
        except Exception as error:
            pytest.fail(f"waited for: {what}; complaints: {self.complaints}; {error}")

    def until_ready(self) -> None:
        self.until("() => window.railbox?.ready && window.railbox.units.length > 0", "map, board and units")

    def assert_clean(self) -> None:
        assert self.strayed == []
        assert self.complaints == []


@contextmanager
def browser() -> Generator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), headless=True, args=FLAGS)
        try:
            yield started
        finally:
            started.close()


@contextmanager
def watched(
    started: Browser, size: tuple[int, int] = DESK, scheme: Literal["light", "dark"] = "light"
) -> Generator[Watched]:
    """A fresh page of that size. Nothing is opened yet."""
    width, height = size
    context = started.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,
        reduced_motion="reduce",
        timezone_id="Europe/Moscow",
        has_touch=width < 600,
    )
    context.set_default_timeout(TIMEOUT_MS)
    seen = Watched(context.new_page())

    def note_console(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            seen.complaints.append(f"{message.type}: {message.text}")

    def note_request(request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in {"data", "blob"} and address.hostname != "127.0.0.1":
            seen.strayed.append(request.url)

    seen.page.on("console", note_console)
    seen.page.on("pageerror", lambda error: seen.complaints.append(f"uncaught: {error}"))
    seen.page.on("request", note_request)
    try:
        yield seen
    finally:
        context.close()
