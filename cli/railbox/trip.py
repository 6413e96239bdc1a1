"""A log as its whole story: what the tracker makes of it, and what the border engine concludes, without any server.

Composes agent and server, for tests and tools. The same log gives the same story on any machine, any day.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from railbox.borders import network_of, rows
from railbox.borders_logs import gather
from railbox_agent import logs
from railbox_agent.items import Item, Report
from railbox_agent.json_lines import JsonLines
from railbox_agent.thinning.policy import Thinning
from railbox_agent.thinning.reckoning import ReckoningSettings
from railbox_telemetry.values import BootClock, Event, Fix, Knot, Reading, UndatedEvent

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class TripOptions:
    """`corridors`: only these (none: all there are), also from `corridor_folders`. `now_s`: the clock that judges open
    visits; None: the newest trusted fix. `unit` overrules the log's own."""

    thinning: Thinning = field(default_factory=ReckoningSettings)
    unit: str | None = None
    now_s: int | None = None
    corridors: Sequence[str] = ()
    corridor_folders: Sequence[Path] = ()
    checksum_required: bool = True


class Trip:
    """Everything that a log tells. Each part is worked out when it is first asked for."""

    def __init__(self, path: Path, options: TripOptions | None = None) -> None:
        """Raises logs.LogError when the log cannot be read."""
        self._path = path
        self._options = options or TripOptions()
        log = logs.load(
            path,
            logs.Options(
                thinning=self._options.thinning,
                unit=self._options.unit,
                checksum_required=self._options.checksum_required,
            ),
        )
        self.items: tuple[Item, ...] = tuple(log.items)
        self.header = log.header
        self.counters = dict(log.counters)
        """What was skipped and dropped, by name."""

    @property
    def unit(self) -> str | None:
        return self.header.unit

    @cached_property
    def fixes(self) -> tuple[Fix, ...]:
        """All, trusted or not."""
        return tuple(item for item in self.items if isinstance(item, Fix))

    @cached_property
    def reports(self) -> tuple[Report, ...]:
        return tuple(item for item in self.items if isinstance(item, Report))

    @cached_property
    def knots(self) -> tuple[Knot, ...]:
        return tuple(knot for report in self.reports for knot in report.knots)

    @cached_property
    def readings(self) -> tuple[Reading, ...]:
        return tuple(item for item in self.items if isinstance(item, Reading))

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """In time order. Those from before the clock was known have the time that it gave them; without one they are
        not here (`counters` and the JSON lines tell of them)."""
        events: list[Event] = []
        undated: list[UndatedEvent] = []
        for item in self.items:
            match item:
                case Event():
                    events.append(item)
                case UndatedEvent():
                    undated.append(item)
                case BootClock():
                    events += [Event(one.monotonic_s + item.utc_offset_s, one.code, one.value) for one in undated]
                    undated.clear()
                case _:
                    continue
        return tuple(sorted(events, key=lambda event: event.time_s))

    @cached_property
    def visits(self) -> tuple[Row, ...]:
        """As `railbox borders --json` prints them."""
        return tuple(row for row in self._concluded if row["type"] == "visit")

    @cached_property
    def crossings(self) -> tuple[Row, ...]:
        """As `railbox borders --json` prints them."""
        return tuple(row for row in self._concluded if row["type"] == "crossing")

    def lines(self) -> Iterator[str]:
        """All of it as JSON lines: what `railbox replay --json` prints, then what `railbox borders --json` does."""
        writer = JsonLines(self.unit)
        yield from writer.lines(self.items)
        yield from writer.finish()
        yield from (json.dumps(row, ensure_ascii=False) for row in self._concluded)

    @cached_property
    def _concluded(self) -> list[Row]:
        """Read as if the newest fix had just come: today's date must not matter."""
        newest_s = max((fix.fix_time_ms // 1000 for fix in self.fixes if fix.trusted), default=None)
        if newest_s is None:
            return []
        now_s = newest_s if self._options.now_s is None else self._options.now_s
        gathered = gather([str(self._path)], now_s, self._options.unit)
        network = network_of(self._options.corridors, self._options.corridor_folders)
        return [dict(row) for row in rows(gathered, network, now_s)]
