"""Measures the tracker and holds it to its figures: `python benchmarks/edge.py [--json] [--quick]`.

Receivers' logs against gpsd, bytes on the air against OwnTracks over one simulated journey, how far off the position
is, and what the agent costs its computer. Exits with 1 where a figure does not hold.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(Path(__file__).parent)]

import air  # noqa: E402 - the path has to be there first
import receivers  # noqa: E402
import tracker_cost  # noqa: E402

from railbox_agent import judging, logs  # noqa: E402
from railbox_agent.thinning.reckoning import ReckoningSettings  # noqa: E402
from railbox_telemetry.values import Fix  # noqa: E402
from support.shared import SHARED  # noqa: E402

JOURNEY = ["--corridor", "karachi-moscow", "--seed", "3", "--hz", "1", "--end", "2026-11-20T00:00:00Z"]
NETWORK_S = 2
"""What is left of the promised time after the deadline."""
DEADLINES = {"60 s": 58, "5 min": 298}
FEWER = {"60 s": 18, "5 min": 40}


@dataclass(frozen=True)
class Row:
    """`holds`: against the bound, None where there is none. `note`: where it comes from, or why there is no value."""

    part: str
    figure: str
    value: float | None
    unit: str
    at_least: float | None = None
    at_most: float | None = None
    note: str = ""

    @property
    def holds(self) -> bool | None:
        if self.value is None or (self.at_least is None and self.at_most is None):
            return None
        low, high = self.at_least, self.at_most
        return (low is None or self.value >= low) and (high is None or self.value <= high)


def main(argv: list[str]) -> int:
    args = parser().parse_args(argv)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="railbox-bench-") as folder:
        for row in measured(Path(folder), args):
            rows.append(row)
            if not args.json:
                print(told(row), flush=True)
    if args.json:
        print(json.dumps([{**asdict(row), "holds": row.holds} for row in rows], indent=1))
    return 1 if any(row.holds is False for row in rows) else 0


def measured(work: Path, args: argparse.Namespace) -> Iterator[Row]:
    yield from of_receivers(work)
    yield from of_the_computer(work, 20.0 if args.quick else 60.0)
    yield from of_the_air(work, 0.25 if args.quick else 5.0, args.lines)


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


def _without_connections(side: air.Side) -> float:
    return sum(cost.air_bytes for purpose, cost in side.costs.items() if purpose != "connections") / side.days


def told(row: Row) -> str:
    value = "-" if row.value is None else f"{row.value:,.2f}" if abs(row.value) < 100 else f"{row.value:,.0f}"
    low, high = row.at_least, row.at_most
    bound = f"at least {low:,g}" if low is not None else f"at most {high:,g}" if high is not None else ""
    verdict = {True: "holds", False: "DOES NOT HOLD", None: ""}[row.holds]
    return f"{row.part:<28} {row.figure:<40} {value:>10} {row.unit:<8} {bound:<16} {verdict:<14} {row.note}".rstrip()


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="scripts/bench edge", description="Measures the tracker and holds it to its figures; several minutes."
    )
    made.add_argument("--json", action="store_true", help="all figures as one JSON list at the end")
    made.add_argument("--quick", action="store_true", help="a quarter of a day instead of five")
    made.add_argument("--lines", type=Path, metavar="GEOJSON", help="railways' LineStrings: a journey with real curves")
    return made


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
