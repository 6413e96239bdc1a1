"""Which device is fixed to which unit, from when to when.

Pure. Everything is stored by device and read by unit through this, so a corrected assignment corrects the past too.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from railbox_server.errors import ServerError
from railbox_telemetry import iso


class AssignmentError(ServerError):
    """An assignment that contradicts another one; the message says which, and what to do."""


@dataclass(frozen=True, slots=True)
class Span:
    """From `from_s` on, up to and without `to_s`; None: no bound."""

    from_s: int | None = None
    to_s: int | None = None

    def __contains__(self, time_s: int) -> bool:
        return (self.from_s is None or time_s >= self.from_s) and (self.to_s is None or time_s < self.to_s)

    @property
    def is_empty(self) -> bool:
        return self.from_s is not None and self.to_s is not None and self.from_s >= self.to_s

    def both(self, other: "Span") -> "Span":
        """What lies in this one and the other."""
        starts = [time_s for time_s in (self.from_s, other.from_s) if time_s is not None]
        ends = [time_s for time_s in (self.to_s, other.to_s) if time_s is not None]
        return Span(max(starts, default=None), min(ends, default=None))

    def __str__(self) -> str:
        start = "the beginning" if self.from_s is None else iso.from_s(self.from_s)
        return f"from {start} {'on' if self.to_s is None else f'to {iso.from_s(self.to_s)}'}"


ALWAYS = Span()


@dataclass(frozen=True, slots=True)
class Assignment:
    device: str
    unit: str
    span: Span = ALWAYS


Units = Mapping[str, tuple[Assignment, ...]]
"""The devices of each unit, each with the time in which it speaks for the unit."""


def units_of(known: Iterable[str], assignments: Iterable[Assignment]) -> Units:
    """Every unit; a known device that was never assigned is shown as a unit of its own name."""
    units: dict[str, list[Assignment]] = {}
    assigned: set[str] = set()
    for item in assignments:
        units.setdefault(item.unit, []).append(item)
        assigned.add(item.device)
    for device in known:
        if device not in assigned:
            units.setdefault(device, []).append(Assignment(device, device))
    return {unit: tuple(items) for unit, items in units.items()}


def shared(units: Units) -> frozenset[str]:
    """The devices that are on several units, each at its time."""
    by_device = Counter(device for items in units.values() for device in {item.device for item in items})
    return frozenset(device for device, count in by_device.items() if count > 1)


class Registered(Protocol):
    """Who knows devices and assignments."""

    def registry_version(self) -> int:
        """Changes whenever one of the two does."""
        ...

    def known_devices(self) -> frozenset[str]: ...

    def assignments(self) -> Sequence[Assignment]: ...


@dataclass(slots=True)
class Fleet:
    """The units as of a version of the registry: thousands of them are not put together for every question."""

    _version: int | None = None
    _units: Units = field(default_factory=dict[str, tuple[Assignment, ...]])

    def of(self, registry: Registered) -> Units:
        version = registry.registry_version()
        if version != self._version:
            # The version is read first, and kept last: at worst the next question reads it all again.
            self._units = units_of(registry.known_devices(), registry.assignments())
            self._version = version
        return self._units


def check_new(new: Assignment, existing: Iterable[Assignment]) -> None:
    """Raises AssignmentError when the device would be on two units at once, or the new span is empty."""
    if new.span.is_empty:
        raise AssignmentError(f"{new.device} to {new.unit} {new.span}: it ends before it starts")
    for item in existing:
        if item.device == new.device and not item.span.both(new.span).is_empty:
            raise AssignmentError(
                f"{new.device} is on {item.unit} {item.span}: end that first "
                f"(railbox device unassign {new.device}), or give a time outside it"
            )


def start_of_new(device: str, existing: Iterable[Assignment], now_s: int) -> int | None:
    """When an assignment without a given start begins: a device's first one covers all it ever sent, a later one
    starts now."""
    return now_s if any(item.device == device for item in existing) else None


def open_assignment(device: str, existing: Iterable[Assignment]) -> Assignment:
    """The device's assignment that has no end yet; raises AssignmentError."""
    for item in existing:
        if item.device == device and item.span.to_s is None:
            return item
    raise AssignmentError(f"{device} is on no unit now; railbox device list shows what is")


def current(assignments: Iterable[Assignment], now_s: int) -> Assignment | None:
    """Of one device's assignments the one that holds now, else the latest."""
    newest_last = sorted(assignments, key=lambda item: (now_s in item.span, item.span.from_s or 0))
    return newest_last[-1] if newest_last else None
