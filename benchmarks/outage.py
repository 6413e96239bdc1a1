"""InfluxDB gone under load, and back: what both stores have at the end, what the ledger misses, what memory it took."""

import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from load import Fleet
from rig import go, loaded, publisher_of, running, told

from railbox_server.store.sqlite import FILE
from support.influx import Influx, influxdb

UNITS: Final = 200
RATE: Final = 100
"""Batches a second, of 20 knots: as much as 100,000 trackers send that report every 20 minutes."""
BUCKET: Final = "railbox"
SETTINGS: Final = '[store]\nkind = "both"\n[store.influxdb]\nurl = "{url}"\nbucket = "{bucket}"\n'


@dataclass(frozen=True)
class Outage:
    """`waiting`: batches on the spool when it came back, `caught_up_s` later none. Peaks of resident memory of the
    server when it was killed, and at the end."""

    waiting: int
    caught_up_s: float
    missing: int
    knots: int
    not_in_influxdb: int
    before_mb: float
    peak_mb: float


def outage(work: Path, away_s: float, beside_s: float) -> Outage:
    """The load begins so long before and ends so long after."""
    work.mkdir()
    (work / "influx").mkdir()
    load = loaded(work / "load", Fleet(UNITS, 20, round(RATE * (away_s + 2 * beside_s)), int(time.time())))
    with influxdb(work / "influx") as influx:
        settings = SETTINGS.format(url=influx.url, bucket=influx.database(BUCKET))
        with running(work / "data", load.fleet.devices, settings) as run:
            with publisher_of(load, run.broker, str(RATE)) as publisher:
                go(publisher)
                time.sleep(beside_s)
                before_mb = run.peak_mb()
                influx.server.kill()
                time.sleep(away_s)
                waiting = run.spool()
                influx.server.start()
                back_s = time.monotonic()
                told(publisher)
            run.until_arrived(load.count)
            run.until_delivered()
            caught_up_s = time.monotonic() - back_s
            knots = _in_sqlite(work / "data" / FILE)
            gone = abs(knots - _in_influxdb(influx))
            return Outage(waiting, caught_up_s, run.missing(), knots, gone, before_mb, run.peak_mb())


def _in_sqlite(file: Path) -> int:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as db:
        return int(db.execute("SELECT count(*) FROM knots").fetchone()[0])


def _in_influxdb(influx: Influx) -> int:
    (series,) = influx.ask("SELECT count(seq) FROM knots", BUCKET)
    return int(series["values"][0][1])
