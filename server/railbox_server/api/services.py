"""What the API is given: everything it may ask, as plain arguments, and what several routes read of it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Protocol

from railbox_server.api.problems import Problem
from railbox_server.clock import Clock
from railbox_server.configuration.room import Configurations
from railbox_server.engine.rows import at_time, devices_now, on_its_way, unit_row
from railbox_server.fleet import Assignment, Fleet, Units
from railbox_server.geo.model import Corridor
from railbox_server.live import Hub
from railbox_server.store.interface import ReadStore, Registry
from railbox_server.store.values import Reason, Row
from railbox_server.telling.room import Telling
from railbox_telemetry.identity import IdentityError, parse_unit


class ApiStore(ReadStore, Registry, Protocol):
    """What the API needs of a store."""

    def registry_version(self) -> int:
        """Changes whenever devices or assignments do."""
        ...


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
    hand_in: Callable[[str, Sequence[bytes]], None]
    """Gives batches of a device to ingest; returns when they are safe."""
    engine_pending: Callable[[], int]
    ingest_waiting: Callable[[], int]
    ingest_counters: Callable[[], dict[str, int]]
    configurations: Configurations
    """What trackers are to be set to."""
    hub: Hub
    page: Path
    token: str | None = None
    replay: Callable[[str | None, Reason | None], int] = lambda _device, _reason: 0
    """Tries again what is in quarantine, of a device and for a reason or of all; returns how many batches came out."""
    checks: Mapping[str, Callable[[], str | None]] = field(default_factory=dict[str, Callable[[], str | None]])
    """By part what it says that hinders it; None: it works."""
    exposition: Callable[[], bytes] = bytes
    """All metrics, as Prometheus reads them."""
    telling: Telling | None = None
    _fleet: Fleet = field(default_factory=Fleet)

    def units(self) -> Units:
        return self._fleet.of(self.store)

    def unit(self, text: str) -> tuple[str, tuple[Assignment, ...]]:
        """The unit's canonical name and its devices, however it is written; raises Problem where there is none."""
        units = self.units()
        for name in _spellings(text):
            if name in units:
                return name, units[name]
        raise Problem(HTTPStatus.NOT_FOUND, f"no unit {text!r}; GET /api/units lists them")

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
    return on_its_way(unit_row(unit, devices_now(assignments, now_s), None, (), (), ()), None)


def _spellings(text: str) -> Iterable[str]:
    yield text
    try:
        yield parse_unit(text).number
    except IdentityError:
        return
