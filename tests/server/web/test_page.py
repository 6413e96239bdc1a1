"""The page in a real browser, against a stand-in for the server: what people see and can do.

Needs the built page, the shipped corridors and Chromium; skips naming what is absent.
"""

import json
from collections.abc import Generator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from support.browser import DESK, PHONE, Watched, browser, built_page, watched
from support.page_fleet import (
    CRITICAL,
    MOVING,
    OVER,
    SILENT,
    WAGON,
    Fleet,
    Row,
    hours_ago,
    iso,
    main_line,
    make_fleet,
    progress_row,
)
from support.page_server import PageServer, serve_page
from support.page_watch import AWAY, FULL, HOT, LONG, REVERTED, WELL, Watch, make_watch, telling

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
    files = list(corridors.values())
    line = main_line(files)
    fleet = make_fleet(files)
    fleet.units[WAGON]["progress"] = progress_row(line, 0.6, off_m=12_400, off_since=iso(hours_ago(6)))
    with serve_page(built_page(), fleet, corridors, watch=make_watch(line)) as running:
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


def chosen(seen: Watched, unit: str) -> Page:
    seen.page.evaluate("unit => { location.hash = `unit=${unit}` }", unit)
    seen.page.locator(f".panel[data-unit='{unit}'] .where").wait_for()
    return seen.page


def test_a_unit_off_its_corridor_is_a_verdict_everywhere(opened: Watched) -> None:
    page = chosen(opened, WAGON)
    assert "Off corridor, 12 km" in page.locator(".panel .where .chip").all_inner_texts()
    assert "off corridor" in page.locator(".counts").inner_text()
    page.keyboard.press("Escape")
    page.locator("#tab-units").click()
    assert page.locator(".unit-row").nth(1).get_attribute("data-unit") == WAGON


def test_custody_tells_what_happened_where_and_when(opened: Watched) -> None:
    page = chosen(opened, MOVING)
    custody = page.locator(".custody")
    custody.wait_for()
    text = custody.inner_text()
    for words in (
        "Too warm for 3 h 20 min",
        "11.2 to 31.4 °C mean 19.3",
        "known for 18 h of 26 h",
        "3 shocks, worst 4.20 g (2 only counted)",
        "Shock 4.20 g",
        "15 Nov 14:00",
        "Door open for 12 min",
        "perhaps before this",
    ):
        assert words in text
    custody.locator("summary").press("Enter")
    assert "On from" in custody.inner_text()
    custody.locator(".incident-where").first.press("Enter")


def test_custody_without_an_incident_says_so(opened: Watched) -> None:
    page = chosen(opened, OVER)
    page.locator(".custody").wait_for()
    assert "No shock, no open door, nothing beyond a limit." in page.locator(".custody").inner_text()


def test_a_borders_history_stands_beside_its_results(opened: Watched) -> None:
    page = opened.page
    history = page.locator(".border-card .history").first
    history.locator("summary").press("Enter")
    text = history.inner_text()
    for words in ("half within 28 h, 9 in 10 within 48 h", "2 h 36 min longer every month", "half within 9 h 30 min"):
        assert words in text
    chart = history.locator(".months svg")
    assert "Sep 2026: none; Oct 2026: half within 31 h" in (chart.get_attribute("aria-label") or "")
    chart.press("ArrowLeft")
    assert history.locator(".chart-reading").inner_text().startswith("Nov 2026: half within 35 h")
    history.locator("summary").press("Enter")


def test_trackers_come_with_what_is_wrong_first(opened: Watched) -> None:
    page = opened.page
    page.locator("#tab-trackers").click()
    page.locator(".tracker").first.wait_for()
    order = [row.get_attribute("data-device") for row in page.locator(".tracker").all()]
    assert (order[:2], order[-1]) == ([FULL, HOT], WELL)
    assert "Offline 2 d" in page.locator(f".tracker[data-device='{AWAY}']").inner_text()
    assert page.locator("#tab-trackers .tab-count").inner_text() == "4"


def test_a_tracker_opened_by_keyboard_says_what_to_do(opened: Watched) -> None:
    page = opened.page
    page.locator("#tab-trackers").click()
    page.locator(f".tracker[data-device='{FULL}'] .unit-link").press("Enter")
    detail = page.locator(f".tracker[data-device='{FULL}'] .tracker-detail")
    detail.get_by_text("version 0.1.0").wait_for()
    text = detail.inner_text()
    for words in (
        "Disk full: 4 MB",
        "Outbox write failed 14×",
        "free space on the disk",
        "the oldest 11 h old",
        "47 °C",
    ):
        assert words in text
    page.locator(f".tracker[data-device='{REVERTED}'] .unit-link").press("Enter")
    detail = page.locator(f".tracker[data-device='{REVERTED}'] .tracker-detail")
    detail.get_by_text("version 4 reverted; its own file holds").wait_for()
    assert "thinning.deadline_s = 300" in detail.inner_text()
    assert page.locator(".tracker-detail").count() == 1
    detail.locator(".tracker-unit").press("Enter")
    page.locator(f".panel[data-unit='{OVER}']").wait_for()


