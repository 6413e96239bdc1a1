"""What to send next: a state machine over batch numbers, told what happened and asked what to do.

A batch is waiting → in flight (given to the uplink) → sent (the broker has it) → gone (the server committed it). Only
the last step deletes: a broker may lose whatever it acknowledged. Pure: time is an argument, payloads are not known.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from railbox_telemetry.committed import Committed
from railbox_telemetry.seqset import SeqSet

MAX_IN_FLIGHT: Final = 20
"""What paho's queue may hold at most (docs/design.md, "Outbox"); a setting may be lower."""
ASK_BACK_OFF: Final = 32
"""Asking the server again slows down to this many times the first wait."""


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    in_flight: int = 16
    """Batches given to the uplink and not acknowledged; below MAX_IN_FLIGHT, so that a status fits in beside them."""
    window: int = 2_000
    """Batches sent and not committed, above which nothing is sent until the server says what it has."""
    backlog_per_s: float = 20.0
    """The rate of whatever is not the newest batch."""
    resend_after_ms: int = 7_200_000
    """The server says what it has committed at least hourly; after twice that a batch counts as lost on the way."""
    silence_factor: int = 4
    """While the server, asked, has not answered since, it is probably down: wait this many times longer."""
    ask_after_ms: int = 4_500_000
    """Ask the server what it has when a batch has been sent this long ago: its hourly word is overdue."""
    ask_every_ms: int = 30_000
    """And ask again this much later, then twice as much, up to ASK_BACK_OFF times."""
    max_tries: int = 5
    """A batch sent this often goes behind everything else."""


