"""`railbox replay`: a log played through the tracker's own pipeline: as JSON lines, a summary, or sent to a broker.

The command only: what a log's items are is decided in `logs`, and the pace of `--speed` is the one clock here.
"""

import argparse
import dataclasses
import json
import logging
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, TextIO

from railbox_agent import AgentError
from railbox_agent.items import Report
from railbox_agent.json_lines import JsonLines
from railbox_agent.logs import Log, LogError, Options, Step, items, load
from railbox_agent.thinning.interval import IntervalSettings
from railbox_agent.thinning.policy import Thinning
from railbox_agent.thinning.reckoning import ReckoningSettings
from railbox_telemetry import iso
from railbox_telemetry.identity import IdentityError, check_device
from railbox_telemetry.values import Fix

__all__ = ["Log", "LogError", "Options", "Step", "items", "load", "main", "paced"]

EXIT_USAGE: Final = 2
NETWORK_S: Final = 2
ROUNDING_M: Final = 3.0
"""What the promise allows beyond the errors that are set: the wire's 1e-5 degree and one more step of the filter."""

_EXAMPLES: Final = """examples:
  railbox replay trip.rbrec --json              every fix, knot, reading and event as JSON lines
  railbox replay drive.nmea.gz --json --unit CSQU3054383
  railbox replay walk.gpx                       a summary
  railbox replay trip.rbrec --json --speed 10   ten times as fast as it happened
  railbox replay trip.rbrec --plot trip.html    track, knots and error over time, for a browser
  railbox replay trip.rbrec --to mqtt://127.0.0.1:1883 --device trk-1 --fast
"""


def main(argv: list[str]) -> int:
    args = _parser().parse_args(argv)
    options = Options(
        thinning=_thinning(args), checksum_required=not args.no_checksum, unit=args.unit, device=args.device
    )
    try:
        log = load(args.log, options)
        if args.to is not None:
            return _send(log, args)
        if args.plot is not None:
            return _plot(log, args)
        if args.json:
            return _print_json(log, args.speed, sys.stdout)
        return _summary(log, args.log)
    except (AgentError, IdentityError) as error:
        print(f"railbox replay: {error}", file=sys.stderr)
        return 1


def _thinning(args: argparse.Namespace) -> Thinning:
    if args.interval is not None:
        return IntervalSettings(args.interval, args.report or args.interval)
    return ReckoningSettings(args.error, args.error, args.deadline)


def _plot(log: Log, args: argparse.Namespace) -> int:
    from railbox_agent import judging, plot  # noqa: PLC0415 - a tracker draws nothing

    thinning = _thinning(args)
    promised = isinstance(thinning, ReckoningSettings)
    after_s = thinning.deadline_s + NETWORK_S if promised else thinning.report_s
    drawn = plot.page(judging.judged(log.items, after_s), args.log, args.error + ROUNDING_M if promised else None)
    try:
        args.plot.write_text(drawn, encoding="utf-8")
    except OSError as error:
        raise AgentError(f"{args.plot}: {error.strerror or error}") from None
    print(f"{args.plot}: open it in a browser")
    _warn(log)
    return 0


def _send(log: Log, args: argparse.Namespace) -> int:
    from railbox_agent.send_log import Target, send_log  # noqa: PLC0415 - printing a log needs no MQTT

    device = log.header.device
    if device is None:
        print("railbox replay: --to needs --device ID, for the log does not name the tracker", file=sys.stderr)
        return EXIT_USAGE
    logging.basicConfig(level=logging.WARNING, format="railbox replay: %(message)s")
    target = Target(
        url=args.to,
        device=check_device(device),
        outbox=args.outbox,
        username=args.username,
        password_file=args.password_file,
        quiet_s=_thinning(args).quiet_s,
        timeout_s=args.timeout,
    )
    totals = send_log(log, target, args.speed)
    if args.json:
        print(json.dumps({"device": device, "unit": log.header.unit, **dataclasses.asdict(totals)}), flush=True)
    else:
        print(f"{args.log}: {totals.batches_committed} batches of {device} are committed, {totals.bytes_sent} bytes")
    return 0


def _print_json(log: Log, speed: float | None, out: TextIO) -> int:
    writer = JsonLines(log.header.unit)
    for step in paced(log.steps, speed):
        out.writelines(line + "\n" for line in writer.lines(step.items))
        if speed is not None:
            out.flush()
    out.writelines(line + "\n" for line in writer.finish())
    out.flush()
    _warn(log)
    return 0