def test_a_tracker_that_talks_nonsense_of_itself_is_shown(opened: Watched) -> None:
    page = opened.page
    page.locator("#tab-trackers").click()
    page.locator(f".tracker[data-device='{LONG}'] .unit-link").click()
    page.locator(f".tracker[data-device='{LONG}'] .tracker-detail").get_by_text("120–131").wait_for()


def test_notices_tell_what_was_said_and_what_the_receiver_refused(opened: Watched, server: PageServer) -> None:
    server.watch.webhook = telling(refused=1)
    page = opened.page
    page.locator("#tab-notices").click()
    page.locator(".notice").first.wait_for()
    text = page.locator(".notices").inner_text()
    for words in (
        "https://erp.example refused 1 notice.",
        "Not so: possibly over limit",
        "Webhook: refused (422 Unprocessable Content)",
        "Contact is back",
        "Shock 4.20 g",
    ):
        assert words in text


def test_a_unit_has_its_notices_and_its_files(opened: Watched, server: PageServer) -> None:
    page = chosen(opened, MOVING)
    told = page.locator(".told li")
    told.first.wait_for()
    assert "Not so: possibly over limit" in told.inner_text()
    links = [link.get_attribute("href") for link in page.locator(".files a").all()]
    assert f"{server.url}api/exports/track?unit={MOVING}&format=gpx" in links
    assert f"{server.url}api/exports/crossings?unit={MOVING}&format=geojson" in links


def test_tabs_are_reached_with_the_arrow_keys(opened: Watched) -> None:
    page = opened.page
    page.locator("#tab-borders").focus()
    page.keyboard.press("ArrowLeft")
    page.locator("#panel-notices").wait_for()
    page.keyboard.press("ArrowRight")
    page.locator("#panel-borders").wait_for()
    assert page.evaluate("document.activeElement?.id") == "tab-borders"


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
    views = [*((tab, "") for tab in ("units", "trackers", "notices", "borders")), ("borders", f"#unit={MOVING}")]
    for tab, hash_ in views:
        page.locator(f"#tab-{tab}").click()
        page.evaluate("hash => { location.hash = hash }", hash_)
        if hash_:
            page.locator(".custody").wait_for()
        page.evaluate("document.querySelectorAll('details').forEach(e => { e.open = true })")
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
        link = chosen(seen, MOVING).locator(".files a").first
        link.wait_for()
        assert (link.get_attribute("href") or "").endswith("&format=gpx&token=s3cret")
        seen.assert_clean()


@pytest.fixture(scope="module")
def bare_loaded(started: Browser) -> Generator[tuple[Watched, PageServer]]:
    """The page, ready, of a server that knows corridors and nothing else."""
    corridors = shipped_corridors()
    fleet = Fleet(units={}, board={"now": iso(hours_ago(0)), "borders": []})
    with (
        serve_page(built_page(), fleet, corridors) as server,
        watched(started, PHONE, "dark") as seen,
    ):
        seen.page.goto(server.url)
        seen.until("() => window.railbox?.ready", "the map and the board")
        yield seen, server


@pytest.fixture
def bare(bare_loaded: tuple[Watched, PageServer]) -> tuple[Watched, PageServer]:
    """It keeps no notices either."""
    seen, server = bare_loaded
    server.watch, server.failing = Watch(notices=None), None
    seen.page.locator("#tab-units").click()
    seen.page.locator(".search").fill("")
    return seen, server


def test_a_server_that_knows_nothing_yet_says_so_on_every_tab(bare: tuple[Watched, PageServer]) -> None:
    page = bare[0].page
    for tab, words in {
        "borders": "No corridor has a border yet",
        "units": "No unit has reported yet",
        "trackers": "No tracker is known yet",
        "notices": "This server keeps no notices",
    }.items():
        page.locator(f"#tab-{tab}").click()
        page.locator(".empty", has_text=words).wait_for()


def test_hundreds_of_trackers_are_found_by_name(bare: tuple[Watched, PageServer]) -> None:
    seen, server = bare
    well = make_watch(main_line(list(shipped_corridors().values()))).devices[0]
    server.watch.devices = [well | {"device": f"TRK{i:04}"} for i in range(900)]
    seen.page.locator("#tab-trackers").click()
    seen.page.get_by_text("700 more trackers: find them by name.").wait_for()
    seen.page.locator(".search").fill("TRK0899")
    seen.page.locator(".tracker[data-device='TRK0899']").wait_for()
    assert seen.page.locator(".tracker").count() == 1
    assert seen.strayed == []


def test_what_cannot_be_read_is_said_and_the_rest_goes_on(bare: tuple[Watched, PageServer]) -> None:
    seen, server = bare
    server.failing = "devices"
    seen.page.locator("#tab-trackers").click()
    trouble = seen.page.locator(".trouble")
    trouble.get_by_text("The server answered 500 to devices").wait_for()
    server.failing = None
    seen.page.locator("#tab-trackers").click()
    trouble.wait_for(state="detached")
    seen.page.locator(".empty", has_text="No tracker is known yet").wait_for()
