"""A fleet as the HTTP API tells it, for tests of the page: every kind of trouble once, on any corridors.

Rows have the shapes of the API; they are made by hand here and know nothing of the engine that makes real ones.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

Row = dict[str, Any]
NOW = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
HOUR_S = 3600
LIMIT_S = 48 * HOUR_S

OVER = "MSCU1234566"
CRITICAL = "TGHU7654325"
CALM = "QICU2200172"
POSSIBLE = "QICU4400180"
MOVING = "MEDU8003124"
WAGON = "215112345673"
SILENT = "KPRU1000117"
NEVER = "TRK-SPARE"


def iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def hours_ago(hours: float) -> datetime:
    return NOW - timedelta(hours=hours)


def bounds(hours: float, spread_min: float) -> Row:
    """Estimated `hours` before now, known within `spread_min` minutes either way."""
    spread = timedelta(minutes=spread_min)
    at = hours_ago(hours)
    return {"earliest": iso(at - spread), "est": iso(at), "latest": iso(at + spread)}


@dataclass(frozen=True)
class Stop:
    id: str
    name: str
    country: str
    lon: float
    lat: float
    km: float
    border: str | None


@dataclass(frozen=True)
class Line:
    """A corridor file as the fleet needs it: stops in order, borders with their yards."""

    name: str
    stops: tuple[Stop, ...]
    borders: tuple[Row, ...]

    def yards(self, border: Row) -> tuple[Stop, Stop]:
        own = [stop for stop in self.stops if stop.border == border["id"]]
        return own[0], own[-1]

    def between(self, first: float, last: float, count: int) -> list[tuple[float, float]]:
        """(lat, lon) along the stops, from one share of the way to another."""
        return [self.at(first + (last - first) * i / (count - 1)) for i in range(count)]

    def at(self, share: float) -> tuple[float, float]:
        km = self.stops[0].km + share * (self.stops[-1].km - self.stops[0].km)
        for before, after in zip(self.stops, self.stops[1:], strict=False):
            if km <= after.km:
                part = (km - before.km) / max(after.km - before.km, 1e-9)
                return before.lat + part * (after.lat - before.lat), before.lon + part * (after.lon - before.lon)
        return self.stops[-1].lat, self.stops[-1].lon


def read_line(file: Row) -> Line:
    def of(kind: str) -> list[Row]:
        return [f for f in file["features"] if f["properties"]["kind"] == kind]

    stops = [
        Stop(
            id=f["properties"]["id"],
            name=f["properties"]["name"],
            country=f["properties"]["country"],
            lon=f["geometry"]["coordinates"][0],
            lat=f["geometry"]["coordinates"][1],
            km=f["properties"]["km"],
            border=f["properties"].get("border_id"),
        )
        for f in of("place")
        if f["geometry"]["type"] == "Point"
    ]
    stops.sort(key=lambda stop: stop.km)
    manned = {stop.border for stop in stops}
    borders = [f["properties"] for f in of("border") if f["properties"]["id"] in manned]
    borders.sort(key=lambda border: next(stop.km for stop in stops if stop.border == border["id"]))
    return Line(file["name"], tuple(stops), tuple(borders))


def main_line(files: Sequence[Row]) -> Line:
    """The corridor with the most borders, where most units are."""
    return max(map(read_line, files), key=lambda line: len(line.borders))


def judged(flag: str = "none", certainty: str | None = None, no_contact_since: str | None = None) -> Row:
    return {"flag": flag, "certainty": certainty, "no_contact_since": no_contact_since}


def dwell(least_h: float, est_h: float, most_h: float) -> Row:
    hours = {"dwell_min_s": least_h, "dwell_est_s": est_h, "dwell_max_s": most_h}
    return {key: round(value * HOUR_S) for key, value in hours.items()}


def unit_row(unit: str, kind: str, line: Line, **more: Any) -> Row:
    row: Row = {
        "unit": unit,
        "kind": kind,
        "devices": [f"TRK-{unit[-4:]}"],
        "corridor": line.name,
        "latest": None,
        "age_s": None,
        "place": None,
        "since": None,
        **judged(),
        "condition": {},
        "progress": None,
    }
    return row | more


def latest(lat: float, lon: float, age_s: float, speed_mps: float = 0.0, course_deg: float | None = None) -> Row:
    at = NOW - timedelta(seconds=age_s)
    return {
        "latest": {
            "time": iso(at),
            "lat": round(lat, 5),
            "lon": round(lon, 5),
            "speed_mps": speed_mps,
            "course_deg": course_deg,
            "accuracy_m": 12,
            "device": "TRK",
            "received_at": iso(at),
        },
        "age_s": age_s,
    }


@dataclass
class Fleet:
    """Answers of the API by path; a test may change rows and say so on the live stream."""

    units: dict[str, Row]
    board: Row
    details: dict[str, Row] = field(default_factory=dict[str, Row])
    tracks: dict[str, list[Row]] = field(default_factory=dict[str, list[Row]])
    temperatures: dict[str, list[Row]] = field(default_factory=dict[str, list[Row]])


CONDITION: Row = {"temp_c": 21.4, "humidity_pct": 41, "battery_v": 3.87, "door_open": 0, "shock_peak_g": 0.42}


def make_fleet(files: Sequence[Row]) -> Fleet:
    lines = [read_line(file) for file in files]
    main = max(lines, key=lambda line: len(line.borders))
    other = max((line for line in lines if line is not main), key=lambda line: line.stops[-1].km)
    units, board_rows = standing_units(main)
    for row in (*travelling_units(main, other), unit_row(NEVER, "device", other, corridor=None, devices=[NEVER])):
        units[row["unit"]] = row
    recent = crossing_row(MOVING, main, main.borders[0], hours=120, **dwell(30.5, 31, 31.5), **judged())
    board = {
        "now": iso(NOW),
        "borders": [board_border(border, line, board_rows, recent) for line in lines for border in line.borders],
    }
    return Fleet(
        units=units,
        board=board,
        details={unit: detail_of(row, main) for unit, row in units.items()},
        tracks={unit: track_of(row, main if row["corridor"] == main.name else other) for unit, row in units.items()},
        temperatures={unit: temperatures_of(row) for unit, row in units.items()},
    )


def standing_units(line: Line) -> tuple[dict[str, Row], dict[str, Row]]:
    """Four units at borders, with their rows of the board by unit."""
    since_silent = iso(hours_ago(17.5))
    cases = [
        (OVER, 0, 0, 53.8, 2.0, dwell(53.7, 53.8, 53.9), judged("over", "certain"), 40),
        (CRITICAL, 1, 1, 101.0, 25.0, dwell(99.5, 101, 101.9), judged("critical", "certain"), 55),
        (CALM, 1, 0, 11.5, 3.0, dwell(11.4, 11.5, 11.6), judged(), 25),
        (POSSIBLE, 2, 0, 52.0, 190.0, dwell(31.0, 34.5, 55.2), judged("over", "possible", since_silent), 17.5 * HOUR_S),
    ]
    units: dict[str, Row] = {}
    board: dict[str, Row] = {}
    for unit, border_index, side, hours, spread_min, stood, verdict, age_s in cases:
        border = line.borders[min(border_index, len(line.borders) - 1)]
        stop = line.yards(border)[side]
        since = bounds(hours, spread_min)
        units[unit] = unit_row(
            unit,
            "container",
            line,
            **latest(stop.lat, stop.lon, age_s),
            **verdict,
            place={"id": stop.id, "name": stop.name, "country": stop.country},
            since=since["est"],
            condition=CONDITION,
        )
        board[unit] = {
            "border": border["id"],
            "unit": unit,
            "place": stop.id,
            "place_name": stop.name,
            "side": stop.country,
            "since": since,
            "open": True,
            **stood,
            **verdict,
        }
    return units, board


def progress_row(line: Line, share: float, **more: Any) -> Row:
    """At a share of the line's length, on the way to its end, past all borders but the last."""
    first, last = line.stops[0], line.stops[-1]
    km = first.km + share * (last.km - first.km)
    border = line.borders[-1]
    row: Row = {
        "corridor": line.name,
        "time": iso(NOW),
        "km": round(km, 1),
        "way_km": round(km, 1),
        "off_m": 140,
        "off_since": None,
        "mode": "rail",
        "heading": "forward",
        "standing_at": None,
        "next_border": ahead_row(border["id"], border["name"], line.yards(border)[0].km - km, 42, 55),
        "terminal": ahead_row(last.id, last.name, last.km - km, 96, 150),
        "timetable": {"late_min": 200, "late_at_end_min": 285, "assumed": True},
    }
    return row | more


