"""What a board said, as lines for people and as rows of JSON. Pure; units are those of the channels' names."""

from collections.abc import Mapping
from typing import Final, cast

from railbox_agent.board_firmware import is_older
from railbox_bridge.commands import SETTINGS
from railbox_bridge.messages import LISTENS_BRIEFLY, Hello
from railbox_bridge.tables import STATUSES
from railbox_bridge.value import Value
from railbox_bridge.values import BoardEvent, BoardSample, EventsLost, Gap, Rebooted, Trouble
from railbox_bridge.version import FIRMWARE_VERSION
from railbox_telemetry.tables import CHANNELS, EVENT_BY_CODE, channel_name, event_name

Row = Mapping[str, object]

SETTING_NUMBERS: Final = {name: number for number, (name, *_) in SETTINGS.items()}


def info_row(hello: Hello, clock_error_ms: int | None) -> Row:
    return {
        "board": hello.board,
        "firmware": hello.firmware,
        "carried": FIRMWARE_VERSION,
        "older": is_older(hello.firmware),
        "low_power": bool(hello.flags & LISTENS_BRIEFLY),
        "clock_error_ms": clock_error_ms,
        "frames_dropped": hello.dropped,
        "events": hello.next_event,
        "channels": _statuses(hello),
    }


def info_lines(row: Row) -> list[str]:
    channels = cast("Mapping[str, str]", row["channels"])
    advice = ": older, run railbox board flash" if row["older"] else ""
    clock = "not known yet" if row["clock_error_ms"] is None else f"within {row['clock_error_ms']} ms"
    return [
        f"board           {row['board']}",
        f"firmware        {row['firmware']} (this installation carries {row['carried']}{advice})",
        f"low power       {'on' if row['low_power'] else 'off'}",
        f"clock           {clock}",
        f"frames dropped  {row['frames_dropped']} by the board",
        f"events          {row['events']} since it started",
        *(f"{name:<15} {status}" for name, status in channels.items()),
    ]


def setting_row(number: int, value: int) -> Row:
    name, unit, default, low, high = SETTINGS[number]
    return {"setting": name, "value": value, "unit": unit, "default": default, "lowest": low, "highest": high}


def setting_line(row: Row) -> str:
    bounds = f"{row['lowest']} to {row['highest']} {row['unit']}, comes with {row['default']}"
    return f"{row['setting']:<20} {row['value']:>8}   {bounds}"


def value_row(value: Value) -> Row | None:
    """What the monitor shows of a value; None where it is nothing to look at."""
    match value:
        case BoardSample():
            readings = {channel_name(number): CHANNELS[number].in_unit(read) for number, read in value.readings}
            counts = {"door_count": value.door_count, "shock_count": value.shock_count}
            return {"type": "sample", **readings, **counts}
        case BoardEvent():
            kind = EVENT_BY_CODE.get(value.code)
            means = {"value": value.value, "value_is": kind.value} if kind and kind.value else {}
            return {"type": "event", "event": event_name(value.code), **means, "lasted_ms": value.lasted_ms}
        case Hello():
            return {"type": "hello", **_statuses(value)}
        case Rebooted():
            return {"type": "rebooted"}
        case Gap():
            return {"type": "gap", "frames": value.frames}
        case EventsLost():
            return {"type": "events_lost", "count": value.count}
        case Trouble():
            return {"type": "trouble", "counter": value.counter, "detail": value.detail}
        case _:
            return None


def value_line(row: Row) -> str:
    return "  ".join([f"{row['type']:<8}", *(f"{name} {value}" for name, value in row.items() if name != "type")])


def _statuses(hello: Hello) -> dict[str, str]:
    return {channel_name(number): STATUSES.get(status, str(status)) for number, status in hello.channels}
