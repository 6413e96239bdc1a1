"""What operators watch, as the HTTP API tells it, for tests of the page: custody, statistics, trackers, notices.

Every kind of trouble once. Rows have the shapes of the API and are made by hand, as those of page_fleet are.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from support.page_fleet import (
    CALM,
    CRITICAL,
    MOVING,
    NEVER,
    OVER,
    POSSIBLE,
    SILENT,
    WAGON,
    Line,
    Row,
    bounds,
    hours_ago,
    iso,
)

HOT, FULL, REVERTED, AWAY, WELL = "TRK-HOT", "TRK-FULL", "TRK-SET-BACK", "TRK-AWAY", "TRK-WELL"
LONG = "TRACKER_WITH_A_LONG_NAME_INDEED1"
"""As long as a device's name may be."""


def telling(**more: Any) -> Row:
    webhook = {"to": "https://erp.example", "stopped": False, "last_answer": "204 No Content"}
    row: Row = {"webhook": webhook, "waiting": 0, "oldest_waiting": None, "refused": 0, "dropped": 0}
    return row | more


@dataclass
class Watch:
    """Answers besides those about units: a test may change them."""

    custody: dict[str, list[Row]] = field(default_factory=dict[str, list[Row]])
    statistics: Row = field(default_factory=lambda: {"borders": []})
    devices: list[Row] = field(default_factory=list[Row])
    configurations: list[Row] = field(default_factory=list[Row])
    notices: list[Row] | None = field(default_factory=list[Row])
    """None: this server tells nothing."""
    webhook: Row = field(default_factory=telling)

    def answer(self, path: str, query: Mapping[str, list[str]]) -> Row | None:
        match path.split("/"):
            case ["units", unit, "custody"]:
                return {"unit": unit, "custody": self.custody.get(unit, []), "next": None}
            case ["statistics"]:
                return self.statistics
            case ["devices"]:
                return {"devices": self.devices, "next": None}
            case ["devices", device]:
                row = next((row for row in self.devices if row["device"] == device), None)
                return row and row | detail_of(row)
            case ["configurations"]:
                return {"configurations": self.configurations, "next": None}
            case ["notices"] if self.notices is not None:
                wanted = query.get("unit")
                of_kind = [row for row in self.notices if row["kind"] in query["kind"]]
                shown = [row for row in of_kind if wanted is None or row["unit"] in wanted]
                return {"notices": shown[: int(query["limit"][0])], "next": None}
            case ["webhook"] if self.notices is not None:
                return self.webhook
            case _:
                return None


def make_watch(line: Line) -> Watch:
    return Watch(
        custody={MOVING: custody_rows(line), OVER: [quiet_visit(line)]},
        statistics={"borders": [*statistics_rows(line)]},
        devices=device_rows(),
        configurations=[
            configuration(REVERTED, "reverted", "no broker under it within 600 s", None),
            configuration(WELL, "applied", None, 4),
        ],
        notices=notice_rows(line),
    )


def condition(low: float, mean: float, high: float, known_h: float = 26, **more: Any) -> Row:
    known = {"known_s": round(known_h * 3600), "unknown_s": 0, "over_s": None, "under_s": None}
    return {"min": low, "mean": mean, "max": high, **known, **more}


def custody_row(**more: Any) -> Row:
    row: Row = {
        "type": "custody",
        "unit": MOVING,
        "kind": "visit",
        **dict.fromkeys(("place", "place_name", "country", "from_place", "to_place")),
        "conditions": {},
        "shocks": {"times": 0, "seen": 0, "counted": 0, "worst_g": None},
        "doors": {"times": 0, "seen": 0, "counted": 0},
        "incidents": [],
    }
    return row | more


def incident(event: str, hours: float, **more: Any) -> Row:
    row: Row = {"event": event, "time": iso(hours_ago(hours)), "device": "TRK", "value": None, "ended": None}
    return row | {"doubt": None, "lat": 28.9726, "lon": 61.5569} | more


