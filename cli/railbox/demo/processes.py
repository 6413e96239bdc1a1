"""Child processes of the demo: started, watched and stopped by process id."""

import subprocess
import sys
from pathlib import Path
from typing import Final

STOP_TIMEOUT_S: Final = 10


class DemoError(Exception):
    """A part of the demo failed; the message says which, and where its log is."""


class Child:
    """One `railbox` command running in the background, its standard error kept in a log file."""

    def __init__(self, name: str, args: list[str], log: Path) -> None:
        self.name = name
        self.log = log
        with log.open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "railbox", *args],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                # Ctrl-C is for the demo, which then stops its children in the right order.
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def running(self) -> bool:
        return self._process.poll() is None

    def first_line(self) -> str:
        """Waits for the child's first line; raises DemoError when it ends without one."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise DemoError(f"{self.name} did not start:\n{self.tail()}")
        return line

    def output(self) -> str:
        """Waits for the child's end and returns what it printed; raises DemoError when it failed."""
        printed, _ = self._process.communicate()
        if self._process.returncode != 0:
            raise DemoError(f"{self.name} ended with {self._process.returncode}:\n{self.tail()}")
        return printed

    def tail(self, lines: int = 15) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def stop(self) -> None:
        if self.running():
            self._process.terminate()
            try:
                self._process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
