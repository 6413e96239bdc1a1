"""`railbox device`: which device is fixed to which unit, told to a running server or straight to its store; and how
trackers are set from afar (configuration/command.py).

Two desks with the same calls: one over HTTP, one over the store's file, whether a server has it open or not.
"""

import argparse
import json
import time
from typing import Final, Protocol
from urllib.parse import quote

from railbox_server import where
from railbox_server.asking import Asker
from railbox_server.configuration import command as configuration
from railbox_server.device_rows import assignment_row, device_rows
from railbox_server.errors import ServerError
from railbox_server.fleet import Assignment, Span, start_of_new
from railbox_server.store.interface import Store
from railbox_server.store.opening import open_store
from railbox_server.store.values import Row
from railbox_telemetry import iso
from railbox_telemetry.identity import check_device, parse_unit

EXAMPLES: Final = """examples:
  railbox device list --server http://127.0.0.1:8080
  railbox device assign TRK1 "CSQU 305438-3" --data /var/lib/railbox
  railbox device assign TRK2 CSQU3054383 --from 2026-11-01T08:00:00Z --data /var/lib/railbox
  railbox device unassign TRK1 --data /var/lib/railbox
  railbox device configure TRK1 thinning.deadline_s=300 uplink.keepalive_s=600
  railbox device configure TRK1,TRK2 satellite.toml --server http://127.0.0.1:8080
  railbox device configuration TRK1 --keys

A device's first assignment covers all it ever sent; a later one starts now, or when --from says.
"""


class Desk(Protocol):
    """Where assignments are kept. Times are ISO 8601, or None where none is given."""

    def assign(self, device: str, unit: str, start: str | None, end: str | None) -> Row: ...

    def unassign(self, device: str, end: str | None) -> Row: ...

    def revoke(self, device: str) -> None: ...

    def devices(self) -> list[Row]: ...


class StoreDesk:
    """The store's own file."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def assign(self, device: str, unit: str, start: str | None, end: str | None) -> Row:
        now_s = int(time.time())
        start_s = _time_s(start)
        if start_s is None:
            start_s = start_of_new(device, self._store.assignments(), now_s)
        new = Assignment(device, unit, Span(start_s, _time_s(end)))
        self._store.assign(new, now_s * 1000)
        return assignment_row(new)

    def unassign(self, device: str, end: str | None) -> Row:
        end_s = _time_s(end)
        return assignment_row(self._store.end_assignment(device, int(time.time()) if end_s is None else end_s))

    def revoke(self, device: str) -> None:
        if device not in self._store.known_devices():
            raise ServerError(f"{device} is not known; railbox device list shows who is")
        self._store.revoke(device)

    def devices(self) -> list[Row]:
        return device_rows(self._store, int(time.time()))


class HttpDesk:
    """A running server."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    def assign(self, device: str, unit: str, start: str | None, end: str | None) -> Row:
        return self._asker.ask("/api/assignments", {"device": device, "unit": unit, "from": start, "to": end})

    def unassign(self, device: str, end: str | None) -> Row:
        return self._asker.ask(f"/api/assignments/{quote(device, safe='')}/end", {"to": end})

    def revoke(self, device: str) -> None:
        self._asker.ask(f"/api/devices/{quote(device, safe='')}/revoke", {})

    def devices(self) -> list[Row]:
        return self._asker.pages("/api/devices", "devices")


def main(argv: list[str]) -> int:
    args = parser().parse_args(argv)
    return where.guarded("device", lambda: args.run(args))


def assign(args: argparse.Namespace) -> int:
    device, unit = check_device(args.device), parse_unit(args.unit).number
    _tell(_desk(args).assign(device, unit, args.start, args.end), args.json)
    return 0


def unassign(args: argparse.Namespace) -> int:
    _tell(_desk(args).unassign(check_device(args.device), args.end), args.json)
    return 0


def revoke(args: argparse.Namespace) -> int:
    device = check_device(args.device)
    _desk(args, must_exist=True).revoke(device)
    if not args.json:
        print(f"{device} is known no more: what it sends goes to quarantine, until railbox device assign")
    return 0


def show(args: argparse.Namespace) -> int:
    rows = _desk(args, must_exist=True).devices()
    if args.json:
        for row in rows:
            print(json.dumps(row))
    else:
        print("\n".join(table(rows)))
    return 0


def table(rows: list[Row]) -> list[str]:
    """The devices in columns, for people."""
    heads = ("device", "unit", "from", "to", "last seen", "batches", "missing")
    keys = ("device", "unit", "from", "to", "last_seen", "batches", "missing")
    lines = [heads, *([str("-" if row[key] is None else row[key]) for key in keys] for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(heads))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]


def _desk(args: argparse.Namespace, *, must_exist: bool = False) -> Desk:
    if args.server:
        return HttpDesk(where.asker(args))
    return StoreDesk(where.store(args) if must_exist else open_store(args.data))


def _tell(row: Row, as_json: bool) -> None:
    if as_json:
        print(json.dumps(row))
    else:
        start = "the beginning" if row["from"] is None else row["from"]
        print(f"{row['device']} on {row['unit']} from {start} {'on' if row['to'] is None else 'to ' + row['to']}")


def _time_s(text: str | None) -> int | None:
    return None if text is None else iso.to_s(text)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="railbox device",
        description="Which device is fixed to which unit, from when to when; and how trackers are set from afar.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    place = where.options()
    commands = made.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("assign", parents=[place], help="fixes a device to a unit; makes it known")
    command.add_argument("device")
    command.add_argument("unit", help="container (ISO 6346) or wagon (UIC) number, with its check digit")
    command.add_argument("--from", dest="start", type=where.moment, metavar="TIME", help="from when on")
    command.add_argument("--to", dest="end", type=where.moment, metavar="TIME", help="until when")
    command.set_defaults(run=assign)
    command = commands.add_parser("unassign", parents=[place], help="ends a device's assignment")
    command.add_argument("device")
    command.add_argument("--to", dest="end", type=where.moment, metavar="TIME", help="when it ended (default: now)")
    command.set_defaults(run=unassign)
    command = commands.add_parser("revoke", parents=[place], help="makes a device unknown: what it sends is kept apart")
    command.add_argument("device")
    command.set_defaults(run=revoke)
    command = commands.add_parser("list", parents=[place], help="every known device, its unit and its health")
    command.set_defaults(run=show)
    configuration.add_commands(commands.add_parser)
    return made