def custody_rows(line: Line) -> list[Row]:
    """A leg that nothing happened on, a visit with everything, and the leg that lasts."""
    first, second = line.yards(line.borders[0])
    at = {"place": first.id, "place_name": first.name, "country": first.country}
    door = incident("door_opened", 110, ended=iso(hours_ago(110) + timedelta(minutes=12)), doubt="before")
    return [
        custody_row(
            kind="leg",
            to_place=first.id,
            start=None,
            end=bounds(120, 2),
            conditions={"temp_c": condition(-4, 8.5, 19, 30)},
        ),
        custody_row(
            **at,
            start=bounds(120, 2),
            end=bounds(94, 2),
            conditions={
                "temp_c": condition(11.2, 19.25, 31.4, 18, unknown_s=28_800, over_s=12_000, under_s=0),
                "humidity_pct": condition(31, 44, 78),
            },
            shocks={"times": 3, "seen": 1, "counted": 3, "worst_g": 4.2},
            doors={"times": 1, "seen": 1, "counted": 1},
            incidents=[incident("shock", 112, value=4.2), door],
        ),
        custody_row(
            kind="leg",
            from_place=second.id,
            start=bounds(90, 2),
            end=None,
            conditions={"temp_c": condition(-11.5, -2.1, 6)},
        ),
    ]


def quiet_visit(line: Line) -> Row:
    first, _ = line.yards(line.borders[0])
    at = {"place": first.id, "place_name": first.name, "country": first.country}
    return custody_row(**at, start=bounds(53.8, 2), end=None, conditions={"temp_c": condition(17, 21, 24)})


def standing(count: int, median_h: float | None, **more: Any) -> Row:
    row: Row = {
        "n": count,
        "p50_h": median_h,
        "p90_h": median_h and median_h * 1.7,
        "mean_h": median_h and median_h * 1.1,
        **dict.fromkeys(("p50_bounds_h", "p90_bounds_h", "mean_bounds_h", "longest_open_h")),
        "open": 0,
        "cut": 0,
    }
    return row | more


def statistics_rows(line: Line) -> list[Row]:
    """Of the first border both directions, one with a trend; of the last only bounds are known."""
    first, last = line.borders[0], line.borders[-1]
    medians = {"2026-06": 22.0, "2026-07": 25.0, "2026-08": 24.0, "2026-10": 31.0, "2026-11": 35.0}
    one, other = first["sides"]
    end = last["sides"]
    return [
        of_border(
            first,
            one,
            other,
            standing(24, 28, open=1, longest_open_h=53.8, cut=2),
            by_month={month: standing(5, h) for month, h in medians.items()},
            trend={"hours_per_month": 2.6, "months": 5},
        ),
        of_border(first, other, one, standing(3, 9.5)),
        of_border(last, end[0], end[1], standing(0, None, cut=4, p50_bounds_h=[12, None])),
    ]


def of_border(border: Row, from_side: str, to_side: str, stood: Row, **more: Any) -> Row:
    named = {"border": border["id"], "border_name": border["name"], "from_side": from_side, "to_side": to_side}
    row: Row = {**named, **stood, "by_month": {}, "trend": None}
    return row | more


HEALTH: Row = {"up_s": 300_000, "fix_s": 1, "clock_s": 1, "disk_mb": 11_400, "temp_c": 47, "volts_low": 0}


def device_row(device: str, unit: str | None, seen_h: float | None = 0.01, **more: Any) -> Row:
    row: Row = {
        "device": device,
        "unit": unit,
        "from": None,
        "to": None,
        "last_seen": None if seen_h is None else iso(hours_ago(seen_h)),
        "epoch": 7,
        "batches": 420,
        "missing": 0,
        "online": None if seen_h is None else True,
        "outbox_batches": 0,
        "outbox_oldest_s": None,
        "worries": [],
        "counters": {"connections": 3, "gnss.late_sentences": 12},
        "health": HEALTH,
    }
    return row | more


