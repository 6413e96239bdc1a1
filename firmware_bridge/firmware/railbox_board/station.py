"""The parts together: one sample of all that answer, what they saw happen, and how each channel fares.

A part that fails is started anew with every sample; the others go on.
"""

from railbox_board.bus import Bus
from railbox_board.part import Happening, Part
from railbox_bridge.tables import FAILING, IMPLAUSIBLE, MISSING, OK, plausible


class Station:
    """Reads and watches `parts`, and frees their bus when one holds it."""

    def __init__(self, parts: "list[Part]", bus: Bus) -> None:
        self.parts = parts
        self.statuses: "dict[int, int]" = {}  # channel: status
        self.status_changes = 0
        self._bus = bus
        self._answering: "list[bool]" = [False for _ in parts]
        for part in parts:
            for channel in part.channels:
                self._mark(channel, MISSING)

    @property
    def busy(self) -> bool:
        return any(part.busy for part in self.parts)

    async def sample(self) -> "list[tuple[int, int]]":
        """Return (channel, value) of every channel that has a plausible value now."""
        readings: "list[tuple[int, int]]" = []
        for index in range(len(self.parts)):
            readings.extend(await self._read(index))
        return readings

    def watch(self, now_ms: int) -> "list[Happening]":
        """Return what the parts saw happen since the last call."""
        happenings: "list[Happening]" = []
        for index in range(len(self.parts)):
            if not self._answering[index]:
                continue
            try:
                happenings.extend(self.parts[index].watch(now_ms))
            except OSError:
                self._fail(index)
        return happenings

    async def _read(self, index: int) -> "list[tuple[int, int]]":
        part = self.parts[index]
        try:
            if not self._answering[index]:
                part.start()
            values = await part.read()
        except OSError:
            self._fail(index)
            return []
        self._answering[index] = True
        readings = [(channel, value) for channel, value in values if plausible(channel, value)]
        refused = [channel for channel, value in values if not plausible(channel, value)]
        for channel in part.channels:
            self._mark(channel, IMPLAUSIBLE if channel in refused else OK)
        return readings

    def _fail(self, index: int) -> None:
        part = self.parts[index]
        self._answering[index] = False
        for channel in part.channels:
            never = self.statuses.get(channel, MISSING) == MISSING
            self._mark(channel, MISSING if never else FAILING)
        self._bus.free()

    def _mark(self, channel: int, status: int) -> None:
        if self.statuses.get(channel) != status:
            self.statuses[channel] = status
            self.status_changes += 1
