"""Where a command asks: a running server, or its store; and what commands have in common."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from railbox_server.asking import Asker
from railbox_server.config import read_secret
from railbox_server.errors import ServerError
from railbox_server.store.interface import Store
from railbox_server.store.opening import open_store
from railbox_server.store.sqlite import FILE
from railbox_telemetry import iso
from railbox_telemetry.identity import IdentityError
from railbox_telemetry.settings import SettingsError

EXIT_FAILED, EXIT_USAGE = 1, 2
SERVER: Final = "http://127.0.0.1:8080"


def options(*, rows: bool = True) -> argparse.ArgumentParser:
    """A parent of parsers: a server or a store. `rows`: what they print may be JSON."""
    made = argparse.ArgumentParser(add_help=False)
    place = made.add_mutually_exclusive_group(required=True)
    place.add_argument("--data", type=Path, metavar="DIR", help="the server's data folder; the server may run or not")
    place.add_argument("--server", metavar="URL", help=f"a running server, like {SERVER}")
    _common(made, rows=rows)
    return made


def server_options() -> argparse.ArgumentParser:
    """A parent of parsers of what only a running server can do."""
    made = argparse.ArgumentParser(add_help=False)
    made.add_argument("--server", default=SERVER, metavar="URL", help=f"the running server (default {SERVER})")
    _common(made)
    return made


def _common(made: argparse.ArgumentParser, *, rows: bool = True) -> None:
    made.add_argument("--token-file", type=Path, metavar="FILE", help="the token that the server asks for")
    if rows:
        made.add_argument("--json", action="store_true", help="a line of JSON a row")


def asker(args: argparse.Namespace) -> Asker:
    return Asker(args.server, read_secret("--token-file", args.token_file))


def store(args: argparse.Namespace) -> Store:
    """That of --data; raises ServerError where there is none."""
    if not (args.data / FILE).is_file():
        raise ServerError(f"no store in {args.data}; give the folder that the server's settings name as data")
    return open_store(args.data)


def moment(text: str) -> str:
    """An argument that is a time; argparse says so when it is none."""
    iso.to_s(text)
    return text


moment.__name__ = "ISO 8601 time with zone"


def guarded(name: str, run: Callable[[], int]) -> int:
    """The exit code; an error is one line."""
    try:
        return run()
    except (IdentityError, SettingsError) as error:
        print(f"railbox {name}: {error}", file=sys.stderr)
        return EXIT_USAGE
    except BrokenPipeError:
        raise  # the reader of our output went away, which the dispatcher knows
    except (ServerError, OSError) as error:
        print(f"railbox {name}: {error}", file=sys.stderr)
        return EXIT_FAILED
