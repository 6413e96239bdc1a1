"""From the settings to what each part of the tracker is made with: one function a part.

Makes values only. `run` builds the parts, and `doctor` looks at the same ports and the same broker by them.
"""

import json
import time
from typing import Final

from railbox_agent.board import BoardMemory
from railbox_agent.clock import choose_pivot_ms
from railbox_agent.config import AgentConfig
from railbox_agent.delivery import DeliverySettings
from railbox_agent.gnss.receiver import GnssSettings
from railbox_agent.gnss.trust import Limits
from railbox_agent.mqtt import Access, parse_address
from railbox_agent.outbox import Outbox
from railbox_agent.pipeline import Settings
from railbox_agent.ports import PortSpec
from railbox_telemetry import iso

# What the outbox remembers for others over a restart.
BOARDS_NOTE: Final = "boards"
RATES_NOTE: Final = "port_rates"
TIME_NOTE: Final = "utc_ms"


def limits_of(config: AgentConfig) -> tuple[int, int]:
    """The outbox's cap in bytes, and its commit interval in ms."""
    return config.outbox.cap_mb * 1_000_000, round(config.outbox.commit_s * 1000)


def port_specs(config: AgentConfig) -> list[PortSpec]:
    return [PortSpec(port.name, port.path, port.kind, port.baud, port.stalled_after_s or None) for port in config.ports]


def pipeline_settings(config: AgentConfig, boot_id: int, outbox: Outbox) -> Settings:
    floor_ms = max(iso.to_ms(config.time.floor), int(outbox.recall(TIME_NOTE) or 0))
    pivot_ms = (
        iso.to_ms(config.time.pivot) if config.time.pivot else choose_pivot_ms(time.time_ns() // 1_000_000, floor_ms)
    )
    boards = json.loads(outbox.recall(BOARDS_NOTE) or "{}")
    return Settings(
        ports={port.name: port.kind for port in config.ports},
        fix_period_s=config.gnss.fix_period_s,
        readings_s=config.readings.interval_s,
        boot_id=boot_id,
        known_boards={name: BoardMemory(*memory) for name, memory in boards.items()},
        gnss=GnssSettings(config.gnss.checksum_required, pivot_ms, Limits(floor_ms=iso.to_ms(config.time.floor))),
        thinning=config.thinning.settings(),
        thresholds=tuple(threshold.in_wire_units() for threshold in config.thresholds),
    )


def access_of(config: AgentConfig) -> Access:
    uplink = config.uplink
    return Access(
        parse_address(uplink.url),
        config.device,
        username=uplink.username,
        password_file=uplink.password_file,
        ca_file=uplink.ca_file,
        cert_file=uplink.cert_file,
        key_file=uplink.key_file,
        keepalive_s=uplink.keepalive_s,
        will_delay_s=uplink.keepalive_s,  # so long a silence means nothing anyway
    )


def delivery_of(config: AgentConfig) -> DeliverySettings:
    resend_ms = config.uplink.resend_after_s * 1000
    return DeliverySettings(
        in_flight=config.uplink.in_flight,
        backlog_per_s=config.uplink.backlog_per_s,
        resend_after_ms=resend_ms,
        ask_after_ms=resend_ms * 5 // 8,
    )
