"""What the API is given: everything it may ask, as plain arguments, and what several routes read of it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from railbox_server.clock import Clock
from railbox_server.engine.rows import at_time, devices_now, unit_row
from railbox_server.fleet import Assignment, Units, units_of
from railbox_server.geo.model import Corridor
from railbox_server.live import Hub
from railbox_server.store.interface import ReadStore, Registry
from railbox_server.store.values import Row


class ApiStore(ReadStore, Registry, Protocol):
    """What the API needs of a store."""


@dataclass(frozen=True, slots=True)
class Services:
    store: ApiStore
    clock: Clock
    corridors: Sequence[Corridor]
    corridor_file: Callable[[str], Path]
    """The GeoJSON file of a corridor by name."""
    silence_s: float
    """Without a fix for so long, there is no contact."""
    admit: Callable[[str], int]
    """Makes a device known and ingests what quarantine has of it; returns how many batches came out."""
    engine_pending: Callable[[], int]
    ingest_waiting: Callable[[], int]
    ingest_counters: Callable[[], dict[str, int]]
    hub: Hub
    page: Path
    token: str | None = None

    def units(self) -> Units:
        return units_of(self.store.known_devices(), self.store.assignments())

    def rows_of(self, wanted: Iterable[str] | None = None) -> list[Row]:
        """The rows of /api/units as of now, of all units or of those wanted; one not judged yet has no position."""
        now_s, units = self.clock.now_s(), self.units()
        names = sorted(units if wanted is None else units.keys() & set(wanted))
        judged = {row["unit"]: row for row in (self.store.unit_rows() if wanted is None else _each(self.store, names))}
        rows = [judged.get(name) or _unjudged(name, units[name], now_s) for name in names]
        return [at_time(row, now_s, self.silence_s) for row in rows]


def judged_rows(store: ReadStore, clock: Clock, silence_s: float, units: Iterable[str]) -> list[Row]:
    """The rows as of now of those units that are judged: what live updates tell."""
    now_s = clock.now_s()
    return [at_time(row, now_s, silence_s) for row in _each(store, sorted(units))]


def _each(store: ReadStore, units: Iterable[str]) -> Iterator[Row]:
    for unit in units:
        yield from store.unit_rows(unit)


def _unjudged(unit: str, assignments: Sequence[Assignment], now_s: int) -> Row:
    return unit_row(unit, devices_now(assignments, now_s), None, (), (), (), ())
