"""`railbox simulate`: the edge. Arguments in, files out; the only file here that asks a clock or touches the disk."""

import argparse
import json
import math
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tqdm import tqdm

from railbox.simulate import fleet, lines, outages, truth
from railbox.simulate.fleet import Journey, Wish
from railbox.simulate.trackers import Tracker
from railbox_agent import recording
from railbox_agent.recording import Chunk
from railbox_server.geo import corridors
from railbox_telemetry import iso

EXAMPLES: Final = """examples:
  railbox simulate --corridor karachi-moscow --seed 1 --out trip.rbrec
      one container's whole journey, a fix every 10 s, ending now; the truth is in trip.rbrec.truth.json
  railbox simulate --corridor pyongyang-moscow --seed 7 --units 3 --days 30 --hz 0.0166667 --out run.rbrec.gz
      run-1.rbrec.gz to run-3.rbrec.gz, 30 days each from the same start, a fix a minute
  railbox simulate --corridor karachi-moscow --seed 4 --rough --outages harsh --out rough.rbrec
      rough.rbrec and rough-b.rbrec, of the tracker that takes the first one's place half way
  railbox simulate --corridor moscow-termez-peshawar --seed 2 --reverse --lines rail_lines.geojson --out back.rbrec
"""
EXIT_USAGE: Final = 2
HZ_MIN: Final = 1 / 600
HZ_MAX: Final = 10.0


def main(argv: list[str]) -> int:
    args = parser().parse_args(argv)
    try:
        corridor = corridors.find(args.corridor, args.corridors_dir)
    except corridors.CorridorError as error:
        return fail(error, EXIT_USAGE)
    wish = Wish(
        corridor=corridor,
        seed=args.seed,
        end_s=int(time.time()) if args.end is None else args.end,
        units=args.units,
        days=args.days,
        period_ms=round(1000 / args.hz),
        board_interval_s=args.board_interval,
        reverse=args.reverse,
        outages=args.outages,
        rough=args.rough,
    )
    try:
        made = fleet.journeys(wish, lines.read(args.lines) if args.lines else lines.Lines())
        for journey, path in zip(made, paths(args.out, args.units), strict=True):
            write(journey, path)
    except lines.LinesError as error:
        return fail(error, EXIT_USAGE)
    except OSError as error:
        return fail(error, 1)
    return 0


def fail(error: Exception, code: int) -> int:
    print(f"railbox simulate: {error}", file=sys.stderr)
    return code


def write(journey: Journey, path: Path) -> None:
    """A recording a tracker, and the truth beside the first one's."""
    for tracker in journey.trackers:
        own = with_suffix(path, tracker.suffix)
        with recording.create(own) as file:
            writer = recording.Writer(file, journey.header(tracker))
            for chunk in shown(journey.chunks(tracker), tracker, own.name):
                writer.write(chunk)
        print(f"{own}: {journey.unit} by {tracker.device}, {(tracker.to_s - tracker.from_s) / fleet.DAY_S:.1f} days")
    rows = truth.rows(journey)
    told = {
        "unit": journey.unit,
        "device": journey.trackers[0].device,
        "corridor": journey.corridor.name,
        "started_at": iso.from_s(journey.started_at_s),
        "ended_at": iso.from_s(journey.started_at_s + journey.length_s),
        "rows": rows,
    }
    beside = Path(f"{path}.truth.json")
    beside.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    crossings = sum(row["type"] == "crossing" for row in rows)
    print(f"{beside}: the truth, crossings {crossings}, visits {len(rows) - crossings}")


def shown(chunks: Iterator[Chunk], tracker: Tracker, name: str) -> Iterator[Chunk]:
    """The chunks, with a bar that fills by recorded days when somebody is there to see it."""
    if not sys.stderr.isatty():
        yield from chunks
        return
    with tqdm(
        total=(tracker.to_s - tracker.from_s) / fleet.DAY_S, desc=name, unit="d", bar_format="{l_bar}{bar}| {n:.1f} d"
    ) as bar:
        for count, chunk in enumerate(chunks):
            if count % 1000 == 0:
                bar.update(chunk.mono_us / 1e6 / fleet.DAY_S - bar.n)
            yield chunk
        bar.update(bar.total - bar.n)


def paths(out: Path, units: int) -> list[Path]:
    """FILE itself for one unit, else FILE with -1, -2… before its suffix (`.rbrec.gz` counts as one suffix)."""
    return [out] if units == 1 else [with_suffix(out, f"-{number}") for number in range(1, units + 1)]


def with_suffix(out: Path, text: str) -> Path:
    """`trip.rbrec.gz` with "-2": `trip-2.rbrec.gz`."""
    suffix = "".join(out.suffixes[-2:]) if out.suffix == ".gz" else out.suffix
    return out.with_name(f"{out.name.removesuffix(suffix)}{text}{suffix}")


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="railbox simulate",
        description="Recordings of journeys along a corridor, as a tracker's serial ports would give them.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--corridor", required=True, metavar="NAME", help="railbox corridor list names them")
    made.add_argument(
        "--seed", required=True, type=int, metavar="N", help="the same seed, end and flags: the same bytes"
    )
    made.add_argument("--out", required=True, type=Path, metavar="FILE", help="ends in .gz: compressed")
    made.add_argument("--units", type=whole, default=1, metavar="N", help="leave one after the other (default 1)")
    made.add_argument("--days", type=positive, metavar="D", help="length (default: the first unit's whole journey)")
    made.add_argument("--hz", type=rate, default=0.1, metavar="F", help="fixes a second (default 0.1)")
    made.add_argument("--end", type=moment, metavar="TIME", help="ISO 8601 with zone (default: now)")
    made.add_argument("--reverse", action="store_true", help="from the corridor's end to its beginning")
    made.add_argument("--lines", type=Path, metavar="GEOJSON", help="LineStrings of the railways, for real curvature")
    made.add_argument("--board-interval", type=whole, default=600, metavar="S", help="between samples (default 600)")
    made.add_argument(
        "--outages",
        choices=list(outages.LEVELS),
        default="usual",
        help="tunnels, jamming, spoofing, dark borders (default usual)",
    )
    made.add_argument(
        "--rough",
        action="store_true",
        help="moves over the edges of places, turning back at borders, boots, and half way another tracker,"
        " whose recording is FILE with -b",
    )
    made.add_argument(
        "--corridors-dir", type=Path, action="append", default=[], metavar="DIR", help="your own corridors, too"
    )
    return made


def whole(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text}: at least 1")
    return value


def positive(text: str) -> float:
    value = float(text)
    if not (math.isfinite(value) and 0 < value <= 366):
        raise argparse.ArgumentTypeError(f"{text}: over 0, and at most 366 days")
    return value


def rate(text: str) -> float:
    value = float(text)
    if not HZ_MIN <= value <= HZ_MAX:
        raise argparse.ArgumentTypeError(f"{text}: from one fix in ten minutes to {HZ_MAX:.0f} a second")
    return value


def moment(text: str) -> int:
    try:
        return iso.to_s(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
