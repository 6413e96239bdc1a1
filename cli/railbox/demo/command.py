"""`railbox demo`: simulates the journeys, starts the server and the trackers, and tells what came of it."""

import argparse
import json
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tqdm import tqdm

from railbox.demo import api, summary
from railbox.demo.fleet import FLEET, HZ, KNOT_INTERVAL_S, REPLAY_SPEED, REPORT_INTERVAL_S, Group
from railbox.demo.processes import Child, DemoError
from railbox_agent import recording

EXAMPLES = """examples:
  railbox demo                  watch the journeys on the page that it names; Ctrl-C ends it
  railbox demo --once --json    as fast as the machine can, then one JSON summary
"""
SETTLE_TIMEOUT_S = 120
# The recordings run thousands of times faster than life, so a second of the machine is hours of theirs: a tracker
# counts as out of contact only after more than that.
SERVER_CONFIG = "[borders]\nheartbeat_s = 86400\n"


def main(argv: list[str]) -> int:
    args = parser().parse_args(argv)
    # Asked to end, by whomever: the children are stopped all the same.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with ExitStack() as stack:
        folder = args.data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="railbox-demo-")))
        folder.mkdir(parents=True, exist_ok=True)
        try:
            run(args, folder, stack)
        except DemoError as error:
            print(f"railbox demo: {error}", file=sys.stderr)
            return 1
    return 0


def run(args: argparse.Namespace, folder: Path, stack: ExitStack) -> None:
    logs = simulate(folder / "recordings", stack)
    base, broker = start_server(folder, args.http, stack)
    headers = [recording.read(log).header for log in logs]
    for header in headers:
        api.post(base, "/api/assignments", {"device": header.device, "unit": header.unit})
    say(f"Page: {base}/    API: {base}/docs    data: {folder}")
    at = "full speed" if args.once else f"×{args.speed:,.0f}"
    say(f"{len(logs)} trackers are travelling at {at}")
    trackers = depart(headers, logs, folder, stack, broker, speed=None if args.once else args.speed)
    sent = follow(trackers)
    api.wait_for(lambda: api.get(base, "/healthz")["engine_pending"] == 0, "the border engine", SETTLE_TIMEOUT_S)
    tell(summary.summarise(base, sent), as_json=args.json)
    if not args.once:
        say(f"The journeys have ended; the page stays at {base}/ until Ctrl-C.")
        while True:
            time.sleep(3600)


def simulate(folder: Path, stack: ExitStack) -> list[Path]:
    """The recordings of the fleet, one `railbox simulate` a corridor, side by side."""
    folder.mkdir(exist_ok=True)
    say("Simulating the journeys")
    end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    children = [
        start(stack, f"simulate {group.corridor}", simulate_args(group, folder, end), folder) for group in FLEET
    ]
    for child in children:
        child.output()
    return [path for group in FLEET for path in sorted(folder.glob(f"{group.corridor}*.rbrec.gz"))]


def simulate_args(group: Group, folder: Path, end: str) -> list[str]:
    out = folder / f"{group.corridor}.rbrec.gz"
    return [
        "simulate",
        *("--corridor", group.corridor, "--units", str(group.units), "--seed", str(group.seed)),
        *("--days", str(group.days), "--hz", str(HZ), "--end", end, "--out", str(out)),
    ]


def depart(
    headers: Sequence[recording.Header],
    logs: Sequence[Path],
    folder: Path,
    stack: ExitStack,
    broker: str,
    *,
    speed: float | None,
) -> list[Child]:
    """Starts the trackers; at a speed, each when the recordings' common time comes to the start of its own."""
    began_s = time.monotonic()
    first_ms = min(header.started_at_ms for header in headers)
    trackers: list[Child] = []
    for header, log in sorted(zip(headers, logs, strict=True), key=lambda pair: pair[0].started_at_ms):
        if speed:
            due_s = began_s + (header.started_at_ms - first_ms) / 1000 / speed
            time.sleep(max(0.0, due_s - time.monotonic()))
        args = [*tracker_args(header.device, log, broker, folder), *(["--speed", str(speed)] if speed else ["--fast"])]
        trackers.append(start(stack, f"tracker {header.device}", args, folder))
    return trackers


def tracker_args(device: str | None, log: Path, broker: str, folder: Path) -> list[str]:
    return [
        *("replay", str(log), "--to", broker, "--outbox", str(folder / "outboxes" / str(device)), "--json"),
        *("--interval", str(KNOT_INTERVAL_S), "--report", str(REPORT_INTERVAL_S)),
    ]


def start_server(folder: Path, http: str, stack: ExitStack) -> tuple[str, str]:
    """The server with its embedded broker; returns their addresses."""
    config = folder / "server.toml"
    config.write_text(SERVER_CONFIG)
    args = ["server", "--config", str(config), "--data", str(folder / "server"), "--http", http, "--clock", "replay"]
    ready = json.loads(start(stack, "server", [*args, "--json"], folder).first_line())
    return ready["http"], ready["broker"]


def start(stack: ExitStack, name: str, args: Sequence[str], folder: Path) -> Child:
    child = Child(name, list(args), folder / f"{name.replace(' ', '-')}.log")
    stack.callback(child.stop)
    return child


def follow(trackers: Sequence[Child]) -> list[dict[str, Any]]:
    """Waits for all trackers to have all committed; returns the line that each ended with."""
    with tqdm(trackers, unit="tracker", disable=not sys.stderr.isatty(), leave=False) as shown:
        return [json.loads(tracker.output().splitlines()[-1]) for tracker in shown]


def tell(result: dict[str, Any], *, as_json: bool) -> None:
    print(json.dumps(result, indent=2) if as_json else "\n".join(summary.lines(result)), flush=True)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="railbox demo",
        description="Broker, server, page and trackers on three corridors, on this machine, from simulated recordings.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--once", action="store_true", help="run to the end at full speed, tell the summary, exit")
    made.add_argument("--json", action="store_true", help="the summary as JSON")
    made.add_argument(
        "--http", default="127.0.0.1:0", metavar="HOST:PORT", help="the page's address (default: a free port)"
    )
    made.add_argument("--data", type=Path, metavar="DIR", help="keep everything here (default: a temporary folder)")
    made.add_argument(
        "--speed", type=float, default=REPLAY_SPEED, help=f"recorded seconds a second (default {REPLAY_SPEED:,.0f})"
    )
    return made
