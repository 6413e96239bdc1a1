"""Measures the tracker and holds it to its figures: `python benchmarks/edge.py [--json] [--quick] [--only PART]`.

Receivers' logs against gpsd, bytes on the air against OwnTracks over one simulated journey, how far off the position
is, what the agent costs its computer and its disk, and what kill -9 costs. Exits with 1 where a figure does not hold.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(Path(__file__).parent)]

import air  # noqa: E402 - the path has to be there first
import kills  # noqa: E402
import receivers  # noqa: E402
import tracker_cost  # noqa: E402
import writes  # noqa: E402
from figures import Row, report  # noqa: E402
from meter import Cost  # noqa: E402

from railbox_agent import judging, logs  # noqa: E402
from railbox_agent.thinning.reckoning import ReckoningSettings  # noqa: E402
from railbox_telemetry.values import Fix  # noqa: E402
from support.brokers import mosquitto  # noqa: E402
from support.shared import SHARED  # noqa: E402

JOURNEY = ["--corridor", "karachi-moscow", "--seed", "3", "--hz", "1", "--end", "2026-11-20T00:00:00Z"]
NETWORK_S = 2
"""What is left of the promised time after the deadline."""
DEADLINES = {"60 s": 58, "5 min": 298}
FEWER = {"60 s": 18, "5 min": 40}
PARTS = ("receivers", "computer", "disk", "kills", "air")


def main(argv: list[str]) -> int:
    args = parser().parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="railbox-bench-") as folder:
        return report(measured(Path(folder), args), as_json=args.json)


def measured(work: Path, args: argparse.Namespace) -> Iterator[Row]:
    parts: dict[str, Callable[[], Iterator[Row]]] = {
        "receivers": lambda: of_receivers(work),
        "computer": lambda: of_the_computer(work, 20.0 if args.quick else 60.0),
        "disk": lambda: of_the_disk(work, 0.5 if args.quick else 6.0),
        "kills": lambda: of_kills(work, 20 if args.quick else 200),
        "air": lambda: of_the_air(work, 0.25 if args.quick else 5.0, args.lines),
    }
    for part in args.only or PARTS:
        yield from parts[part]()


def of_receivers(work: Path) -> Iterator[Row]:
    folder = SHARED / "nmea"
    if not folder.is_dir():
        yield Row("receivers", "gpsd's fixes found", None, "%", note="../shared/nmea is not there")
        return
    found = receivers.found(folder)
    missing = ", ".join(found.logs_missing_some) or "none missing"
    yield Row(
        "receivers", "gpsd's timed fixes found", 100 * found.found / found.known, "%", 99.5,
        note=f"{found.found} of {found.known}; {missing}",
    )  # fmt: skip
    yield Row("receivers", "farthest from gpsd's", found.worst_off_m, "m", at_most=10)
    yield Row("receivers", "fixes at (0, 0)", found.null_islands, "", at_most=0)
    speed = receivers.speed(folder, work)
    yield Row("receivers", "bytes to fixes", speed.ours, "lines/s", 40_000)
    ratio = None if speed.gpsdecode is None else speed.ours / speed.gpsdecode
    note = "gpsdecode is not installed" if speed.gpsdecode is None else f"gpsdecode {speed.gpsdecode:,.0f} lines/s"
    yield Row("receivers", "speed, of gpsdecode's", ratio, "x", note=note)


def of_the_computer(work: Path, seconds: float) -> Iterator[Row]:
    cost = tracker_cost.cost(work, seconds)
    note = f"8 sentences and a sample a second, {cost.waiting:,} batches waiting, {seconds:g} s"
    yield Row("computer", "one core", cost.core_percent, "%", at_most=1, note=note)
    yield Row("computer", "resident", cost.resident_mb, "MiB", at_most=40)
    yield Row("computer", "start until ports are open", cost.start_s, "s", at_most=1)


def of_the_disk(work: Path, hours: float) -> Iterator[Row]:
    written = writes.written(work / "written", hours)
    note = f"{written.commits:,.0f} commits a day, one each {writes.COMMIT_MS / 1000:g} s; reckoned from {hours:g} h"
    yield Row("disk", "outbox, given to the file system", written.given_bytes / 1e6, "MB/day", note=note)
    yield Row("disk", "outbox, written to the disk", written.disk_bytes / 1e6, "MB/day", note="0: no disk below")


def of_kills(work: Path, times: int) -> Iterator[Row]:
    folder = work / "kills"
    folder.mkdir()
    with mosquitto(folder) as broker:
        toll = kills.toll(folder, broker.port, times)
    bound_ms = kills.COMMIT_MS + kills.SLACK_MS
    part = f"kill -9, {toll.kills} times"
    yield Row(part, "events lost", toll.events_lost, "", at_most=0, note=f"of {toll.events:,} that were taken")
    note = f"{toll.fixes_lost:,} of {toll.fixes:,} fixes; commit interval {kills.COMMIT_MS} ms, and {kills.SLACK_MS} ms"
    yield Row(part, "oldest fix that was lost, before", toll.oldest_lost_ms, "ms", at_most=bound_ms, note=note)
    note = f"{toll.sent_twice:,} batches were sent twice, and dropped by number"
    yield Row(part, "there twice at the server", toll.twice, "", at_most=0, note=note)


def of_the_air(work: Path, days: float, lines: Path | None) -> Iterator[Row]:
    log = simulated(work, days, lines)
    fixes: list[Fix] = []
    with air.tls_broker(work) as place:
        sides = {
            name: air.tracker_side(place, logs.load(log, options(name)), thinning(name), fixes if not at else None)
            for at, name in enumerate(DEADLINES)
        }
        other = air.owntracks_side(place, fixes, sides["60 s"].days)
        ping = air.ping_cost(place)
    yield from parts("OwnTracks, 30 s", other)
    for name, side in sides.items():
        yield from parts(part_of(name), side)
        for keepalive_s in (air.KEEPALIVE_S, air.SHORT_KEEPALIVE_S):
            pings = side.pings_a_day(keepalive_s)
            counted = "" if keepalive_s == air.KEEPALIVE_S else "; not counted"
            note = f"{pings:.0f} pings a day of {ping.air_bytes} B{counted}"
            yield Row(
                part_of(name), f"keepalive of {keepalive_s} s", pings * ping.air_bytes / 1000, "kB/day", note=note
            )
    for name, side in sides.items():
        pings_a_day = side.pings_a_day(air.KEEPALIVE_S) * ping.air_bytes
        times = other.air_bytes_a_day / (side.air_bytes_a_day + pings_a_day)
        yield Row("on the air", f"fewer bytes than OwnTracks, {name}", times, "x", FEWER[name])
        known = other.air_bytes_a_day / (_all_resumed(side) + pings_a_day)
        note = "a broker on OpenSSL knows a session for two hours"
        yield Row("on the air", f"if TLS were always resumed, {name}", known, "x", note=note)
        without = _without_connections(other) / _without_connections(side)
        yield Row("on the air", f"the same without reconnecting, {name}", without, "x")
    for name in DEADLINES:
        yield from errors(log, name)


def part_of(name: str) -> str:
    return f"Railbox, {name}"


def parts(name: str, side: air.Side) -> Iterator[Row]:
    for purpose, cost in sorted(side.costs.items()):
        note = f"{cost.exchanges / side.days:,.0f} a day, {cost.air_bytes / cost.exchanges:,.0f} B each"
        yield Row(name, purpose, cost.air_bytes / side.days / 1000, "kB/day", note=note)
    note = f"payload {side.payload_bytes / side.days / 1000:,.1f} kB/day, {side.days:.2f} days"
    yield Row(name, "all", side.air_bytes_a_day / 1000, "kB/day", note=note)


def errors(log: Path, name: str) -> Iterator[Row]:
    judgement = judging.judged(logs.load(log, options(name)).items, DEADLINES[name] + NETWORK_S)
    track, raw = judging.spread(judgement.errors), judging.spread(judgement.raw_errors)
    if track is None or raw is None:
        return
    part = f"position, known after {name}"
    knots = sum(len(report.knots) for report in judgement.reports)
    note = f"{len(judgement.raw):,} fixes, {knots:,} knots in {len(judgement.reports):,} reports"
    yield Row(part, "worst error, of the filtered track", track.worst_m, "m", at_most=25, note=note)
    yield Row(part, "instants of it unknown", track.unknown, "")
    quantiles = (("median", raw.median_m), ("95 %", raw.p95_m), ("99.9 %", raw.p999_m), ("worst", raw.worst_m))
    for figure, value in quantiles:
        yield Row(part, f"{figure} error, of each fix as said", value, "m")
    over = sum(miss.error_m is not None and miss.error_m > 25 for miss in judgement.raw_errors)
    yield Row(part, "fixes as said farther than 25 m", 100 * over / raw.count, "%")


def simulated(work: Path, days: float, lines: Path | None) -> Path:
    out = work / "journey.rbrec.gz"
    command = [sys.executable, "-m", "railbox", "simulate", *JOURNEY, "--days", str(days), "--out", str(out)]
    subprocess.run([*command, *(["--lines", str(lines)] if lines else [])], check=True, stdout=subprocess.DEVNULL)
    return out


def thinning(name: str) -> ReckoningSettings:
    return ReckoningSettings(deadline_s=DEADLINES[name])


def options(name: str) -> logs.Options:
    return logs.Options(thinning=thinning(name))


def _all_resumed(side: air.Side) -> float:
    full, resumed = (side.costs.get(f"connections, TLS {how}", Cost()) for how in ("in full", "resumed"))
    if not resumed.exchanges:
        return side.air_bytes_a_day
    each = resumed.air_bytes / resumed.exchanges
    return side.air_bytes_a_day + (full.exchanges * each - full.air_bytes) / side.days


def _without_connections(side: air.Side) -> float:
    return (
        sum(cost.air_bytes for purpose, cost in side.costs.items() if not purpose.startswith("connections")) / side.days
    )


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="scripts/bench edge", description="Measures the tracker and holds it to its figures; several minutes."
    )
    made.add_argument("--json", action="store_true", help="all figures as one JSON list at the end")
    made.add_argument("--quick", action="store_true", help="a quarter of a day instead of five")
    made.add_argument("--only", action="append", choices=PARTS, help="this part; may be given several times")
    made.add_argument("--lines", type=Path, metavar="GEOJSON", help="railways' LineStrings: a journey with real curves")
    return made


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
