"""Attaches the watch over the tracker's health to the parts of a running agent: the one place that knows both."""

import time
from collections.abc import Callable
from pathlib import Path

from railbox_agent.health.local import LocalServer
from railbox_agent.health.machine import read_machine
from railbox_agent.health.notify import Notifier
from railbox_agent.health.settings import HealthConfig
from railbox_agent.health.snapshot import Vitals
from railbox_agent.health.watch import Health, default_socket
from railbox_agent.outbox import Outbox
from railbox_agent.pipeline import Pipeline
from railbox_agent.ports import Ports
from railbox_agent.sender import Sender
from railbox_agent.status import installed_version
from railbox_agent.traffic import Traffic
from railbox_agent.uplink import Uplink


def watch_over(
    config: HealthConfig, outbox_folder: Path, vitals: Callable[[], Vitals], ports: Ports, uplink: Uplink
) -> Health:
    """Opens the local endpoints that the settings name."""
    return Health(
        vitals,
        lambda: read_machine(outbox_folder),
        (*ports.pulses, uplink.pulse),
        Notifier(),
        LocalServer(config.socket or default_socket(), config.port),
    )


def vitals_of(
    device: str,
    boot_id: int,
    cap_bytes: int,
    outbox: Outbox,
    ports: Ports,
    pipeline: Pipeline,
    sender: Sender,
    traffic: Traffic,
) -> Vitals:
    mono_ms = time.monotonic_ns() // 1_000_000
    utc_ms, fix = pipeline.boot_time.utc_ms(mono_ms), pipeline.latest
    return Vitals(
        device=device,
        version=installed_version(),
        boot_id=boot_id,
        epoch=outbox.epoch,
        trouble=sender.trouble,
        ports=ports.state,
        batches=len(outbox),
        oldest_s=sender.oldest_s,
        outbox_bytes=outbox.size_bytes,
        outbox_cap_bytes=cap_bytes,
        sent_bytes=traffic.sent_bytes,
        received_bytes=traffic.received_bytes,
        fix_s=None if utc_ms is None or fix is None else max(0, utc_ms - fix.fix_time_ms) // 1000,
        clock=pipeline.boot_time.quality(mono_ms),
        counters=dict(sender.all_counters()),
    )
