"""Measures the border engine and holds it to its figures: `python benchmarks/borders.py [--json] [--quick]`.

Knots in order, late batches into a unit with a million stored knots, memory, the clock over open visits, and the plain
way for comparison: every fix against every zone by shapely. Proof by simulated journeys is journeys.py's. Exits with 1
where a figure does not hold.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from random import Random

ROOT = Path(__file__).parents[1]
sys.path[:0] = [path for path in (str(ROOT / "tests"), str(Path(__file__).parent)) if path not in sys.path]

import journeys  # noqa: E402 - the path has to be there first
from figures import Row, report  # noqa: E402
from shapely import Point  # noqa: E402
from shapely.geometry.base import BaseGeometry  # noqa: E402

from railbox_server.engine.book import FILE, Book, version_of  # noqa: E402
from railbox_server.engine.keeper import Keeper, New, News, Open  # noqa: E402
from railbox_server.fleet import Assignment  # noqa: E402
from railbox_server.geo import corridors  # noqa: E402
from railbox_server.journey.model import Settings  # noqa: E402
from railbox_server.journey.network import Network  # noqa: E402
from railbox_server.ledger import Ledger  # noqa: E402
from railbox_server.store.sqlite import SqliteStore  # noqa: E402
from railbox_server.store.values import Group, StoredBatch  # noqa: E402
from railbox_telemetry.values import DEGREE_E5, Batch, Knot, Positions  # noqa: E402

UNIT, DEVICE = "CSQU3054383", "TRK1"
START_S = 1_600_000_000
EVERY_S = 60
IN_BATCH = 20
ACCURACY = 5
NOISE_DEG = 5e-5
SPEED_KMH = 40.0
STAND_H = {"border": 40.0, "end": 24.0, "": 2.0}
"""How long the unit stands at border yards, at the corridor's ends, and elsewhere."""
OPEN_VISITS = 10_000
LATE = 300
CHUNK = 1_000
"""Knots in order that arrive while the engine is busy: it takes them at once."""
SETTINGS = Settings()


def main(argv: list[str]) -> int:
    args = parser().parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="railbox-bench-") as folder:
        return report(
            measured(Path(folder), args.knots or (50_000 if args.quick else 1_000_000), args), as_json=args.json
        )


def measured(work: Path, count: int, args: argparse.Namespace) -> Iterator[Row]:
    knots = path(count)
    yield from in_order(work, knots[: min(count, 100_000)])
    yield from plain(knots[: min(count, 20_000)])
    yield from late(work, knots)
    yield from by_the_clock()
    simulated = args.journeys if args.journeys is not None else 20 if args.quick else 1_000
    if simulated:
        yield from journeys.figures(simulated)


def path(count: int) -> list[Knot]:
    """Back and forth along Karachi-Moscow at 1/60 Hz, with stands at every station."""
    chance = Random(1)  # noqa: S311 - the same journey every time
    corridor = next(one for one in corridors.shipped() if one.name == "karachi-moscow")
    stations = [place for place in corridor.places if place.km is not None]
    ends = (stations[0], stations[-1])
    found: list[Knot] = []
    time_s = START_S

    def add(lat: float, lon: float) -> None:
        nonlocal time_s
        lat, lon = lat + chance.gauss(0, NOISE_DEG), lon + chance.gauss(0, NOISE_DEG)
        found.append(Knot(time_s, round(lat * DEGREE_E5), round(lon * DEGREE_E5)))
        time_s += EVERY_S

    while len(found) < count:
        for a, b in pairwise(stations):
            stand_h = STAND_H["border" if a.border_id else "end" if a in ends else ""]
            for _ in range(round(stand_h * 3_600 / EVERY_S)):
                add(a.lat_deg, a.lon_deg)
            steps = max(1, round(abs((b.km or 0) - (a.km or 0)) / SPEED_KMH * 3_600 / EVERY_S))
            for step in range(steps):
                part = step / steps
                add(a.lat_deg + part * (b.lat_deg - a.lat_deg), a.lon_deg + part * (b.lon_deg - a.lon_deg))
        stations.reverse()
    return found[:count]


