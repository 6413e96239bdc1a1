"""The agent's settings: one table of keys with type, default and explanation, which is the classes below.

Values only; `run` makes the agent of them.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from railbox_agent.delivery import MAX_IN_FLIGHT
from railbox_agent.mqtt import AddressError, parse_address
from railbox_agent.sources import GPSD_SCHEME, gpsd_address
from railbox_agent.thinning.interval import IntervalSettings
from railbox_agent.thinning.policy import Thinning
from railbox_agent.thinning.reckoning import ReckoningSettings
from railbox_agent.thresholds import Threshold
from railbox_telemetry import iso
from railbox_telemetry.identity import check_device
from railbox_telemetry.settings import required, setting
from railbox_telemetry.tables import CHANNEL_BY_NAME

DEFAULT_PATH = Path("/etc/railbox/agent.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class PortConfig:
    name: str = required("What the logs and counters call it", example="gnss")
    kind: Literal["gnss", "board"] = required("What speaks there: a GNSS receiver, or the sensor board", example="gnss")
    path: str = required(
        "On USB by /dev/serial/by-id, because ttyUSB numbers change; or gpsd://HOST:PORT", example="/dev/ttyUSB0"
    )
    baud: int | None = setting(
        None,
        "Its rate; default: a receiver's is found out by its checksums, the board's is 115200",
        low=300,
        high=4_000_000,
        example=9_600,
    )
    stalled_after_s: float = setting(30.0, "Silent for so long, it is opened anew; 0: it may be silent for ever", low=0)

    def __post_init__(self) -> None:
        if self.path.startswith(GPSD_SCHEME):
            gpsd_address(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class GnssConfig:
    fix_period_s: float = setting(1.0, "How often the receiver gives a fix", low=0.05, high=3_600)
    checksum_required: bool = setting(True, "Sentences without a checksum are left out")


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeConfig:
    floor: str = setting("2026-01-01T00:00:00Z", "No time before this is believed (UTC)")
    pivot: str | None = setting(
        None,
        "A time within 9 years of now, for receivers whose week count rolled over; default: this computer's clock",
        example="2027-01-01T00:00:00Z",
    )

    def __post_init__(self) -> None:
        for name, text in (("floor", self.floor), ("pivot", self.pivot)):
            try:
                iso.to_ms(text or self.floor)
            except ValueError:
                raise ValueError(f"{name}: expected a time like 2026-01-01T00:00:00Z, found {text!r}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class ThinningConfig:
    policy: Literal["dead-reckoning", "interval"] = setting(
        "dead-reckoning", "What decides which fixes are kept, and when they are sent; events go at once"
    )
    track_error_m: float = setting(22.0, "Dead reckoning: the track that is kept is this near, once sent", low=1)
    live_error_m: float = setting(
        22.0, "Dead reckoning: what the server extrapolates may be so far off before it is told", low=1
    )
    deadline_s: int = setting(
        58, "Dead reckoning: and is told after so long; 58 on cellular, 300 to 900 by satellite", low=0, high=86_400
    )
    heartbeat_moving_s: int = setting(1_800, "Dead reckoning: told at least so often while moving", low=10, high=86_400)
    heartbeat_stopped_s: int = setting(3_600, "Dead reckoning: and while standing", low=10, high=86_400)
    interval_s: int = setting(60, "Interval: a position is kept every so many seconds", low=1, high=86_400)
    report_s: int = setting(60, "Interval: and they are sent every so many seconds", low=1, high=86_400)

    def settings(self) -> Thinning:
        if self.policy == "interval":
            return IntervalSettings(self.interval_s, self.report_s)
        return ReckoningSettings(
            self.track_error_m, self.live_error_m, self.deadline_s, self.heartbeat_moving_s, self.heartbeat_stopped_s
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingsConfig:
    interval_s: int = setting(
        600, "A row of the board's readings so often; the newest ride along with positions", low=1, high=86_400
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdConfig:
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

    def in_wire_units(self) -> Threshold:
        channel = CHANNEL_BY_NAME[self.channel]
        above, below = (None if bound is None else channel.to_wire(bound) for bound in (self.above, self.below))
        return Threshold(channel.bit, above, below, channel.to_wire(self.hysteresis))


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxConfig:
    folder: Path = setting(Path("/var/lib/railbox/outbox"), "Where batches are kept until the server has them")
    cap_mb: int = setting(64, "Above so many megabytes the oldest routine batches go", low=1, high=100_000)
    commit_s: float = setting(5.0, "A power cut loses at most so many seconds, and no event", low=0.1, high=600)


@dataclass(frozen=True, slots=True, kw_only=True)
class UplinkConfig:
    url: str = required(
        "The broker: mqtt://HOST:PORT, or mqtts://HOST:PORT for TLS", example="mqtts://broker.example:8883"
    )
    username: str | None = setting(None, "For the broker", example="TRK-0001")
    password_file: Path | None = setting(None, "Holds the password", example="/etc/railbox/password")
    ca_file: Path | None = setting(
        None,
        "TLS: who must have signed the broker's certificate; default: the system's",
        example="/etc/railbox/ca.pem",
    )
    cert_file: Path | None = setting(None, "TLS: this tracker's certificate", example="/etc/railbox/agent.pem")
    key_file: Path | None = setting(None, "TLS: its key", example="/etc/railbox/agent.key")
    keepalive_s: int = setting(300, "Longer costs less; shorter where a NAT forgets sooner", low=5, high=65_535)
    in_flight: int = setting(16, "Batches on their way at once", low=1, high=MAX_IN_FLIGHT)
    backlog_per_s: float = setting(20.0, "Batches a second while catching up; the newest goes at once", low=0.01)
    resend_after_s: int = setting(7_200, "What is not committed by then is sent again", low=10, high=604_800)

    def __post_init__(self) -> None:
        try:
            parse_address(self.url)
        except AddressError as error:
            raise ValueError(f"url: {error}") from None
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file: one is of no use without the other")


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentConfig:
    device: str = required("This tracker's id: 1 to 32 of A-Z a-z 0-9 _ -, no other may have it", example="TRK-0001")
    log_level: Literal["debug", "info", "warning", "error"] = setting("info", "What is logged")
    ports: tuple[PortConfig, ...] = required(
        "A serial port; one such block for each",
        example=(
            PortConfig(name="gnss", kind="gnss", path="/dev/serial/by-id/usb-u-blox_AG_GNSS_receiver-if00"),
            PortConfig(name="board", kind="board", path="/dev/ttyAMA0", baud=115_200),
        ),
    )
    gnss: GnssConfig = setting(GnssConfig(), "The GNSS receiver")
    time: TimeConfig = setting(TimeConfig(), "What time it can be at all")
    thinning: ThinningConfig = setting(ThinningConfig(), "Which positions are kept, and when they are sent")
    readings: ReadingsConfig = setting(ReadingsConfig(), "What is kept of the board's readings")
    thresholds: tuple[ThresholdConfig, ...] = setting(
        (),
        "A bound on what the board measures; one such block for each channel",
        example=(ThresholdConfig(channel="temp_c", above=8.0, below=2.0, hysteresis=0.5),),
    )
    outbox: OutboxConfig = setting(OutboxConfig(), "Where it is kept")
    uplink: UplinkConfig = required("Where it is sent", example=None)

    def __post_init__(self) -> None:
        check_device(self.device)
        names = [port.name for port in self.ports]
        if len(set(names)) != len(names):
            raise ValueError(f"ports: every port needs a name of its own, found {', '.join(names)}")
        channels = [threshold.channel for threshold in self.thresholds]
        if len(set(channels)) != len(channels):
            raise ValueError(f"thresholds: one block a channel, found {', '.join(channels)}")