def _warn(log: Log) -> None:
    """A log with sentences of which none had a checksum looks empty: say why."""
    if not log.counters["sentences"] and log.counters["no_checksum"]:
        found = log.counters["no_checksum"]
        print(f"railbox replay: {found} sentences have no checksum; --no-checksum takes them", file=sys.stderr)


def paced(steps: Iterable[Step], speed: float | None) -> Iterator[Step]:
    """The steps when they are due at `speed` times real time; None: at once."""
    started_s = time.monotonic()
    for step in steps:
        if speed is not None:
            time.sleep(max(0.0, started_s + step.at_s / speed - time.monotonic()))
        yield step


def _summary(log: Log, path: str) -> int:
    kinds: Counter[str] = Counter()
    untrusted = knots = 0
    times_ms: list[int] = []
    for item in log.items:
        kinds[type(item).__name__] += 1
        if isinstance(item, Fix):
            untrusted += not item.trusted
            times_ms = [*times_ms[:1], item.fix_time_ms]
        elif isinstance(item, Report):
            knots += len(item.knots)
    print(f"{path}: {log.kind}, unit {log.header.unit or 'not said'}, place {log.header.place or 'not said'}")
    if times_ms:
        print(
            f"  fixes {kinds['Fix']} ({untrusted} untrusted), {iso.from_ms(times_ms[0])} to {iso.from_ms(times_ms[-1])}"
        )
    else:
        print("  no fix")
    events = kinds["Event"] + kinds["UndatedEvent"]
    print(f"  knots {knots} in {kinds['Report']} reports, readings {kinds['Reading']}, events {events}")
    for name, count in sorted(log.counters.items()):
        print(f"  {name} {count}")
    _warn(log)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="railbox replay",
        description="Plays a log through the tracker's own pipeline: a recording, plain NMEA or GPX, also as .gz.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("log", metavar="LOG", help="the file")
    parser.add_argument("--json", action="store_true", help="everything as JSON lines; with --to, one line at the end")
    pace = parser.add_mutually_exclusive_group()
    pace.add_argument("--speed", type=_positive, metavar="N", help="N times as fast as it happened")
    pace.add_argument("--fast", action="store_true", help="as fast as it goes (what happens without --speed)")
    parser.add_argument(
        "--plot", type=_html, metavar="FILE.html", help="draw track, knots and error over time (HTML only, no picture)"
    )
    parser.add_argument("--unit", help="the container or wagon, where the log does not say or says it wrong")
    parser.add_argument("--device", metavar="ID", help="the tracker, where the log does not say")
    parser.add_argument("--no-checksum", action="store_true", help="take sentences without a checksum too")
    _thinning_options(parser.add_argument_group("thinning: deferred dead reckoning, or with --interval none"))
    to = parser.add_argument_group("sending, through the tracker's own outbox and uplink")
    to.add_argument("--to", metavar="URL", help="mqtt://HOST:PORT, or mqtts:// for TLS; ends when all is committed")
    to.add_argument("--outbox", type=Path, metavar="DIR", help="keep what is not committed here (default: in memory)")
    to.add_argument("--username", help="for the broker")
    to.add_argument("--password-file", type=Path, metavar="FILE", help="its first line is the password")
    to.add_argument(
        "--timeout", type=_positive, default=120.0, metavar="S", help="fail when S seconds bring no commit (120)"
    )
    return parser


def _thinning_options(group: "argparse._ArgumentGroup") -> None:  # pyright: ignore[reportPrivateUsage] - has no other name
    usual = ReckoningSettings()
    group.add_argument(
        "--error", type=_positive, default=usual.track_error_m, metavar="M", help="known within M metres (22)"
    )
    group.add_argument("--deadline", type=_seconds, default=usual.deadline_s, metavar="S", help="after S seconds (58)")
    group.add_argument("--interval", type=_seconds, metavar="S", help="instead, a knot every S seconds")
    group.add_argument("--report", type=_seconds, metavar="S", help="with --interval, sent every S seconds (as often)")


def _html(text: str) -> Path:
    if Path(text).suffix.lower() not in (".html", ".htm"):
        raise argparse.ArgumentTypeError(f"{text!r}: the plot is a page for a browser: end its name in .html")
    return Path(text)


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < 1e9:
        raise argparse.ArgumentTypeError(f"{text!r}: must be over 0")
    return value


def _seconds(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 86_400:
        raise argparse.ArgumentTypeError(f"{text!r}: must be 1 to 86400 seconds")
    return value
