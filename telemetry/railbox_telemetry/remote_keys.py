"""What may be set from afar: the table of keys with type, bounds, default and explanation, which is the classes below.

The tracker's own settings are built on them, so both ends judge by the same table. Values only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from railbox_telemetry.settings import Key, SettingsError, keys_of, required, setting, table_of
from railbox_telemetry.tables import CHANNEL_BY_NAME, CHANNELS

LogLevel = Literal["debug", "info", "warning", "error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GnssKeys:
    fix_period_s: float = setting(1.0, "How often the receiver gives a fix", low=0.05, high=3_600)
    checksum_required: bool = setting(True, "Sentences without a checksum are left out")


@dataclass(frozen=True, slots=True, kw_only=True)
class ThinningKeys:
    policy: Literal["dead-reckoning", "interval"] = setting(
        "dead-reckoning", "What decides which fixes are kept, and when they are sent; events go at once"
    )
    track_error_m: float = setting(
        22.0, "Dead reckoning: the track that is kept is this near, once sent", low=1, high=10_000
    )
    live_error_m: float = setting(
        22.0, "Dead reckoning: what the server extrapolates may be so far off before it is told", low=1, high=100_000
    )
    deadline_s: int = setting(
        58, "Dead reckoning: and is told after so long; 58 on cellular, 300 to 900 by satellite", low=0, high=86_400
    )
    heartbeat_moving_s: int = setting(1_800, "Dead reckoning: told at least so often while moving", low=10, high=86_400)
    heartbeat_stopped_s: int = setting(3_600, "Dead reckoning: and while standing", low=10, high=86_400)
    interval_s: int = setting(60, "Interval: a position is kept every so many seconds", low=1, high=86_400)
    report_s: int = setting(60, "Interval: and they are sent every so many seconds", low=1, high=86_400)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingsKeys:
    interval_s: int = setting(
        600, "A row of the board's readings so often; the newest ride along with positions", low=1, high=86_400
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdKeys:
    channel: str = required("A channel of the board; its name ends with its unit", example="temp_c")
    above: float | None = setting(None, "An event at once when it is over this", example=8.0)
    below: float | None = setting(None, "And when it is under this", example=2.0)
    hysteresis: float = required(
        "Cleared only when so far inside again, or noise would tell it twice", example=0.5, low=0
    )

    def __post_init__(self) -> None:
        if self.channel not in CHANNEL_BY_NAME:
            known = ", ".join(CHANNEL_BY_NAME)
            raise ValueError(f"channel: expected one of {known}, found {self.channel!r}")
        if self.above is None and self.below is None:
            raise ValueError(f"{self.channel}: give above, or below, or both")
        if self.above is not None and self.below is not None and self.above - self.below < 2 * self.hysteresis:
            raise ValueError(
                f"{self.channel}: above and below are too close for this hysteresis: it would never be over"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxKeys:
    cap_mb: int = setting(64, "Above so many megabytes the oldest routine batches go", low=1, high=100_000)
    commit_s: float = setting(5.0, "A power cut loses at most so many seconds, and no event", low=0.1, high=600)


@dataclass(frozen=True, slots=True, kw_only=True)
class UplinkKeys:
    keepalive_s: int = setting(
        3_700,
        "Above the heartbeats no ping is needed: 300 costs 40 kB a day more. A dead line shows at the next report",
        low=5,
        high=65_535,
    )
    backlog_per_s: float = setting(
        20.0, "Batches a second while catching up; the newest goes at once", low=0.01, high=10_000
    )
    resend_after_s: int = setting(7_200, "What is not committed by then is sent again", low=10, high=604_800)


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteKeys:
    """Everything that a configuration may say. What it leaves out is as the tracker's own file says."""

    log_level: LogLevel = setting("info", "What is logged")
    gnss: GnssKeys = setting(GnssKeys(), "The GNSS receiver")
    thinning: ThinningKeys = setting(ThinningKeys(), "Which positions are kept, and when they are sent")
    readings: ReadingsKeys = setting(ReadingsKeys(), "What is kept of the board's readings")
    thresholds: tuple[ThresholdKeys, ...] = setting(
        (),
        "A bound on what the board measures; one such block for each channel",
        example=(ThresholdKeys(channel="temp_c", above=8.0, below=2.0, hysteresis=0.5),),
    )
    outbox: OutboxKeys = setting(OutboxKeys(), "What is kept until the server has it")
    uplink: UplinkKeys = setting(UplinkKeys(), "How it is sent")

    def __post_init__(self) -> None:
        check_thresholds(self.thresholds)


REMOTE_KEYS: Final[tuple[Key, ...]] = tuple(keys_of(RemoteKeys))
LOCAL_ONLY: Final = (
    "device",
    "ports",
    "time",
    "remote",
    "health",
    "outbox.folder",
    "uplink.url",
    "uplink.username",
    "uplink.password_file",
    "uplink.ca_file",
    "uplink.cert_file",
    "uplink.key_file",
    "uplink.in_flight",
)
"""Named in the refusal: what could put the tracker out of reach, or tell it to speak as another."""


def check_remote(settings: Mapping[str, object]) -> RemoteKeys:
    """What the tracker would be told, with defaults for the rest; raises SettingsError, one line naming the key."""
    for name in LOCAL_ONLY:
        table, _, key = name.rpartition(".")
        inside = settings.get(table, {}) if table else settings
        if isinstance(inside, Mapping) and key in inside:
            raise SettingsError(f"settings: {name}: only the tracker's own file can set it")
    return table_of(settings, RemoteKeys, "settings")


def check_thresholds(thresholds: tuple[ThresholdKeys, ...]) -> None:
    """Raises ValueError when a channel has two."""
    channels = [threshold.channel for threshold in thresholds]
    if len(set(channels)) != len(channels) or len(channels) > len(CHANNELS):
        raise ValueError(f"thresholds: one block a channel, found {', '.join(channels)}")
