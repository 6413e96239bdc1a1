"""The operator's page says what the engine does: its diagram is the engine's own, its example is computed."""

import math
from pathlib import Path

from railbox_server.geo.corridors import find
from railbox_server.journey.derive import derive
from railbox_server.journey.ground import frame_at
from railbox_server.journey.model import Bounds, Dwell, Journey, SeenKnot
from railbox_server.journey.network import Network
from railbox_server.journey.stays import diagram
from railbox_telemetry.iso import from_s
from railbox_telemetry.values import DEGREE_E5
from support.journeys import T0_S, only, track

PAGE = Path(__file__).parents[3] / "docs" / "border-engine.md"
MIN_S, HOUR_S = 60, 3_600


def example() -> Journey:
    """Through Taftan and Mirjaveh, as the page tells it: minute of 1 September, yard, and km before or beyond it."""
    corridor = find("karachi-moscow")
    yards = {place.id: place for place in corridor.places}
    taftan, mirjaveh = yards["pk-taftan"], yards["ir-mirjaveh"]
    frame = frame_at(taftan.lat_deg, taftan.lon_deg)
    east_m, north_m = frame.at(mirjaveh.lat_deg, mirjaveh.lon_deg)
    way_m = math.hypot(east_m, north_m)
    known = [(360, -18.0, 0), (370, -12.0, 0), (380, -6.0, 0), (390, 0.5, 0)]
    known += [(minute, 0.5, 0) for minute in range(400, 36 * 60 + 1, 10)]
    known += [(68 * 60, way_m / 1_000, 32 * HOUR_S)]
    known += [(minute, way_m / 1_000, 0) for minute in range(68 * 60 + 10, 71 * 60 + 1, 10)]
    known += [(71 * 60 + 10, way_m / 1_000 + 6, 0), (71 * 60 + 20, way_m / 1_000 + 12, 0)]
    knots: list[SeenKnot] = []
    for minute, km, dark_s in known:
        part = km * 1_000 / way_m
        lat = taftan.lat_deg + part * (mirjaveh.lat_deg - taftan.lat_deg)
        lon = taftan.lon_deg + part * (mirjaveh.lon_deg - taftan.lon_deg)
        time_s = T0_S + minute * MIN_S
        knots.append(
            SeenKnot(time_s, round(lat * DEGREE_E5), round(lon * DEGREE_E5), dark_s, 5, len(knots) + 1, time_s + 10)
        )
    return derive("CSQU3054383", [track(knots)], Network([corridor]), knots[-1].time_s)


def when(moment: Bounds | None) -> str:
    assert moment is not None
    return " | ".join(
        "-" if time_s is None else _at(time_s) for time_s in (moment.earliest_s, moment.est_s, moment.latest_s)
    )


def _at(time_s: int) -> str:
    text = from_s(time_s)
    return f"{int(text[8:10])} Sep {text[11:16]}"


def how_long(length: Dwell) -> str:
    return " | ".join(
        "-" if seconds is None else f"{seconds / HOUR_S:.1f} h"
        for seconds in (length.min_s, length.est_s, length.max_s)
    )


def test_the_page_shows_the_state_machine_as_it_is() -> None:
    assert f"```mermaid\n{diagram()}\n```" in PAGE.read_text(encoding="utf-8")


def test_the_pages_example_is_what_the_engine_finds() -> None:
    text = PAGE.read_text(encoding="utf-8")
    found = example()
    crossing = only(found.crossings)
    taftan, mirjaveh = found.visits
    for name in ("arrived", "left", "crossed", "reached", "departed"):
        assert f"| {name} | {when(getattr(crossing, name))} |" in text
    assert f"| crossing | {how_long(crossing.dwell)} | {crossing.flag.level}, {crossing.flag.certainty} |" in text
    assert f"| Taftan | {how_long(taftan.dwell)} | {taftan.flag.level}, {taftan.flag.certainty} |" in text
    assert f"| Mirjaveh | {how_long(mirjaveh.dwell)} | {mirjaveh.flag.level} |" in text
