"""`railbox board`: looks at a sensor board, sets it, watches it, puts firmware on it."""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from railbox_agent import AgentError
from railbox_agent.board_tool import report
from railbox_agent.board_tool.flash import find_usb, flash
from railbox_agent.board_tool.session import BoardError, Session, open_session
from railbox_agent.config import DEFAULT_PATH, AgentConfig
from railbox_bridge import commands
from railbox_telemetry.settings import SettingsError, load

CLOCK_SETTLES_S: Final = 2.0
"""Sixteen time pings, a quarter of a second apart, take longer; eight tell enough."""

_EXAMPLES: Final = """examples:
  railbox board flash                                 the firmware onto the one board on USB
  railbox board info                                  who is it, and which of its parts answer?
  railbox board monitor                               what it measures and sees happen, until Ctrl-C
  railbox board settings                              all of them, with their bounds
  railbox board settings low_power=1 sample_period_ms=600000
  railbox board level                                 as it stands now is level
  railbox board info --port /dev/ttyAMA0 --json       not the port of the agent's settings
The agent has the port to itself while it runs: systemctl stop railbox-agent.
"""


def main(argv: list[str]) -> int:
    args = _parser().parse_args(argv)
    try:
        return args.do(args)
    except SettingsError as error:
        print(f"railbox board: {error}; or name the port by --port", file=sys.stderr)
        return 2
    except AgentError as error:
        print(f"railbox board: {error}", file=sys.stderr)
        return 1


# --- what can be done ------------------------------------------------------------------------------------------------


def _info(args: argparse.Namespace) -> int:
    with open_session(_port(args), args.wait) as session:
        hello = session.hello()
        for _ in session.values(CLOCK_SETTLES_S):
            pass
        row = report.info_row(hello, session.clock_error_ms)
    _show(args, row, report.info_lines)
    return 0


def _settings(args: argparse.Namespace) -> int:
    with open_session(_port(args), args.wait) as session:
        if args.defaults:
            session.order(commands.RESET_SETTINGS)
        for number, value in args.changes:
            session.order(commands.SET, number, value)
        numbers = [number for number, _ in args.changes] or list(commands.SETTINGS)
        for number in numbers:
            row = report.setting_row(number, session.order(commands.GET, number))
            _show(args, row, lambda row: [report.setting_line(row)])
    return 0


def _monitor(args: argparse.Namespace) -> int:
    with open_session(_port(args), args.wait) as session:
        session.hello()
        for row in _watched(session, args.every, args.seconds):
            _show(args, row, lambda row: [f"{time.strftime('%H:%M:%S')}  {report.value_line(row)}"])
    return 0


def _watched(session: Session, every_s: float, seconds: float | None) -> Iterator[report.Row]:
    """What the board says, asked for a sample so often: its own period is kept."""
    asked_s = float("-inf")
    for value in session.values(seconds):
        if time.monotonic() - asked_s >= every_s:
            asked_s = time.monotonic()
            session.ask_for(commands.SAMPLE_NOW)
        if value is not None and (row := report.value_row(value)):
            yield row


def _order(args: argparse.Namespace) -> int:
    with open_session(_port(args), args.wait) as session:
        session.order(args.code, 0, getattr(args, "for_s", 0))
    _show(args, {"done": args.command}, lambda row: [f"{row['done']}: done"])
    return 0


def _flash(args: argparse.Namespace) -> int:
    version = flash(args.usb or find_usb(), lambda line: print(line, file=sys.stderr))
    _show(args, {"firmware": version}, lambda row: [f"the board has firmware {row['firmware']} and restarts"])
    return 0


# --- edges -----------------------------------------------------------------------------------------------------------


def _port(args: argparse.Namespace) -> str:
    if args.port:
        return args.port
    config = load(args.config, AgentConfig)
    board = next((port for port in config.ports if port.kind == "board"), None)
    if board is None:
        raise BoardError(f"{args.config} has no port of kind board: name it by --port")
    return board.path


def _show(args: argparse.Namespace, row: report.Row, lines: Callable[[report.Row], list[str]]) -> None:
    print(json.dumps(row, ensure_ascii=False) if args.json else "\n".join(lines(row)), flush=True)


def _change(text: str) -> tuple[int, int]:
    name, _, value = text.partition("=")
    if name not in report.SETTING_NUMBERS:
        raise argparse.ArgumentTypeError(f"no setting {name!r}; there are {', '.join(report.SETTING_NUMBERS)}")
    number = report.SETTING_NUMBERS[name]
    _, unit, _, low, high = commands.SETTINGS[number]
    if not value.removeprefix("-").isdigit() or not commands.setting_fits(number, int(value)):
        raise argparse.ArgumentTypeError(f"{text!r}: write {name}=VALUE, a whole number from {low} to {high} ({unit})")
    return number, int(value)


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r}: must be over 0")
    return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="railbox board",
        description="The sensor board: looks at it, sets it, watches it, puts firmware on it.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    output = argparse.ArgumentParser(add_help=False)
    output.add_argument("--json", action="store_true", help="JSON, a line each, where a program reads it")
    link = argparse.ArgumentParser(add_help=False, parents=[output])
    link.add_argument("--port", metavar="PATH", help="the board's serial port (default: that of the agent's settings)")
    link.add_argument("--config", type=Path, default=DEFAULT_PATH, metavar="FILE", help="the agent's settings")
    link.add_argument("--wait", type=_positive, default=15.0, metavar="S", help="how long for an answer (15)")
    table = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(
        name: str, does: str, do: Callable[[argparse.Namespace], int], parent: argparse.ArgumentParser = link
    ) -> argparse.ArgumentParser:
        one = table.add_parser(name, help=does, description=does, parents=[parent])
        one.set_defaults(do=do)
        return one

    add("info", "who the board is, and which of its parts answer", _info)
    monitor = add("monitor", "what it measures and sees happen, until Ctrl-C", _monitor)
    monitor.add_argument("--every", type=_positive, default=2.0, metavar="S", help="a sample so often (2)")
    monitor.add_argument("--seconds", type=_positive, metavar="S", help="end by itself after so long")
    settings = add("settings", "shows or changes what is kept in the board's flash", _settings)
    settings.add_argument("changes", nargs="*", type=_change, metavar="NAME=VALUE")
    settings.add_argument("--defaults", action="store_true", help="first back to what the firmware came with")
    usb = add("flash", "puts this installation's firmware onto a board on USB, by mpremote", _flash, output)
    usb.add_argument("--usb", metavar="PATH", help="the board's USB port (default: the one board there is)")
    add("level", "as it stands now is level: tilt is measured from here", _order).set_defaults(code=commands.LEVEL)
    add("restart", "starts the board anew", _order).set_defaults(code=commands.RESTART)
    identify = add("identify", "blinks the board's light", _order)
    identify.set_defaults(code=commands.IDENTIFY)
    identify.add_argument(
        "--for", dest="for_s", type=int, default=10, metavar="S", help="so many seconds, up to 60 (10)"
    )
    return parser
