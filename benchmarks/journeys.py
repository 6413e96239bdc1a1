"""Holds the border engine against simulated journeys: `python benchmarks/journeys.py [--journeys N] [--json]`.

Over all shipped corridors, both ways, along real rails where ../shared has them: noise up to the margin, tunnels,
jamming and false positions, dark borders of an hour to five days, moves over the edges of places, units turned back,
trackers replaced and booting, batches lost, days late and there twice. Exits with 1 where one crossing is missed or
invented, the truth lies outside its bounds, an estimate is off by more than the sampling gap, or another order of
arrival changes anything.
"""

import argparse
import sys
from collections.abc import Iterator
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from random import Random
from time import process_time

ROOT = Path(__file__).parents[1]
sys.path[:0] = [path for path in (str(ROOT / "tests"), str(Path(__file__).parent)) if path not in sys.path]

from arriving import concluded  # noqa: E402 - the path has to be there first
from delivered import arrivals, in_any_order, tracks, trusted  # noqa: E402
from figures import Row, report  # noqa: E402
from holding import Held, held  # noqa: E402
from tqdm import tqdm  # noqa: E402

from railbox.simulate import fleet, lines  # noqa: E402
from railbox.simulate.ground import Ground, ground  # noqa: E402
from railbox_server.geo import corridors  # noqa: E402
from railbox_server.journey.derive import derive  # noqa: E402
from railbox_server.journey.network import Network  # noqa: E402
from railbox_server.journey.report import rows as rows_of  # noqa: E402
from support.shared import SHARED  # noqa: E402

END_S = 1_772_323_200  # 2026-03-01T00:00:00Z
RAIL_LINES = SHARED / "corridors" / "rail_lines.geojson"
PROCESSES = 2
EXAMPLES = 10
Task = tuple[str, bool, int]
"""Corridor, whether it goes back, seed."""


def main(argv: list[str]) -> int:
    args = parser().parse_args(argv)
    found = together(args.journeys, args.processes, args.first_seed)
    code = report(rows_from(found, args.journeys), as_json=args.json)
    for what in ("missed", "invented", "outside", "far", "order"):
        examples: list[str] = getattr(found, what)
        for line in examples[: args.examples]:
            print(f"{what}: {line}", file=sys.stderr)
    return code


def figures(journeys: int, processes: int = PROCESSES) -> list[Row]:
    """What `main` measures, in rows as those of the other benchmarks."""
    return list(rows_from(together(journeys, processes), journeys))


def tasks(journeys: int, first_seed: int = 0) -> list[Task]:
    """The corridors in turn, there and back, each time with another seed."""
    ways = [(corridor.name, back) for corridor in corridors.shipped() for back in (False, True)]
    return [(*ways[number % len(ways)], first_seed + number // len(ways)) for number in range(journeys)]


def together(journeys: int, processes: int = PROCESSES, first_seed: int = 0) -> Held:
    """All journeys, in so many processes."""
    total, wanted = Held(), tasks(journeys, first_seed)
    with get_context("spawn").Pool(processes) as pool:
        done = pool.imap_unordered(one, sorted(wanted), chunksize=max(1, min(8, journeys // (4 * processes))))
        for each in tqdm(done, total=len(wanted), unit=" journeys", disable=not sys.stderr.isatty()):
            total.add(each)
    for what in (total.missed, total.invented, total.outside, total.far, total.order):
        what.sort()
    return total


def one(task: Task) -> Held:
    """One journey made, delivered, judged in order and in another order of arrival, and held against its truth."""
    name, reverse, seed = task
    own = ground_of(name, reverse)
    wish = fleet.Wish(own.corridor, seed, END_S, reverse=reverse, outages="severe", rough=True)
    (journey,) = fleet.journeys_on(own, wish)
    given = tracks(journey)
    started_s = process_time()
    found = derive(journey.unit, given, network(), END_S)
    cost_s = process_time() - started_s
    result = held(journey, trusted(given, list(found.untrusted)), found)
    result.engine_s, result.journeys = cost_s, 1
    rng = Random(seed)  # noqa: S311 - a simulation, not a secret
    others = {
        "at once, shuffled": derive(journey.unit, in_any_order(given, rng), network(), END_S),
        "as it arrived": concluded(journey.unit, arrivals(given, rng), network(), END_S),
    }
    for how, other in others.items():
        if rows_of([other]) != rows_of([found]) or other.untrusted != found.untrusted:
            result.order.append(f"{name}{' back' if reverse else ''} seed {seed}: {how}, it is another result")
    return result


@cache
def ground_of(name: str, reverse: bool) -> Ground:
    known = lines.read(RAIL_LINES) if RAIL_LINES.is_file() else lines.Lines()
    return ground(corridors.find(name), known, reverse=reverse, others=corridors.shipped())


@cache
def network() -> Network:
    return Network(corridors.shipped())


def rows_from(found: Held, journeys: int) -> Iterator[Row]:
    part = "journeys"
    where = "along real rails" if RAIL_LINES.is_file() else "../shared/corridors is not there: straight between places"
    yield Row(part, "simulated", found.journeys, "", journeys, note=f"{found.knots:,} knots, {where}")
    note = f"{found.unseen:,} crossings and visits no knot tells of"
    yield Row(part, "crossings to be found", found.crossings, "", note=f"{found.visits:,} visits; {note}")
    yield Row(part, "of them with a moment in the dark", found.dark, "", note=f"{found.returned:,} returned")
    yield Row(part, "crossings and visits missed", len(found.missed), "", at_most=0)
    yield Row(part, "crossings and visits invented", len(found.invented), "", at_most=0)
    yield Row(part, "truths outside of their bounds", len(found.outside), "", at_most=0, note=f"of {found.moments:,}")
    note = f"of {found.estimates:,} between two fixes of a moving unit"
    yield Row(part, "estimates farther off than the gap", len(found.far), "", at_most=0, note=note)
    note = "each journey shuffled at once, and batch by batch as it arrived"
    yield Row(part, "results that arrival changed", len(found.order), "", at_most=0, note=note)
    yield Row(part, "engine, from knots to result", found.knots / max(found.engine_s, 1e-9), "knots/s")


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="scripts/bench borders --journeys", description="Holds the border engine against simulated journeys."
    )
    made.add_argument("--journeys", type=int, default=1_000, metavar="N", help="how many (default 1,000)")
    made.add_argument("--first-seed", type=int, default=0, metavar="N", help="others than the usual ones")
    made.add_argument("--processes", type=int, default=PROCESSES, metavar="N", help=f"default {PROCESSES}")
    made.add_argument("--examples", type=int, default=EXAMPLES, metavar="N", help="of what does not hold, to be told")
    made.add_argument("--json", action="store_true", help="the figures as one JSON list")
    return made


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
