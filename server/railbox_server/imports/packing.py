"""Knots from elsewhere as batches, the same for the same track: to import it again changes nothing. Pure."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from railbox_telemetry.values import Batch, Knot, Positions
from railbox_telemetry.wire import encode

KNOTS_A_BATCH: Final = 500
EPOCH_MASK: Final = (1 << 28) - 1


def payloads(device: str, knots: Sequence[Knot]) -> list[bytes]:
    """Wire bytes of batches 1, 2, 3… of an outbox whose epoch is drawn from the track itself."""
    epoch = epoch_of(device, knots)
    groups = (knots[first : first + KNOTS_A_BATCH] for first in range(0, len(knots), KNOTS_A_BATCH))
    return [encode(Batch(epoch, seq, (Positions(tuple(group)),))) for seq, group in enumerate(groups, 1)]


def epoch_of(device: str, knots: Sequence[Knot]) -> int:
    digest = sha256(device.encode())
    for knot in knots:
        digest.update(f"{knot.time_s},{knot.lat_e5},{knot.lon_e5},{knot.dark_s};".encode())
    return int.from_bytes(digest.digest()[:4]) & EPOCH_MASK
