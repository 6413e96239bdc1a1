"""What the sensor board would say on its line: samples, doors and shocks, through the board's own end of the link.

Pure: places, times and incidents in, bytes out. Times are seconds since the recording's start.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from operator import itemgetter
from random import Random
from typing import Final

from railbox.simulate import climate
from railbox.simulate.itinerary import Happening, Incident, Itinerary
from railbox.simulate.route import Route
from railbox_bridge import tables
from railbox_bridge.board_link import BoardLink

FIRMWARE: Final = "simulated"
BOARD: Final = "simulated"
CHANNELS: Final = (tables.TEMP, tables.HUMIDITY, tables.BATTERY, tables.DOOR_OPEN, tables.SHOCK_PEAK)
FIRST_SAMPLE_S: Final = 3
CALM_G: Final = (0.02, 0.4)
FULL_V: Final = 4.1
DRAIN_V_A_DAY: Final = 0.012
LOWEST_V: Final = 3.5


class Board:
    """One board on one journey; it booted with the recording, and again at `boots_s`."""

    def __init__(
        self, route: Route, itinerary: Itinerary, started_at_s: int, rng: Random, boots_s: Sequence[float] = ()
    ) -> None:
        self._route = route
        self._itinerary = itinerary
        self._started_at_s = started_at_s
        self._rng = rng
        self._boots_s = boots_s
        self._boot(0)
        self._door_open = False
        self._peak_g = 0.0
        self._weather_c = 0.0

    def frames(self, length_s: int, interval_s: int) -> Iterator[tuple[int, bytes]]:
        """(milliseconds since the start, bytes): a sample every `interval_s`, and each incident when it happens."""
        yield self._send(0)
        moments: list[tuple[float, Incident | None]] = [(time_s, None) for time_s in self._boots_s]
        moments += [(incident.time_s, incident) for incident in self._itinerary.incidents]
        waiting = deque(sorted((moment for moment in moments if moment[0] < length_s), key=itemgetter(0)))
        sample_times = range(FIRST_SAMPLE_S, length_s, interval_s)
        phases = self._itinerary.motion.follow(sample_times)
        for time_s, phase in zip(sample_times, phases, strict=True):
            while waiting and waiting[0][0] < time_s:
                yield self._meets(*waiting.popleft())
            self._measure(time_s, phase.chainage_m(time_s))
            yield self._send(time_s * 1000)
        for moment in waiting:
            yield self._meets(*moment)

    def _meets(self, time_s: float, incident: Incident | None) -> tuple[int, bytes]:
        """An incident, or a boot."""
        if incident is not None:
            return self._happens(incident)
        self._boot(round(time_s * 1000))
        return self._send(round(time_s * 1000))

    def _boot(self, time_ms: int) -> None:
        """Ticks and counters begin again, under another boot id."""
        self._link = BoardLink(self._rng.getrandbits(32), FIRMWARE, BOARD)
        self._link.channels = dict.fromkeys(CHANNELS, tables.OK)
        self._ticks_ms = self._rng.randrange(1_500, 4_000) - time_ms

    def _happens(self, incident: Incident) -> tuple[int, bytes]:
        time_ms, link = round(incident.time_s * 1000), self._link
        ticks_ms = self._ticks_ms + time_ms
        if incident.happening is Happening.SHOCK:
            link.shock_count += 1
            self._peak_g = max(self._peak_g, incident.peak_g)
            link.event(tables.SHOCK, round(incident.peak_g * 100), ticks_ms)
        else:
            self._door_open = incident.happening is Happening.DOOR_OPENED
            link.door_count += self._door_open
            link.event(tables.DOOR_OPENED if self._door_open else tables.DOOR_CLOSED, 0, ticks_ms)
        return self._send(time_ms)

    def _measure(self, time_s: int, chainage_m: float) -> None:
        rng = self._rng
        self._weather_c = 0.98 * self._weather_c + rng.gauss(0.0, 0.4)
        temp_c = climate.temp_c(self._route.point(chainage_m), self._started_at_s + time_s) + self._weather_c
        battery_v = max(LOWEST_V, FULL_V - DRAIN_V_A_DAY * time_s / climate.DAY_S) + rng.uniform(-0.01, 0.01)
        values = (
            round(temp_c * 10),
            round(climate.humidity_pct(temp_c)),
            round(battery_v * 100),
            int(self._door_open),
            round(max(self._peak_g, rng.uniform(*CALM_G)) * 100),
        )
        self._peak_g = 0.0
        self._link.sample(tuple(zip(CHANNELS, values, strict=True)))

    def _send(self, time_ms: int) -> tuple[int, bytes]:
        return time_ms, self._link.due(self._ticks_ms + time_ms)
