"""A running `railbox agent` for tests: its settings, its process, and a receiver for it to listen to."""

import os
import pty
import subprocess
import sys
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Receiver:
    """A GNSS receiver behind a pseudo-terminal: a fix whenever `say` is called, a second further each time."""

    main: int
    path: str
    second: int = 0
    said: list[int] = field(default_factory=list[int])

    def say(self) -> None:
        """11:00:00 and so many seconds on 2026-11-21, moving north."""
        hour, rest = divmod(11 * 3600 + self.second, 3600)
        clock = f"{hour:02d}{rest // 60:02d}{rest % 60:02d}.00"
        minutes = 45 + self.second * 0.001
        for body in (
            f"GPRMC,{clock},A,55{minutes:07.4f},N,03737.0000,E,3.60,0.0,211126,,,A",
            f"GPGGA,{clock},55{minutes:07.4f},N,03737.0000,E,1,09,0.9,150.0,M,14.0,M,,",
        ):
            checksum = 0
            for char in body:
                checksum ^= ord(char)
            os.write(self.main, f"${body}*{checksum:02X}\r\n".encode())
        self.second += 1


@contextmanager
def receiver() -> Generator[Receiver]:
    """Speaks ten times a second, so that a test does not take minutes; its clock goes a second each time."""
    main, sub = pty.openpty()
    talker, stop = Receiver(main, os.ttyname(sub)), threading.Event()

    def talk() -> None:
        while not stop.wait(0.1):
            talker.say()

    thread = threading.Thread(target=talk)
    thread.start()
    try:
        yield talker
    finally:
        stop.set()
        thread.join()
        os.close(main)
        os.close(sub)


def settings(folder: Path, port: str, broker: str, more: str = "") -> Path:
    path = folder / "agent.toml"
    path.write_text(f"""
device = "TRK1"
[[ports]]
name = "gnss"
kind = "gnss"
path = "{port}"
[thinning]
policy = "interval"
interval_s = 2
report_s = 2
[outbox]
folder = "{folder / "outbox"}"
commit_s = 0.2
[uplink]
url = "{broker}"
resend_after_s = 10
{more}
""")
    return path


@contextmanager
def agent(
    config: Path, log: Path, environment: Mapping[str, str] | None = None
) -> Generator["subprocess.Popen[bytes]"]:
    """`railbox agent` as a process; `environment` adds to ours."""
    command = [sys.executable, "-m", "railbox", "agent", "--config", str(config)]
    env = {**os.environ, **(environment or {})}
    with log.open("ab") as out, subprocess.Popen(command, stderr=out, env=env) as process:
        try:
            yield process
        finally:
            process.kill()
