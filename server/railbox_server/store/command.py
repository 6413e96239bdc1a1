"""`railbox store`: care for a store by command, most of it while a server uses it.

Says what it does, with progress where a person watches.
"""

import argparse
import fcntl
import sys
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, TextIO

from tqdm import tqdm

from railbox_server.errors import ServerError
from railbox_server.store.backup import Progress, backup
from railbox_server.store.health import check, set_aside
from railbox_server.store.opening import noted, open_books, store_of
from railbox_server.store.restore import restore
from railbox_server.store.sqlite import FILE

EXIT_FAILED: Final = 1
LOCK: Final = "server.lock"
BESIDE: Final = ("configuration.db", "telling.db")
"""Small files of the same folder: what trackers are to be set to, and what was told to whom."""
EXAMPLES: Final = """examples:
  railbox store backup /backup/railbox.db --data /var/lib/railbox      while the server runs
  railbox store restore /backup/railbox.db --data /var/lib/railbox     adds what is not there, the server may run
  railbox store restore /var/lib/railbox/railbox.db.damaged-… --data /var/lib/railbox
  railbox store check --data /var/lib/railbox
  railbox store rebuild --data /var/lib/railbox                        the server must be stopped
"""


def main(argv: list[str]) -> int:
    args = parser().parse_args(argv)
    try:
        return args.run(args)
    except ServerError as error:
        print(f"railbox store: {error}", file=sys.stderr)
        return EXIT_FAILED


def run_backup(args: argparse.Namespace) -> int:
    with _bar("pages") as progress:
        size = backup(args.data / FILE, args.file, progress)
    print(f"{args.file}: {size:,} bytes")
    for name in BESIDE:
        if (args.data / name).is_file():
            beside = _beside(args.file, name)
            print(f"{beside}: {backup(args.data / name, beside):,} bytes")
    return 0


def run_restore(args: argparse.Namespace) -> int:
    args.data.mkdir(parents=True, exist_ok=True)
    with closing(store_of(args.data, noted(args.data))) as store, _bar("batches") as progress:
        done = restore(args.file, store, args.data, progress)
    print(f"{args.file}: {done}")
    for name in BESIDE:
        if (beside := _beside(args.file, name)).is_file() and not (args.data / name).exists():
            backup(beside, args.data / name)
            print(f"{beside}: as {args.data / name}")
    return 0


def run_check(args: argparse.Namespace) -> int:
    """Looks through all of the file; mends nothing: a start of the server does."""
    open_books(args.data).close()
    _, damage = check(args.data / FILE, None)
    for path in set_aside(args.data / FILE):
        print(f"set aside earlier: {path}")
    if damage is not None:
        print(f"{args.data / FILE} is damaged: {damage}; start the server: it sets it aside and saves what can be read")
        return EXIT_FAILED
    print(f"{args.data / FILE} is sound")
    return 0


def run_rebuild(args: argparse.Namespace) -> int:
    with closing(open_books(args.data)) as store, _alone(args.data), _bar("batches") as progress:
        whole, done = store.batches(), 0

        def count(more: int) -> None:
            nonlocal done
            done += more
            progress(done, whole)

        rebuilt = store.rebuild(count)
    print(f"{rebuilt:,} batches; visits and crossings are derived anew when the server starts")
    return 0


def _beside(file: Path, name: str) -> Path:
    return file.with_name(f"{file.stem}-{name}")


@contextmanager
def _bar(unit: str) -> Generator[Progress]:
    with tqdm(unit=f" {unit}", disable=not sys.stderr.isatty(), leave=False) as bar:

        def show(done: int, whole: int) -> None:
            bar.total = whole
            bar.update(done - bar.n)

        yield show


@contextmanager
def _alone(data: Path) -> Generator[None]:
    """While no server runs on the folder, and so that none starts."""
    with (data / LOCK).open("w") as lock:
        _lock(lock, data)
        yield


def _lock(lock: TextIO, data: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ServerError(f"a server uses {data}: stop it first") from error


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="railbox store",
        description="Backup, restore, check and rebuild of a server's store.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    where = argparse.ArgumentParser(add_help=False)
    where.add_argument("--data", type=Path, required=True, metavar="DIR", help="the server's data folder")
    commands = made.add_subparsers(required=True, metavar="COMMAND")
    for name, run, takes_file, words in (
        ("backup", run_backup, True, "copies the store as it is at this moment"),
        ("restore", run_restore, True, "adds what a backup has and the store has not"),
        ("check", run_check, False, "looks through the store's file for damage"),
        ("rebuild", run_rebuild, False, "makes all that batches say again from their wire bytes"),
    ):
        command = commands.add_parser(name, parents=[where], help=words)
        if takes_file:
            command.add_argument("file", type=Path, metavar="FILE")
        command.set_defaults(run=run)
    return made
