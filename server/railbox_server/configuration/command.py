"""`railbox device configure|configuration`: sets trackers through a running server, and shows what became of it."""

import argparse
import json
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import quote

from railbox_server import where
from railbox_server.asking import Asker
from railbox_server.store.values import Row
from railbox_telemetry.identity import check_device
from railbox_telemetry.settings import SettingsError

POLL_S: Final = 0.5
PENDING: Final = "pending"
APPLIED: Final = "applied"
CONFIGURE_EXAMPLES: Final = """examples:
  railbox device configure TRK1 thinning.deadline_s=300 uplink.keepalive_s=600
  railbox device configure TRK1 thinning.deadline_s= --wait 60        as the tracker's own file says again
  railbox device configure TRK1 'thresholds=[{channel="temp_c",above=8.0,hysteresis=0.5}]'
  railbox device configure TRK1,TRK2 satellite.toml --server http://127.0.0.1:8080

A tracker tries what it is set to, and takes it back when it cannot reach the broker under it. Exit code 0: applied, or
not answered yet; 1: a tracker refused it or took it back.
"""
CONFIGURATION_EXAMPLES: Final = """examples:
  railbox device configuration                  how every tracker that was ever to be set stands
  railbox device configuration TRK1 --keys      and what can be set
"""

Table = dict[str, Any]


def add_commands(add_parser: Callable[..., argparse.ArgumentParser]) -> None:
    place = where.server_options()
    raw = argparse.RawDescriptionHelpFormatter
    sets, shows = "sets trackers from afar", "how trackers are set from afar, and can be"
    command = add_parser(
        "configure", parents=[place], help=sets, description=sets, epilog=CONFIGURE_EXAMPLES, formatter_class=raw
    )
    command.add_argument("devices", metavar="DEVICE[,DEVICE…]", help="which")
    command.add_argument(
        "changes",
        nargs="*",
        metavar="FILE.toml|KEY=VALUE",
        help="a file: all that is to be set; KEY=VALUE: added to what was wanted so far; KEY=: taken out of that",
    )
    command.add_argument("--clear", action="store_true", help="nothing is to be set: the tracker's own file alone")
    command.add_argument("--wait", type=float, default=0.0, metavar="S", help="so long, for what the trackers say")
    command.set_defaults(run=configure)
    command = add_parser(
        "configuration",
        parents=[place],
        help=shows,
        description=shows,
        epilog=CONFIGURATION_EXAMPLES,
        formatter_class=raw,
    )
    command.add_argument("device", nargs="?", help="not given: all that were ever to be set")
    command.add_argument("--keys", action="store_true", help="with a device: what can be set, with types and defaults")
    command.set_defaults(run=show)


def configure(args: argparse.Namespace) -> int:
    """0 also while a tracker has not answered: it may be in a tunnel. 1 when one refused it or took it back."""
    asker = where.asker(args)
    devices = [check_device(device) for device in str(args.devices).split(",")]
    changes = _changes(args.changes, clear=args.clear)
    if isinstance(changes, Mapping):
        body = {"devices": devices, "settings": changes}
        rows: list[Row] = asker.ask("/api/configurations", body, "PUT")["configurations"]
    else:
        wishes = {device: _changed(_settings_of(asker, device), changes) for device in devices}
        rows = [asker.ask(_path(device), {"settings": wish}, "PUT") for device, wish in wishes.items()]
    end_s = time.monotonic() + args.wait
    rows = [_heard(asker, row, end_s) for row in rows]
    _print(rows, args.json)
    return where.EXIT_FAILED if any(row["wanted"]["state"] not in (PENDING, APPLIED) for row in rows) else 0


