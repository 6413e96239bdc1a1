"""Sentences of one epoch of measurement become one fix.

An epoch is what carries one time of day; VTG, GSA and GSV carry none and belong to the epoch they come in. The first
sentence to say a thing wins, the others must agree. Pure; time comes with the sentences.
"""

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Final

from railbox_agent.gnss.dates import Calendar
from railbox_agent.gnss.said import Said, Status
from railbox_agent.gnss.trust import REASONS, Limits, Seen, TrustState, distance_m, judge
from railbox_telemetry import iso
from railbox_telemetry.values import Fix

MAX_UNDATED: Final = 600
"""Epochs kept for a date that may yet come: ten minutes at 1 Hz."""

MAX_STRENGTHS: Final = 128
MAX_EPOCH_MS: Final = 60_000
"""The same time of day, heard so much later, is that of another day (or of a receiver that is stuck)."""

# The sentences that open an epoch, best position first: some receivers send in RMC the position of a second before,
# and in GLL fewer digits (seen in recorded logs).
_POSITION_RANK: Final = {"GGA": 0, "GNS": 0, "RMC": 1, "GLL": 2}


@dataclass(slots=True)
class _Epoch:
    """What the sentences said so far. `time_of_day_ms` None: only sentences without a time have come."""

    time_of_day_ms: int | None = None
    mono_ms: int | None = None
    day: int | None = None
    position: tuple[float, float] | None = None
    rank: int = len(_POSITION_RANK)
    status: Status | None = None
    void: bool = False
    disagree: bool = False
    speed_mps: float | None = None
    course_deg: float | None = None
    alt_m: float | None = None
    sats: int | None = None
    sats_listed: int = 0
    hdop: float | None = None
    snrs_db: list[int] = field(default_factory=list[int])

    def holds(self, said: Said, mono_ms: int | None) -> bool:
        """Whether a sentence is of this epoch: the same time of day, and not that of another day."""
        if self.time_of_day_ms != said.time_of_day_ms:
            return False
        if self.day is not None and said.day is not None and self.day != said.day:
            return False
        return self.mono_ms is None or mono_ms is None or mono_ms - self.mono_ms < MAX_EPOCH_MS

    def add(self, said: Said, disagree_m: float) -> None:
        if said.kind in _POSITION_RANK:
            self._add_position(said, disagree_m)
        if said.day is not None and self.day is None and said.status != "void":
            self.day = said.day
        self.speed_mps = said.speed_mps if self.speed_mps is None else self.speed_mps
        self.course_deg = said.course_deg if self.course_deg is None else self.course_deg
        self.alt_m = said.alt_m if self.alt_m is None else self.alt_m
        self.hdop = said.hdop if self.hdop is None else self.hdop
        if said.kind == "GSA":
            self.sats_listed += said.sats or 0
        else:
            self.sats = said.sats if self.sats is None else self.sats
        self.snrs_db.extend(said.snrs_db[: MAX_STRENGTHS - len(self.snrs_db)])

    def _add_position(self, said: Said, disagree_m: float) -> None:
        if said.position is None:
            return
        if said.status == "void":
            # Void and empty contradicts nobody: so speaks a constellation that has no satellites of its own.
            self.void = True
            return
        if self.position not in (None, said.position) and distance_m(self.position, said.position) > disagree_m:
            self.disagree = True
        rank = _POSITION_RANK[said.kind]
        if rank < self.rank:
            self.position, self.rank, self.status = said.position, rank, said.status


