"""Settings of the store: which database, how long what is kept, how long it is checked at a start."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from railbox_telemetry.settings import setting


@dataclass(frozen=True, kw_only=True, slots=True)
class InfluxSettings:
    """Of InfluxDB 1.8 or newer, 2 or 3 (docs/influxdb.md)."""

    url: str = setting("http://127.0.0.1:8086", "where InfluxDB answers")
    org: str = setting("-", "organization (InfluxDB 2); any text elsewhere")
    bucket: str = setting("railbox", "bucket; of InfluxDB 1 DATABASE or DATABASE/RETENTION-POLICY")
    token_file: Path | None = setting(
        None, "file with the token; of InfluxDB 1 USER:PASSWORD", example="/etc/railbox/influx-token"
    )
    batch_size: int = setting(500, "so many batches of trackers go in one request at most", low=1, high=5_000)
    flush_ms: int = setting(200, "a batch waits so long for company, in milliseconds", low=10, high=60_000)
    timeout_s: float = setting(10.0, "without an answer for so long, a request has failed", low=0.1)


@dataclass(frozen=True, kw_only=True, slots=True)
class RetentionSettings:
    """0 days: for ever. What a number of the ledger came to stays known when its data is let go."""

    batches_days: int = setting(0, "the wire's bytes, from which all the rest can be made again", low=0)
    knots_days: int = setting(0, "positions; what they came to (visits_days) stays as it was", low=0)
    readings_days: int = setting(0, "readings of sensors", low=0)
    events_days: int = setting(0, "doors, shocks and what trackers noticed", low=0)
    visits_days: int = setting(0, "visits, crossings, and what was carried meanwhile and between them", low=0)
    statuses_days: int = setting(0, "what a tracker last said of itself", low=0)
    quarantine_days: int = setting(0, "messages that could not be believed", low=0)
    quarantine_mb: int = setting(
        1_000, "megabytes of them; beyond it the oldest of who sent most go first (0: no limit)", low=0
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class StoreSettings:
    kind: Literal["sqlite", "influxdb", "both"] = setting(
        "sqlite",
        "where positions, readings and events are kept, everything else is in SQLite either way; "
        '"both": SQLite answers, and InfluxDB or VictoriaMetrics has a copy',
    )
    check_s: float = setting(5.0, "the file is looked through for damage at a start, for so many seconds", low=0.0)
    influxdb: InfluxSettings = setting(InfluxSettings(), "InfluxDB, where kind says so")
    retention: RetentionSettings = setting(RetentionSettings(), "how long what is kept")
