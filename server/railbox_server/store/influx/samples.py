"""What a batch comes to in InfluxDB, as values and as lines, and what values read there say: pure (docs/influxdb.md).

A sample is told from every other one by device, epoch and time, so writing it again changes nothing: the time has the
batch's number in its nanoseconds, because two batches may speak of one second.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from railbox_server.journey.model import SeenKnot
from railbox_server.store.values import Point, StoredBatch, StoredEvent, StoredReading, TrackPoint
from railbox_telemetry.tables import (
    CHANNEL_BY_NAME,
    CHANNEL_SCALAR_BASE,
    CHANNELS,
    SPEED,
    STATE,
    Quantity,
    event_name,
)
from railbox_telemetry.values import DEGREE_E5, Events, Positions, Readings

SECOND_NS: Final = 1_000_000_000
KNOTS, READINGS, EVENTS, BATCHES = "knots", "readings", "events", "batches"
KNOT_FIELDS: Final = (
    "lat_deg", "lon_deg", "dark_s", "delay_s", "seq", *(quantity.name for quantity in STATE),
)  # fmt: skip
EVENT_FIELDS: Final = ("code", "value", "seq")

Number = int | float


@dataclass(frozen=True, slots=True)
class Sample:
    """A row of a measurement. Tags are device, epoch, and of an event its name."""

    measurement: str
    device: str
    epoch: int
    at_ns: int
    fields: Mapping[str, Number]

    @property
    def time_s(self) -> int:
        return self.at_ns // SECOND_NS


def samples_of(item: StoredBatch) -> list[Sample]:
    """All of a batch, the sample of the batch itself last."""
    knots, readings, events = (
        dict[int, dict[str, Number]](),
        dict[int, dict[str, Number]](),
        list[tuple[int, int, int]](),
    )
    for section in item.batch.sections:
        match section:
            case Positions():
                _add_knots(section, item, knots)
                _add_state(section.state, section.knots[-1].time_s, readings)
            case Readings():
                for row in section.rows:
                    for channel, value in zip(section.channels, row.values, strict=True):
                        _add_reading(channel, value, row.time_s, readings)
                _add_state(section.state, section.rows[-1].time_s, readings)
            case Events():
                events += [(event.time_s, event.code, event.value) for event in section.events]
            case _:  # what has no time, and what ledgers say, is in SQLite
                pass
    device, epoch, seq = item.device, item.batch.epoch, item.batch.seq
    places: Counter[int] = Counter()
    samples = [Sample(KNOTS, device, epoch, _at_ns(time_s, seq), fields) for time_s, fields in knots.items()]
    samples += [Sample(READINGS, device, epoch, _at_ns(time_s, seq), fields) for time_s, fields in readings.items()]
    for time_s, code, value in events:
        at_ns = _at_ns(time_s, seq, places[time_s])
        samples.append(Sample(EVENTS, device, epoch, at_ns, {"code": code, "value": value, "seq": seq}))
        places[time_s] += 1
    about = {"seq": seq, "bytes": len(item.payload), "knots": len(knots)}
    samples.append(Sample(BATCHES, device, epoch, item.received_at_ms * 1_000_000 + seq % 1_000_000, about))
    return samples


def line_of(sample: Sample) -> str:
    """In line protocol. No name here needs escaping."""
    fields = ",".join(f"{name}={value}{'i' if isinstance(value, int) else ''}" for name, value in sample.fields.items())
    tags = f"device={sample.device},epoch={sample.epoch}"
    if sample.measurement == EVENTS:
        tags += f",event={event_name(int(sample.fields['code']))}"
    return f"{sample.measurement},{tags} {fields} {sample.at_ns}"


def batches_in(lines: str) -> Iterator[tuple[str, int, int]]:
    """(device, epoch, seq) of the batches that these lines hold whole."""
    for line in lines.splitlines():
        if line.startswith(f"{BATCHES},"):
            tags, fields, _ = line.split(" ")
            _, device, epoch = (part.partition("=")[2] for part in tags.split(","))
            yield device, int(epoch), int(fields.split(",")[0].removeprefix("seq=").removesuffix("i"))


def merged(*parts: Iterable[Sample]) -> list[Sample]:
    """Each once, in order of time; of one that is in several parts the first."""
    found: dict[tuple[str, int, int], Sample] = {}
    for part in parts:
        for sample in part:
            found.setdefault((sample.device, sample.epoch, sample.at_ns), sample)
    return sorted(found.values(), key=_order)


def seen_knot(sample: Sample) -> SeenKnot:
    at = sample.fields
    time_s = sample.time_s
    accuracy = at.get("accuracy_m")
    return SeenKnot(
        time_s,
        _e5(at["lat_deg"]),
        _e5(at["lon_deg"]),
        int(at["dark_s"]),
        None if accuracy is None else int(accuracy),
        int(at["seq"]),
        time_s + int(at["delay_s"]),
    )


def point(sample: Sample) -> Point:
    at, knot = sample.fields, seen_knot(sample)
    speed, course = at.get("speed_mps"), at.get("course_deg")
    return Point(
        sample.device,
        sample.epoch,
        knot.seq,
        knot.time_s,
        knot.lat_e5,
        knot.lon_e5,
        knot.dark_s,
        knot.received_at_s,
        None if speed is None else SPEED.to_wire(speed),
        None if course is None else int(course),
        knot.accuracy_m,
    )


def track_point(sample: Sample) -> TrackPoint:
    at = sample.fields
    return TrackPoint(sample.epoch, sample.time_s, _e5(at["lat_deg"]), _e5(at["lon_deg"]), int(at["dark_s"]))


def readings_of(samples: Iterable[Sample], channels: Iterable[int]) -> list[StoredReading]:
    """By (time, channel): of several values of one second the greatest."""
    wanted = set(channels)
    greatest: dict[tuple[int, int], int] = {}
    device = ""
    for sample in samples:
        device = sample.device
        for name, value in sample.fields.items():
            channel = CHANNEL_BY_NAME[name]
            if channel.bit in wanted:
                key, wire = (sample.time_s, channel.bit), channel.to_wire(value)
                greatest[key] = max(greatest.get(key, wire), wire)
    return [StoredReading(device, time_s, channel, greatest[time_s, channel]) for time_s, channel in sorted(greatest)]


def event_of(sample: Sample) -> StoredEvent:
    return StoredEvent(sample.device, sample.time_s, int(sample.fields["code"]), int(sample.fields["value"]))


def _add_knots(section: Positions, item: StoredBatch, knots: dict[int, dict[str, Number]]) -> None:
    for knot in section.knots:
        fields: dict[str, Number] = {
            "lat_deg": knot.lat_e5 / DEGREE_E5,
            "lon_deg": knot.lon_e5 / DEGREE_E5,
            "dark_s": knot.dark_s,
            "delay_s": item.received_at_ms // 1000 - knot.time_s,
            "seq": item.batch.seq,
        }
        if knot is section.knots[-1]:
            for quantity in STATE:
                if (value := section.state.get(quantity.bit)) is not None:
                    fields[quantity.name] = _in_unit(quantity, value)
        knots.setdefault(knot.time_s, fields)


def _add_state(state: Mapping[int, int], time_s: int, readings: dict[int, dict[str, Number]]) -> None:
    for bit, value in state.items():
        if bit >= CHANNEL_SCALAR_BASE:
            _add_reading(bit - CHANNEL_SCALAR_BASE, value, time_s, readings)


def _add_reading(channel: int, value: int, time_s: int, readings: dict[int, dict[str, Number]]) -> None:
    quantity = CHANNELS[channel]
    row, own = readings.setdefault(time_s, {}), _in_unit(quantity, value)
    row[quantity.name] = max(row.get(quantity.name, own), own)


def _in_unit(quantity: Quantity, value: int) -> Number:
    """Always of one type: InfluxDB takes no other one for a field later."""
    return value if quantity.scale == 1 else float(quantity.in_unit(value))


def _at_ns(time_s: int, seq: int, place: int = 0) -> int:
    """`place`: among those of its second in its batch."""
    return time_s * SECOND_NS + seq % 1_000_000 * 1_000 + min(place, 999)


def _e5(degrees: Number) -> int:
    return round(degrees * DEGREE_E5)


def _order(sample: Sample) -> tuple[int, int, int]:
    return sample.time_s, sample.at_ns % SECOND_NS, sample.epoch
