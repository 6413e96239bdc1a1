"""The page in a real browser, against a stand-in for the server: what people see and can do.

Needs the built page, the shipped corridors and Chromium; skips naming what is absent.
"""

import json
from collections.abc import Generator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from support.browser import DESK, PHONE, Watched, browser, built_page, watched
from support.page_fleet import CRITICAL, MOVING, OVER, SILENT, Row, make_fleet
from support.page_server import PageServer, serve_page

CORRIDORS = Path(__file__).parents[3] / "server/railbox_server/geo/data"

pytestmark = pytest.mark.e2e


def shipped_corridors() -> dict[str, Row]:
    files = [json.loads(path.read_text()) for path in sorted(CORRIDORS.glob("*.geojson"))]
    return {file["name"]: file for file in files}


@pytest.fixture(scope="module")
def started() -> Generator[Browser]:
    with browser() as running:
        yield running


@pytest.fixture(scope="module")
def server() -> Generator[PageServer]:
    corridors = shipped_corridors()
    with serve_page(built_page(), make_fleet(list(corridors.values())), corridors) as running:
        yield running


@pytest.fixture(scope="module", params=[DESK, PHONE], ids=["desk", "phone"])
def loaded(request: pytest.FixtureRequest, started: Browser, server: PageServer) -> Generator[Watched]:
    """The page, ready, at both widths. It is opened once a width: software WebGL takes seconds to start."""
    with watched(started, request.param) as seen:
        seen.page.goto(server.url)
        seen.until_ready()
        yield seen


@pytest.fixture
def opened(loaded: Watched) -> Generator[Watched]:
    """The page with nothing selected and the board shown; no test may make it complain or leave the machine."""
    loaded.page.evaluate("location.hash = ''")
    loaded.page.locator(".panel").wait_for(state="detached")
    loaded.page.locator("#tab-borders").click()
    yield loaded
    loaded.assert_clean()


def row_of(page: Page, unit: str) -> str:
    return page.locator(f".board-row[data-unit='{unit}']").inner_text()


def test_the_board_says_who_stands_where_since_when_and_how_bad_it_is(opened: Watched) -> None:
    first, *_ = opened.page.locator(".board-row").all()
    assert first.get_attribute("data-unit") == CRITICAL
    over = row_of(opened.page, OVER)
    assert "Over limit" in over
    assert "since about 18 Nov 00:12" in over
    assert "between 00:10 and 00:14" in over
    assert "limit 48 h" in over
    bar = opened.page.locator(f".board-row[data-unit='{CRITICAL}'] .dwell-bar")
    assert bar.get_attribute("aria-label") == "Stood about 101 h, 100 h to 102 h, limit 48 h"


def test_a_unit_chosen_by_keyboard_shows_its_panel_and_escape_closes_it(opened: Watched) -> None:
    page = opened.page
    page.locator(f".board-row[data-unit='{OVER}'] .unit-link").focus()
    page.keyboard.press("Enter")
    panel = page.locator(f".panel[data-unit='{OVER}']")
    panel.locator(".crossing").wait_for()
    assert "MSCU 123456 6" in panel.inner_text()
    assert "21.4 °C" in panel.inner_text()
    opened.until("() => document.activeElement?.tagName === 'H2'", "the panel's heading to have the focus")
    assert panel.locator(".chart-line").count() == 1
    page.keyboard.press("Escape")
    panel.wait_for(state="detached")
    assert page.evaluate("window.railbox.selected") is None


def test_a_crossing_shows_its_five_moments_between_their_bounds(opened: Watched) -> None:
    opened.page.evaluate("unit => { location.hash = `unit=${unit}` }", MOVING)
    opened.page.locator(".crossing").first.wait_for()
    timeline = opened.page.locator(".crossing").last.inner_text()
    for word in ("Arrived", "Left", "Crossed", "Reached", "Departed", "about 15 Nov 06:00", "between 05:58 and 06:02"):
        assert word in timeline


def test_progress_tells_what_is_ahead_between_likely_and_late(opened: Watched) -> None:
    opened.page.evaluate("unit => { location.hash = `unit=${unit}` }", MOVING)
    progress = opened.page.locator(".progress")
    progress.wait_for()
    text = progress.inner_text()
    assert "about 22 Nov 00:00, 9 in 10 by 13:00" in text
    assert "about 24 Nov 06:00, 9 in 10 by 26 Nov 12:00" in text
    assert "3 h 20 min late" in text
    assert "about 4 h 45 min late at the end, against reckoned times" in text
    assert "12 waits and runs of this fleet" in text


def test_live_positions_move_the_unit_and_the_clock(opened: Watched, server: PageServer) -> None:
    server.move(MOVING, time="2026-11-20T06:30:00Z", lat=45.25, lon=55.5)
    opened.until(
        f"() => window.railbox.units.find(u => u.unit === '{MOVING}').latest.lat === 45.25", "the unit's new position"
    )
    opened.page.locator(".clock-time", has_text="06:30:00").wait_for()


def test_a_lost_stream_is_said_and_comes_back(opened: Watched, server: PageServer) -> None:
    opened.page.locator(".link[data-link='live']").wait_for()
    with opened.page.expect_response("**/api/units"):
        server.hang_up()
        opened.page.locator(".link[data-link='lost']").wait_for()
        opened.page.locator(".link[data-link='live']").wait_for()


def test_a_silent_unit_looks_silent(opened: Watched) -> None:
    opened.page.locator("#tab-units").click()
    row = opened.page.locator(f".unit-row[data-unit='{SILENT}']")
    assert row.get_attribute("data-contact") == "silent"
    assert "2 d ago" in row.inner_text()


def test_names_from_outside_are_shown_as_text_only(opened: Watched, server: PageServer) -> None:
    evil = "<img src=x onerror=alert(1)>"
    server.fleet.units[evil] = server.fleet.units[MOVING] | {"unit": evil, "devices": [evil]}
    server.say("unit", server.fleet.units[evil])
    opened.page.locator("#tab-units").click()
    opened.page.locator(".unit-link", has_text=evil).wait_for()
    assert opened.page.locator("img").count() == 0


def test_nothing_is_wider_than_the_screen(opened: Watched) -> None:
    page = opened.page
    for hash_ in ("", f"#unit={MOVING}"):
        page.evaluate("hash => { location.hash = hash }", hash_)
        widest = page.evaluate(
            "Math.max(...[...document.querySelectorAll('.head *, .side-body *, .panel *')]"
            ".map(e => e.getBoundingClientRect().right))"
        )
        assert widest <= page.evaluate("window.innerWidth")
        assert page.evaluate("document.body.scrollWidth <= window.innerWidth")


def test_the_token_in_the_pages_address_goes_with_every_request(started: Browser) -> None:
    corridors = shipped_corridors()
    with (
        serve_page(built_page(), make_fleet(list(corridors.values())), corridors, token="s3cret") as server,
        watched(started) as seen,
    ):
        seen.page.goto(f"{server.url}?token=s3cret")
        seen.until_ready()
        seen.page.locator(".link[data-link='live']").wait_for()
        seen.assert_clean()