class Bench:
    """A store with a unit, and the engine's keeper beside it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.store = SqliteStore(folder)
        self.assignments = (Assignment(DEVICE, UNIT),)
        self.store.assign(self.assignments[0], START_S * 1_000)
        self.network = Network(corridors.shipped())
        self.file = folder / FILE
        self.commit_cpu_ms: list[float] = []
        self.commit_ms: list[float] = []
        """What the store took for each change to be safe on disk."""
        book = Book(self.file, version_of(corridors.shipped(), SETTINGS))
        self.keeper = Keeper(self.store, book, self.network, SETTINGS)

    def put(self, batches: Sequence[tuple[int, Sequence[Knot]]]) -> None:
        """Commits them, with what a ledger says of them."""
        ledger = self.store.outboxes(DEVICE)[0].ledger if self.store.outboxes(DEVICE) else None
        stored = [
            StoredBatch(DEVICE, Batch(1, seq, (Positions(tuple(knots), {ACCURACY: 8}),)), b"", knots[-1].time_s * 1_000)
            for seq, knots in batches
        ]
        if ledger is None:
            ledger = Ledger()
        for seq, _ in batches:
            ledger.stored.add(seq, seq)
        self.store.write(Group(batches=tuple(stored), ledgers={stored[0].outbox: ledger}))

    def judge(self, new: New, now_s: int) -> News:
        """What the engine does with a change: knots read, judged, rows and book written."""
        with self.keeper.book.writing():
            with self.store.at_one_moment([DEVICE]):
                news = self.keeper.update(UNIT, self.assignments, new, now_s)
            start_s, cpu_s = time.perf_counter(), time.process_time()
            if not news.change.is_empty:
                self.store.change_derived([news.change])
            self.commit_ms.append((time.perf_counter() - start_s) * 1_000)
            self.commit_cpu_ms.append((time.process_time() - cpu_s) * 1_000)
        return news


def batched(knots: Sequence[Knot]) -> list[tuple[int, Sequence[Knot]]]:
    return [(1 + first // IN_BATCH, knots[first : first + IN_BATCH]) for first in range(0, len(knots), IN_BATCH)]


def in_order(work: Path, knots: Sequence[Knot]) -> Iterator[Row]:
    bench = Bench(work / "in-order")
    spent_s = 0.0
    for first in range(0, len(knots), CHUNK):
        chunk = knots[first : first + CHUNK]
        bench.put([(1 + (first + at) // IN_BATCH, chunk[at : at + IN_BATCH]) for at in range(0, len(chunk), IN_BATCH)])
        start_s = time.process_time()
        bench.judge(New({DEVICE: [(chunk[0].time_s, chunk[-1].time_s)]}), chunk[-1].time_s)
        spent_s += time.process_time() - start_s
    note = f"{len(knots):,} knots, {CHUNK:,} at a time: read, judged, rows and book written; CPU time of one core"
    yield Row("engine, in order", "knots", len(knots) / spent_s, "1/s", at_least=50_000, note=note)
    bench.store.close()


def plain(knots: Sequence[Knot]) -> Iterator[Row]:
    """What a tracking server does: each fix against each zone."""
    network = Network(corridors.shipped())
    shapes: list[BaseGeometry] = [
        Point(zone.frame.lon_deg, zone.frame.lat_deg).buffer(zone.shape.reach_m / 111_000)
        for zone in network.zones.values()
    ]
    start_s = time.process_time()
    inside = 0
    for knot in knots:
        point = Point(knot.lon_e5 / DEGREE_E5, knot.lat_e5 / DEGREE_E5)
        inside += sum(shape.contains(point) for shape in shapes)
    spent_s = time.process_time() - start_s
    note = f"each fix against {len(shapes)} polygons by shapely: {inside:,} times inside, no bounds, nothing late"
    yield Row("plain way, in order", "fixes", len(knots) / spent_s, "1/s", note=note)


def late(work: Path, knots: Sequence[Knot]) -> Iterator[Row]:
    """Batches that come long after those around them, into all the rest."""
    bench, chance = Bench(work / "late"), Random(2)  # noqa: S311 - chooses batches, hides nothing
    batches = batched(knots)
    chosen = set(chance.sample(range(len(batches) // 100, len(batches) - 10), min(LATE, len(batches) // 10)))
    there = [batch for number, batch in enumerate(batches) if number not in chosen]
    for first in range(0, len(there), 1_000):
        bench.put(there[first : first + 1_000])
    now_s = knots[-1].time_s + 60
    start_s = time.process_time()
    bench.judge(New(None), now_s)
    note = f"{len(knots):,} knots at once, as when the engine's file was deleted"
    yield Row("engine, all anew", "knots", len(knots) / (time.process_time() - start_s), "1/s", note=note)
    took_ms: list[float] = []
    cpu_ms: list[float] = []
    bench.commit_ms.clear()
    bench.commit_cpu_ms.clear()
    for number in chance.sample(sorted(chosen), len(chosen)):
        seq, own = batches[number]
        bench.put([(seq, own)])
        start_s, cpu_s = time.perf_counter(), time.process_time()
        bench.judge(New({DEVICE: [(own[0].time_s, own[-1].time_s)]}), now_s)
        took_ms.append((time.perf_counter() - start_s) * 1_000)
        cpu_ms.append((time.process_time() - cpu_s) * 1_000)
    part = f"late, into {len(knots):,} knots"
    note = f"{len(took_ms)} batches of {IN_BATCH}, hours to years late: knots read, judged, rows made and book written"
    engine_ms = sorted(all_ms - commit_ms for all_ms, commit_ms in zip(took_ms, bench.commit_ms, strict=True))
    yield Row(part, "median", statistics.median(engine_ms), "ms", at_most=2, note=note)
    yield Row(part, "99 %", engine_ms[int(0.99 * len(engine_ms))], "ms", at_most=20)
    yield Row(part, "worst", engine_ms[-1], "ms")
    own_ms = sorted(all_ms - commit_ms for all_ms, commit_ms in zip(cpu_ms, bench.commit_cpu_ms, strict=True))
    yield Row(part, "median, CPU time", statistics.median(own_ms), "ms", note="whatever else the machine does")
    yield Row(part, "99 %, CPU time", own_ms[int(0.99 * len(own_ms))], "ms")
    note = "until the rows that differ are safe on disk, where there are any; many units may share it"
    yield Row(part, "and the store's commit, median", statistics.median(bench.commit_ms), "ms", note=note)
    took_ms.sort()
    yield Row(part, "both together, median", statistics.median(took_ms), "ms")
    yield Row(part, "both together, 99 %", took_ms[int(0.99 * len(took_ms))], "ms")
    rows = len(bench.store.visits(UNIT)) + len(bench.store.crossings(UNIT))
    yield Row(part, "visits and crossings", rows, "")
    yield Row("engine's file", "size", bench.file.stat().st_size / len(knots), "B/knot")
    yield from memory(bench, now_s)
    bench.store.close()


def memory(bench: Bench, now_s: int) -> Iterator[Row]:
    """What stays of a unit between two changes: what of it is open. All else is in the book."""
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    kept = [bench.keeper.open(UNIT, bench.assignments, now_s) for _ in range(100)]
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    yield Row("memory", "of a unit", (after - before) / len(kept) / 1_000, "kB", at_most=10)


def by_the_clock() -> Iterator[Row]:
    """Ten thousand units, each in a yard and on a border that last."""
    with tempfile.TemporaryDirectory(prefix="railbox-bench-") as folder:
        bench = Bench(Path(folder) / "clock")
        corridor = next(one for one in corridors.shipped() if one.name == "karachi-moscow")
        yard = next(place for place in corridor.places if place.border_id)
        before = [
            Knot(START_S + 60 * i, round((yard.lat_deg - 0.3 + 0.01 * i) * DEGREE_E5), round(yard.lon_deg * DEGREE_E5))
            for i in range(30)
        ]
        stand = [
            Knot(START_S + 1_800 + 60 * i, round(yard.lat_deg * DEGREE_E5), round(yard.lon_deg * DEGREE_E5))
            for i in range(60)
        ]
        bench.put(batched([*before, *stand]))
        now_s = stand[-1].time_s + 60
        one = bench.judge(New(None), now_s).open
        assert one is not None
        own = Open(one.visits[:1], (), one.contact_s)
        units = [own] * OPEN_VISITS
        start_s = time.process_time()
        flags = [unit.at(now_s + 60 * number, SETTINGS).flags() for number, unit in enumerate(units)]
        took_ms = (time.process_time() - start_s) * 1_000
        over = sum(json.dumps(str(each)).count("critical") > 0 for each in flags)
        bench.store.close()
    yield Row("clock", f"{OPEN_VISITS:,} open visits", took_ms, "ms", at_most=100, note=f"{over:,} become critical")


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="scripts/bench borders", description="Measures the border engine; minutes.")
    made.add_argument("--json", action="store_true", help="all figures as one JSON list at the end")
    made.add_argument("--quick", action="store_true", help="50,000 knots instead of a million, and 20 journeys")
    made.add_argument("--knots", type=int, metavar="N", help="so many instead")
    made.add_argument("--journeys", type=int, metavar="N", help="so many simulated journeys instead of 1,000; 0: none")
    return made


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