class Delivery:
    """The state of every batch of one outbox, by number.

    `waiting`: not sent, or counted as lost on the way. `behind`: likewise, after `max_tries`. `in_flight`: given to
    the uplink. `sent`: acknowledged by the broker, with the time of it. `tries`: how often each was sent so far.
    """

    def __init__(self, settings: DeliverySettings) -> None:
        self._settings = settings
        self.waiting = SeqSet()
        self.behind = SeqSet()
        self.in_flight: set[int] = set()
        self.sent: dict[int, int] = {}
        self.tries: dict[int, int] = {}
        self.is_connected = False
        self._newest_sent = 0
        self._pace = _Pace(settings.backlog_per_s)
        self._asked_ms: int | None = None
        self._unanswered_ms: int | None = None
        self._answered_ms: int | None = None
        self._ask_wait_ms = settings.ask_every_ms

    def go_on_by(self, settings: DeliverySettings) -> None:
        """Other settings from now on; what is known of every batch stays."""
        self._settings = settings
        self._pace = _Pace(settings.backlog_per_s)
        self._ask_wait_ms = settings.ask_every_ms

    # --- what happened -----------------------------------------------------------------------------------------------

    def stored(self, seqs: Iterable[int]) -> None:
        """The outbox holds these for good; before that, nothing of them may leave (a number must never come twice)."""
        for seq in seqs:
            self.waiting.add(seq)

    def restored(self, seq: int, tries: int, now_ms: int) -> None:
        """A batch found in the outbox at the start. One sent in an earlier life may well be committed: it is asked."""
        if tries == 0:
            self.waiting.add(seq)
            return
        self.tries[seq] = tries
        self.sent[seq] = now_ms

    def connected(self, now_ms: int, *, kept: bool = False) -> bool:
        """Says whether to ask the server at once what it has committed: this counts as asked. `kept`: the broker
        kept our session, so what it acknowledged is on its way, and the server's next word comes by itself."""
        self.is_connected = True
        self._newest_sent = 0  # the newest batch goes first again: it is the live position
        if kept or not self.sent:
            return False
        self._note_asked(now_ms)
        return True

    def disconnected(self) -> None:
        self.is_connected = False
        for seq in sorted(self.in_flight):
            self._wait(seq)
        self.in_flight.clear()

    def acknowledged(self, seq: int, now_ms: int) -> None:
        """The broker took it, or refused it: either way the server's word is what counts."""
        if seq in self.in_flight:
            self.in_flight.discard(seq)
            self.sent[seq] = now_ms

    def not_taken(self, seq: int) -> None:
        """The uplink had no room for it: as if it had not been asked for."""
        if seq in self.in_flight:
            self.in_flight.discard(seq)
            self.tries[seq] -= 1
            if self.tries[seq] == 0:
                del self.tries[seq]
            self._wait(seq)

    def committed(self, committed: Committed) -> list[int]:
        """The server's word; returns what may be deleted. What was never sent cannot be meant, and is kept."""
        if self._unanswered_ms is not None:
            self._answered_ms = self._unanswered_ms
        self._asked_ms = self._unanswered_ms = None
        self._ask_wait_ms = self._settings.ask_every_ms
        covers = _Cover(committed)
        gone = [seq for seq in self.tries if seq in covers]
        self.forget(gone)
        return gone

    def forget(self, seqs: Iterable[int]) -> None:
        """These are not in the outbox any more."""
        for seq in seqs:
            self.waiting.discard(seq)
            self.behind.discard(seq)
            self.in_flight.discard(seq)
            self.sent.pop(seq, None)
            self.tries.pop(seq, None)

    # --- what to do --------------------------------------------------------------------------------------------------

    def next(self, now_ms: int) -> list[int]:
        """What to give to the uplink now, in this order; it is in flight from here on."""
        self._give_up_on_lost(now_ms)
        out: list[int] = []
        while self.is_connected and len(self.in_flight) < self._settings.in_flight and not self._window_full:
            seq = self._pick(now_ms)
            if seq is None:
                break
            self.waiting.discard(seq)
            self.behind.discard(seq)
            self.in_flight.add(seq)
            self.tries[seq] = self.tries.get(seq, 0) + 1
            out.append(seq)
        return out

    def ask(self, now_ms: int) -> bool:
        """Whether to ask the server now what it has committed."""
        if not self.is_connected or not self.sent:
            return False
        oldest_ms = next(iter(self.sent.values()))
        if now_ms - oldest_ms < self._settings.ask_after_ms and not self._window_full:
            return False
        if self._asked_ms is not None and now_ms - self._asked_ms < self._ask_wait_ms:
            return False
        if self._asked_ms is not None:
            self._ask_wait_ms = min(2 * self._ask_wait_ms, ASK_BACK_OFF * self._settings.ask_every_ms)
        self._note_asked(now_ms)
        return True

    @property
    def idle(self) -> bool:
        """Everything that is known here was committed."""
        return not (self.waiting or self.behind or self.in_flight or self.sent)

    # --- how ---------------------------------------------------------------------------------------------------------

    @property
    def _window_full(self) -> bool:
        return len(self.sent) + len(self.in_flight) >= self._settings.window

    def _pick(self, now_ms: int) -> int | None:
        """The newest when it is newer than all sent on this connection; else the backlog, oldest first, in its pace."""
        if self.waiting and self.waiting.highest > self._newest_sent:
            self._newest_sent = self.waiting.highest
            return self._newest_sent
        source = self.waiting or self.behind
        if not source or not self._pace.take(now_ms):
            return None
        return source.lowest

    def _give_up_on_lost(self, now_ms: int) -> None:
        while self.sent:
            seq, sent_ms = next(iter(self.sent.items()))  # the longest ago: sent is in the order of its times
            if now_ms - sent_ms < self._patience_ms(sent_ms):
                return
            del self.sent[seq]
            self._wait(seq)

    def _note_asked(self, now_ms: int) -> None:
        self._asked_ms = now_ms
        if self._unanswered_ms is None:
            self._unanswered_ms = now_ms

    def _patience_ms(self, sent_ms: int) -> int:
        """An answer to what was asked after the batch was sent spoke of it; one asked before did not."""
        spoken_of = self._answered_ms is not None and self._answered_ms >= sent_ms
        return self._settings.resend_after_ms * (1 if spoken_of else self._settings.silence_factor)

    def _wait(self, seq: int) -> None:
        exhausted = self.tries.get(seq, 0) >= self._settings.max_tries
        (self.behind if exhausted else self.waiting).add(seq)


class _Pace:
    """A token bucket that holds what one second brings."""

    def __init__(self, per_s: float) -> None:
        self._per_s = per_s
        self._tokens = self._most = max(1.0, per_s)
        self._at_ms: int | None = None

    def take(self, now_ms: int) -> bool:
        elapsed_ms = 0 if self._at_ms is None else max(0, now_ms - self._at_ms)
        self._at_ms = now_ms
        self._tokens = min(self._most, self._tokens + elapsed_ms * self._per_s / 1000)
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class _Cover:
    """`seq in cover`, quick also when the server has thousands of ranges."""

    def __init__(self, committed: Committed) -> None:
        self._contiguous = committed.contiguous
        self._firsts = [item.first for item in committed.beyond]
        self._lasts = [item.last for item in committed.beyond]

    def __contains__(self, seq: int) -> bool:
        if seq <= self._contiguous:
            return True
        at = bisect_right(self._firsts, seq) - 1
        return at >= 0 and seq <= self._lasts[at]