def show(args: argparse.Namespace) -> int:
    asker = where.asker(args)
    if args.device is None:
        rows = asker.pages("/api/configurations", "configurations")
        _print(rows, args.json)
        if not rows and not args.json:
            print("no tracker was ever to be set; railbox device configure sets one")
        return 0
    row = asker.ask(_path(check_device(args.device)))
    _print([row if args.keys and args.json else _short(row)], args.json)
    if args.keys and not args.json:
        for key in row["keys"]:
            default = "" if key["default"] is None else f", default {json.dumps(key['default'])}"
            print(f"\n{key['key']}  ({key['type']}{default})\n    {key['explanation']}")
    return 0


def lines(row: Row) -> Iterator[str]:
    """A device's configuration, for people."""
    wanted = row["wanted"]
    if wanted is None:
        yield f"{row['device']}: nothing was ever to be set; its own file alone holds"
        return
    why = f": {wanted['reason']}" if wanted["reason"] else ""
    why = why or (": the tracker has not answered yet" if wanted["state"] == PENDING else "")
    yield f"{row['device']}: version {wanted['version']} of {wanted['wanted_at']} is {wanted['state']}{why}"
    yield from (f"  {key} = {value}" for key, value in _flat(wanted["settings"], ""))
    if row["heard_at"] is not None and row["in_force"] != wanted["version"]:
        holds = "its own file alone" if row["in_force"] is None else f"version {row['in_force']}"
        yield f"  there holds {holds}, it said at {row['heard_at']}"
    if row["unreadable"]:
        yield f"  what reached it last was no configuration: {row['unreadable']}; who else writes to its topic?"


# --- how -------------------------------------------------------------------------------------------------------------


def _print(rows: Sequence[Row], as_json: bool) -> None:
    for row in rows:
        print(json.dumps(row) if as_json else "\n".join(lines(row)))


def _short(row: Row) -> Row:
    return {key: value for key, value in row.items() if key not in ("earlier", "keys")}


def _path(device: str) -> str:
    return f"/api/devices/{quote(device, safe='')}/configuration"


def _changes(words: Sequence[str], *, clear: bool) -> Table | list[tuple[str, object]]:
    """The whole of a file, or single keys with their values, None: to be taken out. Raises SettingsError."""
    if clear and not words:
        return {}
    if len(words) == 1 and "=" not in words[0] and not clear:
        return _file(Path(words[0]))
    if not words or clear or any("=" not in word for word in words):
        raise SettingsError("give one FILE.toml, or KEY=VALUE once or more, or --clear")
    return [_pair(word) for word in words]


def _file(path: Path) -> Table:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not valid TOML: {error}") from error


def _pair(word: str) -> tuple[str, object]:
    """`KEY=VALUE`, the value as TOML writes it; text may do without quotes."""
    key, _, text = word.partition("=")
    try:
        return key, tomllib.loads(f"value = {text}")["value"] if text else None
    except tomllib.TOMLDecodeError:
        return key, text


def _changed(settings: Table, changes: Sequence[tuple[str, object]]) -> Table:
    """The settings with the changes; raises SettingsError when a key leads through what is no table."""
    changed = cast("Table", json.loads(json.dumps(settings)))
    for key, value in changes:
        *path, name = key.split(".")
        table = changed
        for part in path:
            inner: object = table.setdefault(part, {})
            if not isinstance(inner, dict):
                raise SettingsError(f"{key}: {part} is no table")
            table = cast("Table", inner)
        if value is None:
            table.pop(name, None)
        else:
            table[name] = value
    return {name: value for name, value in changed.items() if value != {}}


def _settings_of(asker: Asker, device: str) -> Table:
    wanted = asker.ask(_path(device))["wanted"]
    return wanted["settings"] if wanted else {}


def _heard(asker: Asker, row: Row, end_s: float) -> Row:
    """The row once the tracker has answered, or the time is over."""
    while row["wanted"]["state"] == PENDING and time.monotonic() < end_s:
        time.sleep(POLL_S)
        row = asker.ask(_path(row["device"]))
    return _short(row)


def _flat(table: Mapping[str, Any], key: str) -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(cast("Table", value), f"{key}{name}.")
        else:
            yield f"{key}{name}", json.dumps(value)
