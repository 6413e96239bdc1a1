"""One end's view of the other's frames: which run of it speaks, what is new, what was lost on the way.

Pure bookkeeping over boot ids and sequence numbers; knows nothing of what frames say.
"""

from railbox_bridge.frame import Frame

HALF_RANGE = 0x8000
WINDOW = 32  # how many frames back a late one is still told from a duplicate

# What `Sequence.judge` says of a frame; the first two are to be dropped.
STALE = "stale"  # from the run before the present one
DUPLICATE = "duplicate"
LATE = "late"
NEXT = "next"
FIRST = "first"  # the first of this peer ever
REBOOTED = "rebooted"  # the first of a new run


class Sequence:
    """Follows a peer by its frames' (boot_id, seq). `lost` counts the frames of all runs that never came."""

    def __init__(self) -> None:
        self.boot_id: "int | None" = None
        self.lost = 0
        self.gap = 0  # frames missing just before the last one judged NEXT
        self._previous_boot_id: "int | None" = None
        self._last = 0
        self._seen = 0  # bit n: frame `_last - n` came

    def judge(self, frame: Frame) -> str:
        """Say what `frame` is to the ones before it, and remember it."""
        self.gap = 0
        if frame.boot_id == self.boot_id:
            return self._judge_seq(frame.seq)
        if frame.boot_id == self._previous_boot_id:
            return STALE
        verdict = FIRST if self.boot_id is None else REBOOTED
        self._previous_boot_id = self.boot_id
        self.boot_id = frame.boot_id
        self._last = frame.seq
        self._seen = 1
        return verdict

    def _judge_seq(self, seq: int) -> str:
        ahead = (seq - self._last) & 0xFFFF
        if 0 < ahead < HALF_RANGE:
            self.gap = ahead - 1
            self.lost += self.gap
            self._seen = ((self._seen << ahead) | 1) & ((1 << WINDOW) - 1) if ahead < WINDOW else 1
            self._last = seq
            return NEXT
        bit = 1 << ((self._last - seq) & 0xFFFF) if ahead == 0 or 0x10000 - ahead < WINDOW else 0
        if bit == 0 or self._seen & bit:
            return DUPLICATE
        self._seen |= bit
        # Frames from before the first of this run were never counted as lost.
        self.lost = max(0, self.lost - 1)
        return LATE
