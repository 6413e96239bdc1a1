"""Settings of the health's local endpoints. Values only."""

from dataclasses import dataclass
from pathlib import Path

from railbox_telemetry.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthConfig:
    socket: Path | None = setting(
        None,
        "A local socket that tells health and metrics; default: agent.sock in the folder that systemd makes for the "
        "service, and none without systemd",
        example="/run/railbox/agent.sock",
    )
    port: int | None = setting(
        None, "The same on this port of 127.0.0.1, for Prometheus; default: none", low=1, high=65_535, example=9_790
    )