def ahead_row(place: str, name: str, distance_km: float, likely_h: float, late_h: float) -> Row:
    return {
        "id": place,
        "name": name,
        "km": round(distance_km, 1),
        "distance_km": round(distance_km, 1),
        "eta": {"p50": iso(hours_ago(-likely_h)), "p90": iso(hours_ago(-late_h)), "observations": 12},
    }


def travelling_units(main: Line, other: Line) -> list[Row]:
    moving, wagon, silent = main.at(0.55), other.at(0.62), other.at(0.2)
    return [
        unit_row(
            MOVING,
            "container",
            main,
            **latest(*moving, 20, 14.2, 310),
            condition=CONDITION | {"door_open": 1},
            progress=progress_row(main, 0.55),
        ),
        unit_row(WAGON, "wagon", other, **latest(*wagon, 1300, 21.0, 285), condition={"temp_c": -11.2}),
        unit_row(
            SILENT,
            "container",
            other,
            **latest(*silent, 2.1 * 86_400, 16.0, 20),
            no_contact_since=iso(hours_ago(2.1 * 24)),
        ),
    ]


def board_border(border: Row, line: Line, rows: dict[str, Row], recent: Row) -> Row:
    return {
        "border": border["id"],
        "name": border["name"],
        "corridors": [line.name],
        "sides": border["sides"],
        "limit_s": LIMIT_S,
        "expected_s": 24 * HOUR_S,
        "rows": [row for row in rows.values() if row["border"] == border["id"]],
        "recent": [recent] if recent["border"] == border["id"] else [],
    }


