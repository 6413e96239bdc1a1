"""`railbox record`: every byte of the ports into a recording, with port and monotonic time.

An edge: ports, file, terminal. What is in the bytes is not looked at.
"""

import argparse
import signal
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from railbox_agent import AgentError
from railbox_agent.ports import Ports, PortSpec, monotonic_us, parse_spec
from railbox_agent.recording import Chunk, Header, Writer, create
from railbox_telemetry.identity import IdentityError, check_device, parse_unit

PERIOD_S: Final = 1.0
"""How often the file is flushed, and progress shown."""

_EXAMPLES: Final = """examples:
  railbox record --port gnss=/dev/serial/by-id/usb-u-blox-if00 --out drive.rbrec.gz
  railbox record --port gnss=gpsd://127.0.0.1 --out drive.rbrec.gz
  railbox record --port gnss=/dev/ttyUSB0@9600 --port board=/dev/ttyACM0 --out trip.rbrec \\
      --unit CSQU3054383 --place "Taftan, PK"
Ends with Ctrl-C, or after --seconds; replay it with: railbox replay trip.rbrec --json
"""


def main(argv: list[str]) -> int:
    args = _parser().parse_args(argv)
    specs: list[PortSpec] = args.port
    try:
        header = Header(
            started_at_ms=time.time_ns() // 1_000_000,
            fix_period_s=args.fix_period,
            unit=args.unit,
            ports={spec.name: spec.kind for spec in specs},
            place=args.place,
            device=args.device,
        )
        if args.out.exists() and not args.force:
            raise AgentError(f"{args.out} exists: choose another name, or --force to write over it")
        return record(specs, header, args.out, args.seconds)
    except AgentError as error:
        print(f"railbox record: {error}", file=sys.stderr)
    except OSError as error:
        print(f"railbox record: {args.out}: {error.strerror or error}", file=sys.stderr)
    return 1


def record(specs: list[PortSpec], header: Header, out: Path, seconds: float | None = None) -> int:
    """Record until a signal asks to stop, or for so many seconds. Returns the exit code: 1 when no byte came."""
    started_us = monotonic_us()
    ports = Ports(specs, lambda: monotonic_us() - started_us)
    progress = _Progress(specs)
    with create(out) as file, _stop_signals() as stopped:
        writer = Writer(file, header)
        file.flush()
        with ports:
            while not stopped and (seconds is None or monotonic_us() - started_us < seconds * 1e6):
                if chunk := ports.get(0.2):
                    writer.write(chunk)
                    progress.add(chunk)
                if progress.due(monotonic_us()):
                    file.flush()
        while chunk := ports.get(0):  # read before the ports closed
            writer.write(chunk)
            progress.add(chunk)
    return progress.finish(ports.state)


@contextmanager
def _stop_signals() -> Generator[list[int]]:
    """The signals that asked to stop so far: Ctrl-C and a polite kill end the recording cleanly."""
    received: list[int] = []

    def note(number: int, _frame: object) -> None:
        received.append(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Progress:
    """How many bytes came from each port: shown every second where standard error is a terminal."""

    def __init__(self, specs: list[PortSpec]) -> None:
        self._bytes = {spec.name: 0 for spec in specs}
        self._terminal = sys.stderr.isatty()
        self._started_us = self._shown_us = monotonic_us()

    def add(self, chunk: Chunk) -> None:
        self._bytes[chunk.port] += len(chunk.data)

    def due(self, now_us: int) -> bool:
        """Whether a period has passed since the last time; then it is shown."""
        if now_us - self._shown_us < PERIOD_S * 1e6:
            return False
        self._shown_us = now_us
        if self._terminal:
            minutes, seconds = divmod((now_us - self._started_us) // 1_000_000, 60)
            counts = "  ".join(f"{name} {count / 1000:.1f} kB" for name, count in self._bytes.items())
            print(f"\r{minutes:02d}:{seconds:02d}  {counts}  (Ctrl-C ends) ", end="", file=sys.stderr, flush=True)
        return True

    def finish(self, states: dict[str, str]) -> int:
        """What came of each port; the exit code."""
        if self._terminal:
            print(file=sys.stderr)
        for name, count in self._bytes.items():
            what = f"{count} bytes" if count else f"nothing, {states[name]}"
            print(f"railbox record: {name}: {what}", file=sys.stderr)
        return 0 if any(self._bytes.values()) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="railbox record",
        description="Writes every byte of serial ports into a recording, until Ctrl-C.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--port",
        action="append",
        required=True,
        type=_spec,
        metavar="NAME=PATH[@BAUD]",
        help="a port, NAME being gnss or board (or gnss2, …), PATH a device or gpsd://HOST:PORT; a receiver's rate is "
        "found out where it is not given; may be given again for each port",
    )
    parser.add_argument("--out", required=True, type=Path, metavar="FILE", help="compressed when it ends in .gz")
    parser.add_argument("--force", action="store_true", help="write over FILE if it is there")
    parser.add_argument("--unit", type=_unit, help="what it is fixed to: container (ISO 6346) or wagon (UIC) number")
    parser.add_argument("--device", type=_device, metavar="ID", help="the tracker's id")
    parser.add_argument("--place", help="where it was recorded, for people")
    parser.add_argument("--fix-period", type=_positive, default=1.0, metavar="S", help="of the receiver (1.0)")
    parser.add_argument("--seconds", type=_positive, metavar="S", help="end by itself after so long")
    return parser


def _spec(text: str) -> PortSpec:
    try:
        return parse_spec(text)
    except AgentError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _unit(text: str) -> str:
    try:
        return parse_unit(text).number
    except IdentityError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _device(text: str) -> str:
    try:
        return check_device(text)
    except IdentityError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < 1e9:
        raise argparse.ArgumentTypeError(f"{text!r}: must be over 0")
    return value
