"""`railbox doctor`: looks at this computer's tracker, and says what is well, what is not, and what to do."""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from railbox_agent.config import DEFAULT_PATH, AgentConfig
from railbox_agent.doctor import ask, broker, files, judge, listen, service, store
from railbox_agent.doctor.facts import Heard, Port, Stored
from railbox_agent.doctor.findings import Finding, as_row, exit_code, fail, lines, ok, warn
from railbox_agent.gnss.receiver import GnssSettings
from railbox_agent.health.machine import read_machine
from railbox_agent.health.snapshot import Snapshot
from railbox_agent.parts import access_of, port_specs
from railbox_telemetry import iso
from railbox_telemetry.settings import SettingsError, load

SECONDS: Final = 12.0
"""Enough for five rates of a receiver that was never heard, and a board's HELLO after ours."""
EXIT_USAGE: Final = 2
BY_ID: Final = Path("/dev/serial/by-id")

_EXAMPLES: Final = """examples:
  railbox doctor                              of the service's settings
  railbox doctor --config agent.toml --json   for programs
  sudo railbox doctor --seconds 60            a receiver whose rate is hard to find

While the agent runs, it is asked over its local socket, and the ports are left to it. Otherwise the ports are opened
and listened to, and the broker is tried in the tracker's name.

exit code: 0 nothing fails, 1 something does, 2 the settings cannot be used
"""


def main(argv: list[str]) -> int:
    args = _parser().parse_args(argv)
    path: Path = args.config or DEFAULT_PATH
    try:
        config = load(path, AgentConfig)
    except SettingsError as error:
        todo = "run this as root, or name a file by --config; railbox agent --print-config shows every key"
        _show([fail("settings", str(error), todo)], as_json=args.json)
        return EXIT_USAGE
    findings = [ok("settings", f"{path}: {config.device}"), *_examine(config, path, args)]
    _show(findings, as_json=args.json)
    return exit_code(findings)


def _examine(config: AgentConfig, path: Path, args: argparse.Namespace) -> Iterator[Finding]:
    now_s = int(time.time())
    try:
        yield from _running(config, ask.ask(args.socket or config.health.socket or ask.SERVICE_SOCKET), now_s)
    except ask.NoAnswerError as error:
        yield from _alone(config, error, args, now_s)
    yield from files.look(config, path, files.service_user(), now_s)
    yield from service.look()


def _running(config: AgentConfig, seen: Snapshot, now_s: int) -> Iterator[Finding]:
    """Of a tracker whose agent answers."""
    vitals = seen.vitals
    ports = [Port(port.name, port.path, port.kind) for port in config.ports]
    yield from judge.agent(seen)
    yield from judge.open_ports(vitals, ports, _serial_ports())
    yield from broker.look(access_of(config), now_s, agent_runs=True)
    cap_bytes, used_bytes = vitals.outbox_cap_bytes, vitals.outbox_bytes
    yield judge.outbox(vitals.batches, used_bytes, cap_bytes, vitals.oldest_s, connected=vitals.trouble is None)
    yield from judge.machine(seen.machine, cap_bytes, used_bytes)
    yield from judge.low_spells(seen.low_spells)
    yield judge.clock(vitals.clock)
    yield from judge.counts(vitals.counters)


def _alone(config: AgentConfig, error: ask.NoAnswerError, args: argparse.Namespace, now_s: int) -> Iterator[Finding]:
    """Of a tracker whose agent does not run, or does not let itself be asked."""
    found = store.look(config.outbox.folder)
    cap_bytes = config.outbox.cap_mb * 1_000_000
    runs = found.in_use or isinstance(error, ask.ForbiddenError)
    fix = None
    if runs:
        yield warn("agent", f"runs, but cannot be asked: {error}", "run this as root; or see health.socket")
    else:
        yield warn("agent", "does not run", "systemctl start railbox-agent")
        heard = _listen(config, found, args.seconds)
        for one in heard:
            yield from judge.heard(one, args.seconds, _serial_ports())
        fix = next((one.fix for one in heard if one.fix is not None), None)
    yield from broker.look(access_of(config), now_s, agent_runs=runs)
    yield from judge.stored(found, cap_bytes, now_s)
    computer = replace(read_machine(config.outbox.folder), rss_bytes=None)  # which is the doctor's own
    yield from judge.machine(computer, cap_bytes, found.used_bytes)
    yield judge.host_clock(now_s, iso.to_ms(config.time.floor) // 1000, fix)


def _listen(config: AgentConfig, found: Stored, seconds: float) -> list[Heard]:
    pivot_ms = iso.to_ms(config.time.pivot or config.time.floor)
    gnss = GnssSettings(config.gnss.checksum_required, pivot_ms)
    try:
        return listen.listen(port_specs(config), gnss, seconds, found.rates, _progress)
    finally:
        _print_progress("\r\033[K")


def _progress(elapsed_s: float) -> None:
    _print_progress(f"\rlistening to the ports: {elapsed_s:.0f} s")


def _print_progress(text: str) -> None:
    if sys.stderr.isatty():
        print(text, end="", file=sys.stderr, flush=True)


def _serial_ports() -> list[str]:
    found = sorted(str(path) for path in BY_ID.glob("*")) if BY_ID.is_dir() else []
    return found or sorted(str(path) for name in ("ttyUSB*", "ttyACM*", "ttyAMA*") for path in Path("/dev").glob(name))


def _show(findings: list[Finding], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(as_row(findings), indent=2, ensure_ascii=False))
        return
    for line in lines(findings, colour=sys.stdout.isatty() and not os.environ.get("NO_COLOR")):
        print(line)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="railbox doctor",
        description="Looks at this computer's tracker: ports, broker, outbox, disk, clock, supply, files, service.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help=f"the settings (default {DEFAULT_PATH})")
    parser.add_argument(
        "--socket", type=Path, metavar="FILE", help=f"where the agent answers (default {ask.SERVICE_SOCKET})"
    )
    parser.add_argument(
        "--seconds", type=float, default=SECONDS, metavar="S", help=f"listen so long at most (default {SECONDS:g})"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object: ok, findings")
    return parser
