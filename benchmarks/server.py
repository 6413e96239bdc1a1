"""Measures the server and holds it to its figures: `python benchmarks/server.py [--json] [--quick] [--only PART…]`.

A real server with its own broker, engine and SQLite at synchronous=FULL, and the load generator, all on this machine.
Exits with 1 where a figure does not hold.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [path for path in (str(ROOT / "tests"), str(Path(__file__).parent)) if path not in sys.path]

import influx_peer  # noqa: E402 - the path has to be there first
import outage  # noqa: E402
import queries  # noqa: E402
from figures import Row, report  # noqa: E402
from load import Fleet  # noqa: E402
from rig import Load, Run, loaded, loaded_in_parts, running, table_bytes  # noqa: E402

PARTS = ("ingest", "scale", "latency", "queries", "influx", "peer")
UNITS = 2_000
NO_INFLUXD = "influxd is not installed: apt-get install influxdb"
SCALE: tuple[int, ...] = (20, 2_000, 10_000)
TURN_BATCHES = 1_000
"""About a second: what else the machine does lasts longer."""


@dataclass(frozen=True)
class Size:
    """How much of each is done."""

    small_batches: int
    large_batches: int
    probes: int
    fixes: int
    questions: int
    away_s: float
    """InfluxDB, under load."""


FULL = Size(small_batches=60_000, large_batches=30_000, probes=300, fixes=10_000_000, questions=200, away_s=600.0)
QUICK = Size(small_batches=10_000, large_batches=5_000, probes=60, fixes=500_000, questions=40, away_s=10.0)


def main(argv: list[str]) -> int:
    args = parser().parse_args(argv)
    size = QUICK if args.quick else FULL
    with tempfile.TemporaryDirectory(prefix="railbox-bench-", dir=args.work) as folder:
        parts: dict[str, Callable[[Path, Size], Iterator[Row]]] = {
            "ingest": of_ingest,
            "scale": of_scale,
            "latency": of_latency,
            "queries": of_queries,
            "influx": of_influx,
            "peer": of_peer,
        }
        wanted: Sequence[str] = args.only or PARTS
        rows = (row for name in PARTS if name in wanted for row in parts[name](Path(folder), size))
        return report(rows, as_json=args.json)


def of_ingest(work: Path, size: Size) -> Iterator[Row]:
    for knots, batches in ((3, size.small_batches), (20, size.large_batches)):
        part = f"ingest, batches of {knots}"
        load = loaded(work / f"load-{knots}", Fleet(UNITS, knots, batches, int(time.time())))
        with running(work / f"ingest-{knots}", load.fleet.devices) as run:
            done = run.take(load)
            started = time.monotonic()
            run.settle()
            judged_s = time.monotonic() - started
            note = f"{batches:,} batches of {UNITS:,} units, 5 % late by days, 2 % repeated"
            yield Row(
                part, "batches committed", batches / done.stored_s, "/s", 2_000 if knots == 3 else None, note=note
            )
            yield Row(part, "knots committed", batches * knots / done.stored_s, "/s", 20_000 if knots == 20 else None)
            yield Row(part, "until the engine has judged all of them", judged_s, "s")
            for name, used_s in sorted(done.cpu_s.items()):
                yield Row(part, f"CPU of the {name}", 100 * used_s / done.stored_s, "%", note="of one core")
            yield Row(part, "missing by the ledger", run.missing(), "", at_most=0)
        per_knot = table_bytes(work / f"ingest-{knots}")
        yield Row(part, "on disk, a knot with its index", per_knot.knots, "B", at_most=35 if knots == 20 else None)
        yield Row(part, "and its raw batch", per_knot.batches, "B")


def of_scale(work: Path, size: Size) -> Iterator[Row]:
    """CPU of the server's own process a knot, over the number of units: the broker and the engine have their own, what
    listens to the engine, busy all the while, has not. The fleets take turns, so that what else the machine does falls
    on all alike."""
    cpu_s, knots = dict.fromkeys(SCALE, 0.0), dict.fromkeys(SCALE, 0)
    with ExitStack() as stack:
        count = size.large_batches // TURN_BATCHES
        turns: list[list[tuple[Run, Load]]] = [[] for _ in range(count)]
        for units in SCALE:
            fleet = Fleet(units, 20, units + size.large_batches, int(time.time()))
            first, *rest = loaded_in_parts(work / f"scale-{units}", fleet, count)
            run = stack.enter_context(running(work / f"units-{units}", fleet.devices))
            run.take(first)
            for turn, load in zip(turns, rest, strict=True):
                turn.append((run, load))
        for run, load in chain.from_iterable(turns):
            units = load.fleet.units
            cpu_s[units] += run.take(load).cpu_s["server"]
            knots[units] += load.count * load.fleet.knots_a_batch
    costs = {units: 1e6 * cpu_s[units] / knots[units] for units in SCALE}
    for units, cost in costs.items():
        yield Row("scale", f"CPU of the server, {units:,} units", cost, "us/knot")
    spread = 100 * (max(costs.values()) / min(costs.values()) - 1)
    yield Row("scale", "spread from 20 to 10,000 units", spread, "%", at_most=20)


def of_latency(work: Path, size: Size) -> Iterator[Row]:
    part = "published to visible"
    rate = 1_000
    seconds = size.probes * 0.25
    load = loaded(work / "latency", Fleet(UNITS, 3, int(rate * seconds), int(time.time())))
    with running(work / "visible", [*load.fleet.devices, "PROBE"]) as run:
        times_s = run.probed(load, rate, size.probes)
    note = f"{len(times_s)} probes at {rate:,} batches/s"
    yield Row(part, "median", 1000 * quantile(times_s, 0.5), "ms", at_most=150, note=note)
    yield Row(part, "99 %", 1000 * quantile(times_s, 0.99), "ms", at_most=500)


def of_queries(work: Path, size: Size) -> Iterator[Row]:
    data = work / "stored"
    stored = queries.build(data, size.fixes)
    yield Row(
        "queries", "stored beforehand", stored.fixes, "fixes", note=f"{stored.units:,} units, {stored.seconds:.0f} s"
    )
    per_knot = table_bytes(data)
    yield Row("queries", "on disk, a knot with its index", per_knot.knots, "B", at_most=35)
    with running(data) as run:
        for question in queries.QUESTIONS:
            times_s, cpu_s = queries.asked(run, stored, question, size.questions)
            note = f"median {1000 * quantile(times_s, 0.5):.1f} ms, {1000 * cpu_s:.1f} ms of the server's CPU each"
            yield Row(
                "queries",
                f"{question.name}, 95 %",
                1000 * quantile(times_s, 0.95),
                "ms",
                at_most=question.at_most_ms,
                note=note,
            )
        yield from _under_load(work, run, stored, size)


def _under_load(work: Path, run: Run, stored: queries.Stored, size: Size) -> Iterator[Row]:
    """20 requests a second at half the ingest load that has to be held."""
    rate, asked_a_second = 1_000, 20
    seconds = max(10.0, size.questions / asked_a_second)
    load = loaded(work / "half", Fleet(stored.units, 3, int(rate * seconds), int(time.time())))
    run.register(load.fleet.devices)
    with run.loaded_by(load, rate):
        times_s, late_s = queries.paced(run.http, stored, asked_a_second, seconds)
    held = len(times_s) / max(seconds, seconds + late_s)
    p50_ms, p95_ms = (1000 * quantile(times_s, share) for share in (0.5, 0.95))
    note = f"median {p50_ms:.0f} ms, 95 % {p95_ms:.0f} ms, beside {rate:,} batches/s"
    yield Row("queries", "requests a second, held", held, "/s", at_least=0.98 * asked_a_second, note=note)


def of_influx(work: Path, size: Size) -> Iterator[Row]:
    part = f"InfluxDB away for {size.away_s:.0f} s"
    if not influx_peer.is_here():
        yield Row(part, "missing by the ledger", None, "", note=NO_INFLUXD)
        return
    found = outage.outage(work / "outage", size.away_s, beside_s=max(3.0, size.away_s / 20))
    note = f"{outage.RATE} batches a second of {outage.UNITS} units meanwhile"
    yield Row(part, "batches that waited for it", found.waiting, "", note=note)
    yield Row(part, "until it had them all", found.caught_up_s, "s", note="the load went on")
    yield Row(part, "missing by the ledger", found.missing, "", at_most=0)
    yield Row(part, "knots in one store only", found.not_in_influxdb, "", at_most=0, note=f"of {found.knots:,}")
    yield Row(part, "resident memory of the server, peak", found.peak_mb, "MB")
    yield Row(part, "of it since InfluxDB went", found.peak_mb - found.before_mb, "MB", at_most=100)


def of_peer(work: Path, size: Size) -> Iterator[Row]:
    part = "paho into influxd"
    if not influx_peer.is_here():
        yield Row(part, "knots", None, "/s", note=NO_INFLUXD)
        return
    load = loaded(work / "peer", Fleet(UNITS, 20, size.large_batches, int(time.time())))
    rate = influx_peer.rate(work / "influx", load)
    yield Row(part, "knots", rate.knots_per_s, "/s", note="line protocol; no numbers, ledger, engine or commitment")
    yield Row(part, "on disk, a knot", rate.bytes_a_knot, "B", note="after its own compaction, as far as it came")
    yield Row("OwnTracks recorder", "on disk, a fix", 213, "B", note="docs/design.md; not measured here")


def quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="scripts/bench server", description="Measures the server and holds it to its figures; about 40 minutes."
    )
    made.add_argument("--json", action="store_true", help="all figures as one JSON list at the end")
    made.add_argument("--quick", action="store_true", help="a twentieth of everything")
    made.add_argument("--only", action="append", choices=PARTS, help="this part; may be repeated")
    made.add_argument("--work", type=Path, metavar="DIR", help="where the stores are put (default: the system's)")
    return made


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
