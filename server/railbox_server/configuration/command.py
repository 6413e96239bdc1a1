"""`railbox device configure|configuration`: sets trackers through a running server, and shows what became of it."""

import argparse
import json
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import quote

from railbox_server.asking import Asker
from railbox_server.config import read_secret
from railbox_server.store.values import Row
from railbox_telemetry.identity import check_device
from railbox_telemetry.settings import SettingsError

SERVER: Final = "http://127.0.0.1:8080"
POLL_S: Final = 0.5
PENDING: Final = "pending"
APPLIED: Final = "applied"

Table = dict[str, Any]


def add_commands(add_parser: Callable[..., argparse.ArgumentParser]) -> None:
    where = argparse.ArgumentParser(add_help=False)
    where.add_argument("--server", default=SERVER, metavar="URL", help=f"the running server (default {SERVER})")
    where.add_argument("--token-file", type=Path, metavar="FILE", help="the token that the server asks for")
    where.add_argument("--json", action="store_true", help="a line of JSON a device")
    command = add_parser("configure", parents=[where], help="sets trackers from afar")
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
    command = add_parser("configuration", parents=[where], help="how a tracker is set from afar, and can be")
    command.add_argument("device")
    command.add_argument("--keys", action="store_true", help="what can be set, with types and defaults")
    command.set_defaults(run=show)


def configure(args: argparse.Namespace) -> int:
    """0 also while a tracker has not answered: it may be in a tunnel. 1 when one refused it or took it back."""
    asker = _asker(args)
    devices = [check_device(device) for device in str(args.devices).split(",")]
    changes = _changes(args.changes, clear=args.clear)
    if isinstance(changes, Mapping):
        body = {"devices": devices, "settings": changes}
        rows: list[Row] = asker.ask("/api/configurations", body, "PUT")["configurations"]
    else:
        wishes = {device: _changed(_settings_of(asker, device), changes) for device in devices}
        rows = [asker.ask(_path(device), {"settings": wish}, "PUT") for device, wish in wishes.items()]
    rows = [_heard(asker, row, args.wait) for row in rows]
    for row in rows:
        print(json.dumps(row) if args.json else "\n".join(lines(row)))
    return 0 if all(row["wanted"]["state"] in (PENDING, APPLIED) for row in rows) else 1


def show(args: argparse.Namespace) -> int:
    row = _asker(args).ask(_path(check_device(args.device)))
    if args.json:
        print(json.dumps(row))
        return 0
    print("\n".join(lines(row)))
    if args.keys:
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
    yield f"{row['device']}: version {wanted['version']} of {wanted['wanted_at']} is {wanted['state']}{why}"
    yield from (f"  {key} = {value}" for key, value in _flat(wanted["settings"], ""))
    if row["heard_at"] is not None and row["in_force"] != wanted["version"]:
        holds = "its own file alone" if row["in_force"] is None else f"version {row['in_force']}"
        yield f"  there holds {holds}, it said at {row['heard_at']}"
    if row["unreadable"]:
        yield f"  what reached it last was no configuration: {row['unreadable']}; who else writes to its topic?"


# --- how -------------------------------------------------------------------------------------------------------------


def _asker(args: argparse.Namespace) -> Asker:
    return Asker(args.server, read_secret("--token-file", args.token_file))


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


def _heard(asker: Asker, row: Row, wait_s: float) -> Row:
    """The row once the tracker has answered, or the time is over."""
    end_s = time.monotonic() + wait_s
    while row["wanted"]["state"] == PENDING and time.monotonic() < end_s:
        time.sleep(POLL_S)
        row = asker.ask(_path(row["device"]))
    return {key: value for key, value in row.items() if key not in ("earlier", "keys")}


def _flat(table: Mapping[str, Any], key: str) -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(cast("Table", value), f"{key}{name}.")
        else:
            yield f"{key}{name}", json.dumps(value)