def device_rows() -> list[Row]:
    worry = {
        "counter": "outbox_write_failed",
        "count": 14,
        "meaning": "commits that the disk did not take",
        "todo": "free space on the disk, or replace it",
    }
    hot = HEALTH | {"temp_c": 87, "volts_low": 3, "ports": {"gnss": "closed"}}
    full = HEALTH | {"disk_mb": 4, "clock_s": 200_000}
    return [
        device_row(WELL, CALM),
        device_row(AWAY, SILENT, 50.4, online=False, missing=3),
        device_row(HOT, MOVING, health=hot),
        device_row(FULL, CRITICAL, health=full, worries=[worry], outbox_batches=620, outbox_oldest_s=40_000),
        device_row(REVERTED, OVER),
        device_row(LONG, WAGON, counters="many", health=3, outbox_batches=[], missing=12),
        device_row(NEVER, None, None, health={}, counters={}, outbox_batches=None),
    ]


def detail_of(row: Row) -> Row:
    missing = [[120, 120 + row["missing"] - 1]] if row["missing"] else []
    outbox: Row = {"epoch": 7, "missing": missing, "quarantined": [], "discarded": []}
    said = {"online": row["online"], "version": "0.1.0"}
    return {"assignments": [], "outboxes": [outbox], "status_at": row["last_seen"], "status": said}


def configuration(device: str, state: str, reason: str | None, in_force: int | None) -> Row:
    wanted: Row = {
        "version": 4,
        "settings": {"thinning": {"deadline_s": 300}, "uplink": {"keepalive_s": 600}},
        "wanted_at": iso(hours_ago(30)),
        "state": state,
        "reason": reason,
        "reported_at": iso(hours_ago(29.8)),
    }
    heard = {"in_force": in_force, "heard_at": wanted["reported_at"], "unreadable": None}
    return {"device": device, "wanted": wanted, **heard}


def notice(number: int, kind: str, action: str, unit: str, hours: float, **more: Any) -> Row:
    row: Row = {
        "type": f"{kind}.{action}",
        "notice": f"story-{number}",
        "revision": 1 if action == "told" else 2,
        "retracts": 1 if action in {"retracted", "ended"} else None,
        "kind": kind,
        "action": action,
        "told_at": iso(hours_ago(hours)),
        "unit": unit,
        "delivery": {"state": "delivered", "attempts": 1, "next_at": None, "answer": "204 No Content"},
    }
    return row | more


def notice_rows(line: Line) -> list[Row]:
    first, second = line.borders[0], line.borders[1]
    stood = {"dwell_min_s": 190_000, "dwell_est_s": 193_700, "dwell_max_s": 194_000}
    refused = {"state": "refused", "attempts": 1, "next_at": None, "answer": "422 Unprocessable Content"}
    crossing: Row = {"of": "crossing", "border": first["id"], "border_name": first["name"], "candidates": [], **stood}
    yard = line.yards(first)[0]
    door = {"event": "door_opened", "time": iso(hours_ago(110)), "device": "TRK", "ended": iso(hours_ago(109.8))}
    away: Row = {"since": iso(hours_ago(17.5)), "place": {"id": yard.id, "name": yard.name}, "lat": 1, "lon": 2}
    return [
        notice(1, "flag", "told", OVER, 5.8, **crossing, flag="over", certainty="certain"),
        notice(2, "flag", "retracted", MOVING, 9, **crossing, flag="over", certainty="possible", delivery=refused),
        notice(3, "no_contact", "told", POSSIBLE, 16, **away),
        notice(4, "no_contact", "ended", CALM, 20, **away),
        notice(6, "door", "revised", MOVING, 109.7, **door, value=None, place_name=yard.name),
        notice(
            5, "shock", "told", MOVING, 112, event="shock", time=iso(hours_ago(112)), value=4.2, place_name=yard.name
        ),
        notice(
            7,
            "flag",
            "told",
            CRITICAL,
            120,
            **crossing | {"border_name": second["name"]},
            flag="critical",
            certainty="certain",
        ),
    ]