class Merger:
    """Sentences in, fixes out, in the order they were said. `counters` name what could not be used, `excerpts` show the
    latest of what could not be trusted."""

    def __init__(self, pivot_ms: int | None = None, limits: Limits | None = None) -> None:
        self.counters: Counter[str] = Counter()
        self.excerpts: dict[str, bytes] = {}
        self._limits = limits or Limits()
        self._calendar = Calendar(pivot_ms)
        self._trust = TrustState()
        self._epoch: _Epoch | None = None
        self._closed: _Epoch | None = None
        self._undated: deque[_Epoch] = deque()

    def add(self, said: Said, mono_ms: int | None) -> list[Seen]:
        """Take a sentence; the fixes that it completes. `mono_ms`: when it came, None where no clock ran."""
        if said.kind == "ZDA":
            return self._date(said, mono_ms)
        if said.kind in _POSITION_RANK:
            return self._timed(said, mono_ms) if said.time_of_day_ms is not None else self._timeless()
        if self._epoch is None:
            self._epoch = _Epoch()
        self._epoch.add(said, self._limits.disagree_m)
        return []

    def close(self) -> list[Seen]:
        """The epoch is over: its line fell quiet, or the log ended."""
        epoch, self._epoch = self._epoch, None
        if epoch is None or epoch.time_of_day_ms is None:
            return []
        self._closed = epoch
        self.counters["epochs"] += 1
        if epoch.position is None:
            self.counters["epochs_without_position"] += 1
            return []
        return self._dated(epoch)

    def _timed(self, said: Said, mono_ms: int | None) -> list[Seen]:
        fixes: list[Seen] = []
        epoch = self._epoch
        if epoch is not None and epoch.time_of_day_ms is not None and not epoch.holds(said, mono_ms):
            fixes, epoch = self.close(), None
        if epoch is None or epoch.time_of_day_ms is None:
            if self._closed is not None and self._closed.holds(said, mono_ms):
                self.counters["late_sentences"] += 1
                return fixes
            # What came without a time since the last epoch was said of this one.
            self._epoch = epoch = epoch or _Epoch()
            epoch.time_of_day_ms, epoch.mono_ms = said.time_of_day_ms, mono_ms
        epoch.add(said, self._limits.disagree_m)
        return fixes

    def _timeless(self) -> list[Seen]:
        """A receiver that has no fix nor time yet: nothing said so far belongs to what will come."""
        if self._epoch is not None and self._epoch.time_of_day_ms is None:
            self._epoch = None
        return []

    def _date(self, said: Said, mono_ms: int | None) -> list[Seen]:
        """ZDA dates what comes, and what waited for a date; it is no epoch of its own."""
        if said.day is None or said.time_of_day_ms is None:
            return []
        self._calendar.note(said.day, said.time_of_day_ms, mono_ms)
        return self._waiting()

    def _dated(self, epoch: _Epoch) -> list[Seen]:
        assert epoch.time_of_day_ms is not None
        if epoch.day is not None:
            self._calendar.note(epoch.day, epoch.time_of_day_ms, epoch.mono_ms)
        elif not self._calendar.known:
            self._undated.append(epoch)
            if len(self._undated) > MAX_UNDATED:
                self._undated.popleft()
                self.counters["undated_epochs"] += 1
            return []
        return [*self._waiting(), self._fix(epoch)]

    def _waiting(self) -> list[Seen]:
        waiting, self._undated = self._undated, deque()
        return [self._fix(epoch) for epoch in waiting]

    def _fix(self, epoch: _Epoch) -> Seen:
        assert epoch.time_of_day_ms is not None
        assert epoch.position is not None
        self.counters["week_rollovers"] = self._calendar.rollovers
        time_ms = self._calendar.date(epoch.time_of_day_ms, epoch.mono_ms)
        assert time_ms is not None
        fix = Fix(
            fix_time_ms=time_ms,
            lat_deg=epoch.position[0],
            lon_deg=epoch.position[1],
            speed_mps=epoch.speed_mps,
            course_deg=epoch.course_deg,
            alt_m=epoch.alt_m,
            sats=epoch.sats or epoch.sats_listed or None,
            hdop=epoch.hdop,
            reason=_doubt(epoch, self._limits),
        )
        self._trust, fix = judge(self._trust, fix, epoch.mono_ms, self._limits)
        self.counters["fixes"] += 1
        if fix.reason is not None:
            self._doubted(fix, fix.reason)
        return Seen(fix, epoch.mono_ms)

    def _doubted(self, fix: Fix, reason: str) -> None:
        self.counters[f"untrusted_{reason}"] += 1
        shown = f"{iso.from_ms(fix.fix_time_ms)} {fix.lat_deg:.5f} {fix.lon_deg:.5f}: {REASONS[reason]}"
        self.excerpts[f"untrusted_{reason}"] = shown.encode()


def _doubt(epoch: _Epoch, limits: Limits) -> str | None:
    """Why the sentences themselves give reason to doubt."""
    if epoch.status in ("estimated", "manual", "simulated"):
        return epoch.status
    if epoch.void:
        return "receiver_doubts"
    if epoch.disagree:
        return "positions_disagree"
    if len(epoch.snrs_db) >= limits.alike_satellites and len(set(epoch.snrs_db)) == 1:
        return "satellites_alike"
    return None
