"""The agent's settings: one table of keys with type, default and explanation, which is the classes below.

Values only; `run` makes the agent of them.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from railbox_agent.delivery import MAX_IN_FLIGHT
from railbox_agent.health.settings import HealthConfig
from railbox_agent.mqtt import AddressError, parse_address
from railbox_agent.sources import GPSD_SCHEME, gpsd_address
from railbox_agent.thinning.interval import IntervalSettings
from railbox_agent.thinning.policy import Thinning
from railbox_agent.thinning.reckoning import ReckoningSettings
from railbox_agent.thresholds import Threshold
from railbox_telemetry import iso
from railbox_telemetry.identity import check_device
from railbox_telemetry.remote_keys import (
    GnssKeys,
    LogLevel,
    OutboxKeys,
    ReadingsKeys,
    ThinningKeys,
    ThresholdKeys,
    UplinkKeys,
    check_thresholds,
)
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
class ThinningConfig(ThinningKeys):
    def settings(self) -> Thinning:
        if self.policy == "interval":
            return IntervalSettings(self.interval_s, self.report_s)
        return ReckoningSettings(
            self.track_error_m, self.live_error_m, self.deadline_s, self.heartbeat_moving_s, self.heartbeat_stopped_s
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdConfig(ThresholdKeys):
    def in_wire_units(self) -> Threshold:
        channel = CHANNEL_BY_NAME[self.channel]
        above, below = (None if bound is None else channel.to_wire(bound) for bound in (self.above, self.below))
        return Threshold(channel.bit, above, below, channel.to_wire(self.hysteresis))


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxConfig(OutboxKeys):
    folder: Path = setting(Path("/var/lib/railbox/outbox"), "Where batches are kept until the server has them")


@dataclass(frozen=True, slots=True, kw_only=True)
class UplinkConfig(UplinkKeys):
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
    in_flight: int = setting(16, "Batches on their way at once", low=1, high=MAX_IN_FLIGHT)

    def __post_init__(self) -> None:
        try:
            parse_address(self.url)
        except AddressError as error:
            raise ValueError(f"url: {error}") from None
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file: one is of no use without the other")


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteConfig:
    enabled: bool = setting(True, "Heed what the server says is to be set; false: this file alone counts")
    trial_s: int = setting(
        300, "What cuts the tracker off from the broker for so long is taken back", low=5, high=604_800
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentConfig:
    device: str = required("This tracker's id: 1 to 32 of A-Z a-z 0-9 _ -, no other may have it", example="TRK-0001")
    log_level: LogLevel = setting("info", "What is logged")
    ports: tuple[PortConfig, ...] = required(
        "A serial port; one such block for each",
        example=(
            PortConfig(name="gnss", kind="gnss", path="/dev/serial/by-id/usb-u-blox_AG_GNSS_receiver-if00"),
            PortConfig(name="board", kind="board", path="/dev/ttyAMA0", baud=115_200),
        ),
    )
    gnss: GnssKeys = setting(GnssKeys(), "The GNSS receiver")
    time: TimeConfig = setting(TimeConfig(), "What time it can be at all")
    thinning: ThinningConfig = setting(ThinningConfig(), "Which positions are kept, and when they are sent")
    readings: ReadingsKeys = setting(ReadingsKeys(), "What is kept of the board's readings")
    thresholds: tuple[ThresholdConfig, ...] = setting(
        (),
        "A bound on what the board measures; one such block for each channel",
        example=(ThresholdConfig(channel="temp_c", above=8.0, below=2.0, hysteresis=0.5),),
    )
    outbox: OutboxConfig = setting(OutboxConfig(), "Where it is kept")
    uplink: UplinkConfig = required("Where it is sent", example=None)
    remote: RemoteConfig = setting(RemoteConfig(), "What the server may set, over this file")
    health: HealthConfig = setting(HealthConfig(), "Where this computer can ask how the tracker is")

    def __post_init__(self) -> None:
        check_device(self.device)
        names = [port.name for port in self.ports]
        if len(set(names)) != len(names):
            raise ValueError(f"ports: every port needs a name of its own, found {', '.join(names)}")
        check_thresholds(self.thresholds)
