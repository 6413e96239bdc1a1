"""One receiver: its bytes in, its fixes out, and a count of everything that was no use.

Wires splitter, sentences and merging together. Pure: `mono_ms` is the host's monotonic clock, or None where none ran.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from railbox_agent.gnss.fixes import Merger
from railbox_agent.gnss.said import parse
from railbox_agent.gnss.sentences import Splitter
from railbox_agent.gnss.trust import Limits, Seen

QUIET_MS: Final = 300
"""A line silent for so long has ended its epoch: receivers send it in a burst, adapters hold bytes back 16 ms."""
UNINTELLIGIBLE_MS: Final = 30_000
"""Bytes for so long without one sentence: this is no receiver that speaks NMEA at this rate."""


@dataclass(frozen=True, slots=True)
class GnssSettings:
    """`pivot_ms`: a time known to be within 9.8 years of now, for week rollovers; None: dates are taken as said."""

    checksum_required: bool = True
    pivot_ms: int | None = None
    limits: Limits = field(default_factory=Limits)


class Receiver:
    def __init__(self, settings: GnssSettings | None = None) -> None:
        settings = settings or GnssSettings()
        self._splitter = Splitter(settings.checksum_required)
        self._merger = Merger(settings.pivot_ms, settings.limits)
        self._problems: Counter[str] = Counter()
        self._excerpts: dict[str, bytes] = {}
        self._last_mono_ms: int | None = None
        self._understood_ms: int | None = None  # when a sentence came last, or the first byte

    @property
    def counters(self) -> Counter[str]:
        return self._splitter.counters + self._merger.counters + self._problems

    @property
    def excerpts(self) -> dict[str, bytes]:
        """For each counter of something dropped, the bytes that it last counted."""
        return self._splitter.excerpts | self._merger.excerpts | self._excerpts

    def require_checksum(self, required: bool) -> None:
        """From the next sentence on."""
        self._splitter.require_checksum(required)

    def feed(self, data: bytes, mono_ms: int | None = None) -> list[Seen]:
        fixes = self.tick(mono_ms) if mono_ms is not None else []
        self._last_mono_ms = mono_ms
        bodies = self._splitter.feed(data)
        if mono_ms is not None:
            self._understand(data, bool(bodies), mono_ms)
        return fixes + self._take(bodies, mono_ms)

    def tick(self, mono_ms: int) -> list[Seen]:
        """Time has passed: an epoch whose line fell quiet is complete."""
        if self._last_mono_ms is not None and mono_ms - self._last_mono_ms >= QUIET_MS:
            return self._merger.close()
        return []

    def finish(self) -> list[Seen]:
        """The log has ended: what is still open is complete."""
        return self._take(self._splitter.finish(), self._last_mono_ms) + self._merger.close()

    def _understand(self, data: bytes, understood: bool, mono_ms: int) -> None:
        """Counts every spell of bytes without a sentence in them: a wrong rate, or another device."""
        if understood or self._understood_ms is None:
            self._understood_ms = mono_ms
        elif mono_ms - self._understood_ms >= UNINTELLIGIBLE_MS:
            self._understood_ms = mono_ms
            self._problems["unintelligible"] += 1
            self._excerpts["unintelligible"] = b"%s; is baud right? left out, it is found out" % data[:30]

    def _take(self, bodies: list[bytes], mono_ms: int | None) -> list[Seen]:
        fixes: list[Seen] = []
        for body in bodies:
            said = parse(body)
            if said is None:
                continue
            for problem in said.problems:
                self._problems[problem] += 1
                self._excerpts[problem] = body[:100]
            fixes += self._merger.add(said, mono_ms)
        return fixes