def crossing_row(unit: str, line: Line, border: Row, hours: float, **more: Any) -> Row:
    """Arrived `hours` ago, and through in 31 h unless said otherwise."""
    first, last = line.yards(border)
    row: Row = {
        "type": "crossing",
        "id": f"{unit}-{border['id']}",
        "unit": unit,
        "corridor": line.name,
        "border": border["id"],
        "border_name": border["name"],
        "candidates": [],
        "from_side": first.country,
        "to_side": last.country,
        "arrived": bounds(hours, 2),
        "left": bounds(hours - 26, 2),
        "crossed": bounds(hours - 26.4, 2),
        "reached": bounds(hours - 27, 12),
        "departed": bounds(hours - 31, 2),
        "dwell_by_side": {first.country: dwell(25.9, 26, 26.1), last.country: dwell(3.8, 4, 4.2)},
        "limit_s": LIMIT_S,
        "gauge_change": False,
        "returned": False,
    }
    return row | more


def detail_of(row: Row, line: Line) -> Row:
    unit = row["unit"]
    crossings: list[Row] = []
    visits: list[Row] = []
    if unit == MOVING:
        first, second = line.borders[0], line.borders[min(1, len(line.borders) - 1)]
        crossings = [
            crossing_row(unit, line, first, 120, **dwell(30.5, 31, 31.5), **judged()),
            crossing_row(unit, line, second, 70, **dwell(49, 50.5, 52), **judged("over", "certain"), gauge_change=True),
        ]
    if row["place"] is not None:
        since = bounds((NOW - datetime.fromisoformat(row["since"])).total_seconds() / HOUR_S, 2)
        visits = [visit_row(row, since)]
        border = next(b for b in line.borders if any(s.id == row["place"]["id"] for s in line.yards(b)))
        gone: Row = {"left": None, "crossed": None, "reached": None, "departed": None, "arrived": since}
        crossings = [crossing_row(unit, line, border, 0, **dwell(53.7, 53.8, 53.9), **judged_as(row), **gone)]
    return row | {"visits": visits, "crossings": crossings}


def judged_as(row: Row) -> Row:
    return judged(row["flag"], row["certainty"], row["no_contact_since"])


def visit_row(row: Row, since: Row) -> Row:
    return {
        "type": "visit",
        "id": f"{row['unit']}-visit",
        "unit": row["unit"],
        "place": row["place"]["id"],
        "place_name": row["place"]["name"],
        "country": row["place"]["country"],
        "roles": ["border_yard"],
        "entered": since,
        "exited": None,
        "already_inside": False,
        **dwell(53.7, 53.8, 53.9),
        "limit_s": LIMIT_S,
        **judged_as(row),
    }


def track_of(row: Row, line: Line) -> list[Row]:
    """The way so far: one dark step in it, and two fixes that are not trusted."""
    if row["latest"] is None:
        return []
    until = 0.55 if row["place"] is None else 0.1
    points = line.between(0.02, until, 160)
    start = NOW - timedelta(hours=160)
    track = [
        {
            "time": iso(start + timedelta(hours=i)),
            "lat": round(lat + 0.02 * math.sin(i / 3), 5),
            "lon": round(lon, 5),
            "dark_s": 7200 if 70 <= i < 82 else 0,
            "trusted": True,
            "device": "TRK",
        }
        for i, (lat, lon) in enumerate(points)
        if not 70 <= i < 80
    ]
    jammed = [points[110], points[111]]
    for i, (lat, lon) in enumerate(jammed):
        at = iso(start + timedelta(hours=110, minutes=20 + i))
        wrong = {"lat": lat + 0.9, "lon": lon + 0.7 + i / 5, "dark_s": 0, "trusted": False, "device": "TRK"}
        track.append({"time": at, **wrong})
    return track


def temperatures_of(row: Row) -> list[Row]:
    if "temp_c" not in row["condition"]:
        return []
    return [
        {
            "time": iso(NOW - timedelta(minutes=30 * (200 - i))),
            "channel": "temp_c",
            "value": round(row["condition"]["temp_c"] - 4 + 7 * math.sin(i / 7.6) + 0.4 * math.sin(i * 1.7), 1),
            "device": "TRK",
        }
        for i in range(200)
        if not 90 < i < 112
    ]
