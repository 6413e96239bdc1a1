"""Items as JSON lines, the way `railbox replay --json` prints them (docs/design.md, "Commands and formats")."""

import json
from collections.abc import Iterable, Iterator

from railbox_agent.items import Item, Report
from railbox_telemetry import iso
from railbox_telemetry.tables import CHANNELS, channel_name, event_name
from railbox_telemetry.values import BootClock, Event, Fix, Knot, Reading, UndatedEvent


class JsonLines:
    """Items as JSON lines. Undated events wait for the clock that dates them; without one their time is null."""

    def __init__(self, unit: str | None) -> None:
        self._unit = unit
        self._undated: list[UndatedEvent] = []

    def lines(self, made: Iterable[Item]) -> Iterator[str]:
        for item in made:
            match item:
                case UndatedEvent():
                    self._undated.append(item)
                case BootClock():
                    yield from self._resolved(item.utc_offset_s)
                case Report():
                    yield from (json.dumps(_fields(knot, self._unit), ensure_ascii=False) for knot in item.knots)
                case _:
                    yield json.dumps(_fields(item, self._unit), ensure_ascii=False)

    def finish(self) -> Iterator[str]:
        return self._resolved(None)

    def _resolved(self, offset_s: int | None) -> Iterator[str]:
        undated, self._undated = self._undated, []
        for event in undated:
            time_s = None if offset_s is None else event.monotonic_s + offset_s
            yield json.dumps(_event_fields(self._unit, time_s, event.code, event.value), ensure_ascii=False)


def _fields(item: Fix | Knot | Reading | Event, unit: str | None) -> dict[str, object]:
    match item:
        case Fix():
            return _fix_fields(item, unit)
        case Knot():
            place = {"lat": item.lat_deg, "lon": item.lon_deg, "dark_s": item.dark_s}
            return {"type": "knot", "unit": unit, "time": iso.from_s(item.time_s), **place}
        case Reading():
            value = CHANNELS[item.channel].in_unit(item.value) if item.channel < len(CHANNELS) else item.value
            row = {"channel": channel_name(item.channel), "value": value}
            return {"type": "reading", "unit": unit, "time": iso.from_s(item.time_s), **row}
        case Event():
            return _event_fields(unit, item.time_s, item.code, item.value)


def _event_fields(unit: str | None, time_s: int | None, code: int, value: int) -> dict[str, object]:
    when = None if time_s is None else iso.from_s(time_s)
    return {"type": "event", "unit": unit, "time": when, "event": event_name(code), "value": value}


def _fix_fields(fix: Fix, unit: str | None) -> dict[str, object]:
    fields: dict[str, object] = {
        "type": "fix",
        "unit": unit,
        "time": iso.from_ms(fix.fix_time_ms),
        "lat": round(fix.lat_deg, 7),
        "lon": round(fix.lon_deg, 7),
        "speed_mps": _rounded(fix.speed_mps, 3),
        "course_deg": _rounded(fix.course_deg, 2),
        "alt_m": _rounded(fix.alt_m, 2),
        "sats": fix.sats,
        "hdop": _rounded(fix.hdop, 2),
        "trusted": fix.trusted,
    }
    if fix.reason is not None:
        fields["reason"] = fix.reason
    return fields


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
