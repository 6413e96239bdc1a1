"""`railbox quarantine`: messages that could not be believed, listed and tried again, by a server or by its store."""

import argparse
import json
from contextlib import closing
from typing import Final

from railbox_server import where
from railbox_server.asking import with_query
from railbox_server.device_rows import quarantine_row
from railbox_server.ingest.worker import Worker
from railbox_server.store.opening import open_books, open_store
from railbox_server.store.values import Reason

EXAMPLES: Final = """examples:
  railbox quarantine list --data /var/lib/railbox
  railbox quarantine replay --reason undecodable --server http://127.0.0.1:8080
  railbox quarantine replay --device TRK1 --data /var/lib/railbox

replay tries messages again, as after an upgrade that understands more; what is still wrong stays. Those of an unknown
device come in once it is known: railbox device assign.
"""


def main(argv: list[str]) -> int:
    args = parser().parse_args(argv)
    return where.guarded("quarantine", lambda: args.run(args))


def show(args: argparse.Namespace) -> int:
    if args.server:
        rows = where.asker(args).pages("/api/quarantine", "batches", {"device": args.device})
    else:
        with closing(open_books(args.data)) as store:
            rows = list(map(quarantine_row, store.quarantined(args.device, 2**31)))
    rows = [row for row in rows if args.reason in (None, row["reason"])]
    for row in rows:
        shown = ("-" if value is None else str(value) for value in row.values())
        print(json.dumps(row) if args.json else "  ".join(shown))
    return 0


def replay(args: argparse.Namespace) -> int:
    if args.server:
        wish = {"device": args.device, "reason": args.reason}
        count = where.asker(args).ask(with_query("/api/quarantine/replay", wish), {})["admitted"]
    else:
        open_books(args.data).close()  # says so where there is none
        with closing(open_store(args.data)) as store:
            worker = Worker(store, lambda _topic, _payload: False, lambda _changes: None)
            # As at every start, what is kept of known devices is tried first.
            count = sum(worker.retry_known().values())
            count += worker.retry_now(args.device, args.reason and Reason(args.reason))
            store.count_restore()
    print(json.dumps({"admitted": count}) if args.json else f"{count} batches came out of quarantine")
    return 0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="railbox quarantine",
        description="Messages that could not be believed: kept whole, listed, and tried again.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = made.add_subparsers(required=True, metavar="COMMAND")
    for name, run, words in (
        ("list", show, "every message: number, device, time, reason, detail, seq, bytes"),
        ("replay", replay, "tries them again"),
    ):
        command = commands.add_parser(name, parents=[where.options()], help=words)
        command.add_argument("--device", help="of one device; not given: of all")
        command.add_argument("--reason", choices=[reason.value for reason in Reason], help="not given: any")
        command.set_defaults(run=run)
    return made
