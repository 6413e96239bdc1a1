"""Where a command asks: a running server, or its store; and what both ways have in common."""

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from railbox_server.asking import Asker
from railbox_server.config import read_secret
from railbox_server.errors import ServerError
from railbox_server.store.values import Row
from railbox_telemetry.settings import SettingsError

EXIT_FAILED, EXIT_USAGE = 1, 2
PAGE: Final = 1_000


def options() -> argparse.ArgumentParser:
    """A parent of parsers."""
    made = argparse.ArgumentParser(add_help=False)
    place = made.add_mutually_exclusive_group(required=True)
    place.add_argument("--data", type=Path, metavar="DIR", help="the server's data folder; the server may run or not")
    place.add_argument("--server", metavar="URL", help="a running server, like http://127.0.0.1:8080")
    made.add_argument("--token-file", type=Path, metavar="FILE", help="the token that the server asks for")
    made.add_argument("--json", action="store_true", help="a line of JSON a row")
    return made


def asker(args: argparse.Namespace) -> Asker:
    return Asker(args.server, read_secret("--token-file", args.token_file))


def pages(args: argparse.Namespace, path: str, key: str, wish: Mapping[str, str | None]) -> list[Row]:
    """All rows that the server lists there."""
    query: dict[str, Any] = {name: value for name, value in wish.items() if value} | {"limit": PAGE}
    rows: list[Row] = []
    while True:
        page = asker(args).ask(f"{path}?{urlencode(query)}")
        rows += page[key]
        if page["next"] is None:
            return rows
        query["cursor"] = page["next"]


def guarded(name: str, run: Callable[[], int]) -> int:
    """The exit code; an error is one line."""
    try:
        return run()
    except SettingsError as error:
        print(f"railbox {name}: {error}", file=sys.stderr)
        return EXIT_USAGE
    except ServerError as error:
        print(f"railbox {name}: {error}", file=sys.stderr)
        return EXIT_FAILED
