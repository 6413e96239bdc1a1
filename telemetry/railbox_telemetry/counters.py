"""What a tracker counts, by name: what each count means and what a person does about it, in one table.

A port's counters carry its name in front (`gnss.bad_checksum`). Knows nobody who counts: tests look for names that are
counted and not explained here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Counted:
    """`todo`: what to do about it; empty where nothing is to be done. `flow`: counts what went well, beside which the
    others are judged; too dull for the status.

    It is worth a warning from `share` of `share_of` on, a counter of the same port; with no `share_of`, from 1 on.
    """

    name: str
    meaning: str
    todo: str = ""
    flow: bool = False
    share_of: str = ""
    share: float = 0.0


def _flow(name: str, meaning: str) -> Counted:
    return Counted(name, meaning, flow=True)


_LINE: Final = "check cable, plug, ground and rate of the receiver (hardware/wiring.md)"
_BOARD_LINE: Final = "check cable, plug and ground between computer and board (hardware/wiring.md)"
_SKY: Final = "give the antenna a free view of the sky; if it has one, somebody may be jamming"
_FLASH: Final = "run railbox board flash with this installation"

_RECEIVER: Final = (
    _flow("sentences", "sentences of a receiver that were sound"),
    _flow("epochs", "moments that a receiver spoke of"),
    _flow("fixes", "positions with their time"),
    Counted("bad_checksum", "sentences whose checksum is wrong", _LINE, share_of="sentences", share=0.01),
    Counted(
        "no_checksum",
        "sentences without a checksum, left out",
        "if this receiver never sends checksums, set gnss.checksum_required = false",
        share_of="sentences",
        share=0.01,
    ),
    Counted("malformed", "lines that are no sentence", _LINE, share_of="sentences", share=0.01),
    Counted("overlong", "lines without an end, cut", _LINE, share_of="sentences", share=0.01),
    Counted("garbage_bytes", "bytes between sentences; binary messages of the receiver count here too"),
    Counted("truncated", "sentences with too few columns", _LINE, share_of="sentences", share=0.01),
    Counted("unreadable", "sentences that cannot be parsed", _LINE, share_of="sentences", share=0.01),
    Counted("bad_time", "times of day that cannot be"),
    Counted("bad_date", "dates that cannot be"),
    Counted("bad_position", "positions that are no numbers"),
    Counted("bad_number", "other fields that are no numbers"),
    Counted("bad_course", "courses that are no angle"),
    Counted("out_of_range", "latitudes over 90° and longitudes over 180°"),
    Counted("null_island", "positions at 0° 0°, where no train goes"),
    Counted("epochs_without_position", "moments without a position", _SKY, share_of="epochs", share=0.5),
    Counted("late_sentences", "sentences of an epoch that was over"),
    Counted("undated_epochs", "positions that no date came for", "let the receiver send RMC or ZDA sentences"),
    Counted("week_rollovers", "dates moved by 1,024 weeks, because the receiver's count of weeks rolled over"),
    Counted("untrusted_estimated", "positions that the receiver reckoned without satellites"),
    Counted("untrusted_manual", "positions that were typed in", "set the receiver to work by its satellites"),
    Counted("untrusted_simulated", "positions of a demonstration", "end the receiver's demonstration mode"),
    Counted("untrusted_receiver_doubts", "positions that one sentence calls void, and another valid"),
    Counted(
        "untrusted_positions_disagree",
        "moments whose sentences name different places",
        "see that only one receiver speaks on this line",
        share_of="fixes",
        share=0.01,
    ),
    Counted("untrusted_satellites_alike", "positions from satellites all equally strong: signs of spoofing"),
    Counted("untrusted_hdop", "positions from satellites too close together", _SKY, share_of="fixes", share=0.2),
    Counted("untrusted_speed", "positions faster than any train"),
    Counted("untrusted_jump", "positions too far from the one before"),
    Counted("untrusted_time_jump", "positions whose time ran backwards, or not as fast as the computer's clock"),
    Counted(
        "untrusted_before_floor",
        "positions dated before time.floor",
        "the receiver's clock is wrong: leave it under the sky for 15 minutes; else set time.pivot",
    ),
)

_BOARD: Final = (
    _flow("frames", "frames of the board that were sound"),
    _flow("hellos", "times that the board introduced itself"),
    _flow("samples", "measurements of the board"),
    _flow("events", "events of the board"),
    Counted(
        "reboots",
        "starts of the board",
        "if nobody switches it off and on, check its supply",
        share_of="hellos",
        share=0.1,
    ),
    Counted("lost_frames", "frames that were sent and not heard", _BOARD_LINE, share_of="frames", share=0.01),
    Counted("lost_events", "events that left the board's memory before they were read", _BOARD_LINE),
    Counted("duplicates", "frames heard twice"),
    Counted("stale", "frames older than what was heard before"),
    Counted("unknown_types", "messages of a kind that this agent does not know"),
    Counted("unanswered", "commands that the board did not answer"),
    Counted("other_version", "frames of another version of the link", _FLASH),
    Counted("unknown_channel", "readings of a channel that this agent does not know", _FLASH),
    Counted("implausible", "readings that cannot be", "check the sensor that the log names"),
    Counted("bad_stuffing", "frames that are damaged", _BOARD_LINE, share_of="frames", share=0.01),
    Counted("bad_crc", "frames whose checksum is wrong", _BOARD_LINE, share_of="frames", share=0.01),
    Counted("too_short", "frames that are too short", _BOARD_LINE, share_of="frames", share=0.01),
    Counted("too_long", "frames without an end, cut", _BOARD_LINE, share_of="frames", share=0.01),
    Counted("old_firmware", "the board runs an older firmware than this agent carries", _FLASH),
    Counted("channels_not_ok", "times that a sensor of the board failed", "check the sensor: railbox board info"),
)

_PORTS: Final = (
    _flow("opened", "times that a port was opened"),
    Counted("open_failures", "times that a port could not be opened"),
    Counted("losses", "times that an open port vanished", "check the plug, and the supply of the port"),
    Counted("stalls", "times that a port was silent for too long, and was opened anew"),
    Counted("rates_tried", "rates that a receiver was listened to at, in vain"),
    Counted("write_failures", "writes to a port that failed"),
    Counted("chunks_dropped", "pieces read and not looked at: the computer was busy", "see what else runs on it"),
    Counted("unknown_port_chunks", "pieces of a port that is not configured"),
    Counted("undated_rows", "rows of readings given up, because no clock was known for too long"),
    Counted("clock_steps", "times that the clock by the receiver was found wrong, and set anew"),
)

_OUTBOX: Final = (
    Counted(
        "outbox_set_aside",
        "outbox files found damaged, and replaced",
        "the disk may be failing: replace it; what was in the files is kept beside the outbox",
    ),
    Counted("outbox_salvaged", "batches saved from damaged files"),
    Counted(
        "outbox_in_memory",
        "the outbox could not be opened: it is in memory, and a power cut loses it",
        "free or replace the disk, see who owns outbox.folder, and restart the agent",
    ),
    Counted("outbox_write_failed", "commits that the disk did not take", "free space on the disk, or replace it"),
    Counted(
        "outbox_forgot",
        "numbers that the server knows and the outbox forgot",
        "the disk acknowledges what it does not write: replace it",
    ),
    Counted(
        "batches_evicted",
        "batches that had to go because the outbox is full",
        "raise outbox.cap_mb, or see why nothing is committed",
    ),
    Counted("batches_unpackable", "batches that could not be encoded: a mistake in this program", "please report it"),
)

_UPLINK: Final = (
    Counted("connections", "connections to the broker"),
    _flow("tls_resumed", "connections by a TLS session that the broker still knew"),
    _flow("sessions_kept", "connections for which the broker had kept everything"),
    Counted("broker_unreachable", "times that the broker could not be reached"),
    Counted(
        "broker_silent",
        "times that the broker accepted a connection, and never answered",
        "see whether the broker is alive, and what stands between",
    ),
    Counted("broker_deaf", "connections left, because nothing that was sent was acknowledged any more"),
    Counted(
        "broker_refused",
        "times that the broker did not let this device in",
        "check uplink.username, password_file and cert_file; the broker's log says why",
    ),
    Counted(
        "broker_certificate_refused",
        "times that the broker's certificate was not believed",
        "check uplink.ca_file, the name in uplink.url, and this computer's clock",
    ),
    Counted(
        "own_certificate_refused",
        "times that the broker did not believe this device's certificate",
        "check who signed uplink.cert_file, whether it has expired, and the broker's clock",
    ),
    Counted("batches_resent", "batches sent again, because the server did not say that it has them"),
    Counted(
        "publish_refused", "messages that the broker refused", "let this device publish its b, s and r on the broker"
    ),
    Counted(
        "subscription_refused",
        "subscriptions that the broker refused",
        "let this device read its a and c on the broker",
    ),
    Counted("committed_garbage", "messages on topic a that are none", "see who publishes there: only the server may"),
    Counted("committed_other_epoch", "messages of what was committed of another outbox of this device"),
    Counted(
        "remote_not_kept",
        "settings of the server that the disk did not take: after a restart the old ones count",
        "free space on the disk, or replace it",
    ),
    Counted("remote_set_aside", "damaged files of the server's settings, set aside"),
)

COUNTED: Final = {one.name: one for one in (*_RECEIVER, *_BOARD, *_PORTS, *_OUTBOX, *_UPLINK)}


def split_name(counter: str) -> tuple[str | None, str]:
    """The port that counts, if one does, and what it counts. (A port may have dots in its name; no counter has.)"""
    port, dot, name = counter.rpartition(".")
    return (port if dot else None), name


def counted(counter: str) -> Counted:
    """What the table says of it; of one that it does not know, nothing."""
    name = split_name(counter)[1]
    return COUNTED.get(name) or Counted(name, "")


def worrying(counters: Mapping[str, int]) -> list[str]:
    """Those of the counters that a person should do something about, in their order."""
    return [name for name, count in counters.items() if _is_worrying(name, count, counters)]


def _is_worrying(counter: str, count: int, counters: Mapping[str, int]) -> bool:
    entry = counted(counter)
    if not entry.todo or not count:
        return False
    if not entry.share_of:
        return True
    of = counter.removesuffix(entry.name) + entry.share_of
    return count >= entry.share * (counters.get(of, 0) + count)
