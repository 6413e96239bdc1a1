"""Facts by minutes, and a receiver of notices that keeps only what it was told: what tests of telling are made of."""

from collections.abc import Iterable
from typing import Any

from railbox_server.telling.model import Fact, Kind, Notice
from railbox_telemetry import iso

UNIT = "CSQU3054383"
T0_S = 1_793_000_000  # 2026-10-26
MINUTE_S = 60


def at(minute: int) -> str:
    return iso.from_s(T0_S + minute * MINUTE_S)


def stay(place: str, start: int, end: int | None, kind: Kind = Kind.VISIT, **body: Any) -> Fact:
    """In a place, from minute to minute; None: it lasts."""
    exited = None if end is None else {"est": at(end)}
    end_s = None if end is None else T0_S + end * MINUTE_S
    said = {"place": place, "entered": {"est": at(start)}, "exited": exited, **body}
    return Fact(kind, UNIT, tuple(place.split("|")), T0_S + start * MINUTE_S, end_s, said)


def door(minute: int, **body: Any) -> Fact:
    time_s = T0_S + minute * MINUTE_S
    said = {"event": "door_opened", "time": iso.from_s(time_s), "ended": None, **body}
    return Fact(Kind.DOOR, UNIT, ("TRK1",), time_s, time_s, said)


class Listener:
    """Knows nothing but what notices say, in any order and as often as they come."""

    def __init__(self) -> None:
        self.heard: dict[str, Notice] = {}

    def hear(self, notices: Iterable[Notice]) -> None:
        for notice in notices:
            before = self.heard.get(notice.story)
            if before is None or before.revision < notice.revision:
                self.heard[notice.story] = notice

    @property
    def believes(self) -> list[Fact]:
        """What stands."""
        return sorted((item.fact for item in self.heard.values() if item.stands), key=repr)
