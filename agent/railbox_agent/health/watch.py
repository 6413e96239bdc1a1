"""Looks at the tracker's health a few times a minute, and tells systemd and the local socket.

Called by the main loop at every turn, and cheap. Feeds systemd's watchdog only while every loop comes round: the
decision is `overdue`'s.
"""

import logging
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from railbox_agent.health.local import LocalServer
from railbox_agent.health.machine import Machine
from railbox_agent.health.notify import Notifier
from railbox_agent.health.pulse import Pulse, overdue
from railbox_agent.health.snapshot import Snapshot, Vitals, line, status_health

log = logging.getLogger(__name__)

LOOK_S: Final = 5.0
FEEDS: Final = 4
"""The watchdog is fed so often within its time."""
RUNTIME_VARIABLE: Final = "RUNTIME_DIRECTORY"
SOCKET_NAME: Final = "agent.sock"


class Health:
    """`vitals`: what the agent knows of itself; `machine`: the computer. Both are asked in the caller's thread."""

    def __init__(
        self,
        vitals: Callable[[], Vitals],
        machine: Callable[[], Machine],
        pulses: Sequence[Pulse],
        notifier: Notifier,
        server: LocalServer,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._vitals = vitals
        self._machine = machine
        self._pulses = pulses
        self._notifier = notifier
        self._server = server
        self._now_s = now_s
        self._started_s = self._due_s = now_s()
        self._every_s = min(LOOK_S, (notifier.watchdog_s or LOOK_S) / FEEDS)
        self._low_spells = 0
        self._was_low = False
        self._overdue: tuple[str, ...] = ()
        self._told = ""

    def start(self) -> None:
        """Everything runs now."""
        self._server.start()
        self._notifier.ready()

    def step(self) -> None:
        """Looks, when it is time to."""
        now_s = self._now_s()
        if now_s < self._due_s:
            return
        self._due_s = now_s + self._every_s
        seen = self.look()
        self._server.snapshot = seen
        self._complain(seen.overdue)
        if not seen.overdue:
            self._notifier.alive()
        if (text := line(seen)) != self._told:
            self._told = text
            self._notifier.status(text)

    def look(self) -> Snapshot:
        now_s, machine = self._now_s(), self._machine()
        if machine.volts_low and not self._was_low:
            self._low_spells += 1
            log.warning("the computer's voltage is too low: check its supply, and the cable to it")
        self._was_low = bool(machine.volts_low)
        return Snapshot(
            self._vitals(),
            machine,
            up_s=int(now_s - self._started_s),
            low_spells=None if machine.volts_low is None else self._low_spells,
            overdue=overdue(self._pulses, now_s),
        )

    def status(self) -> dict[str, object]:
        """For the status message."""
        return status_health(self.look())

    def stopping(self) -> None:
        self._notifier.stopping()

    def stop(self) -> None:
        self._server.stop()
        self._notifier.close()

    def _complain(self, late: tuple[str, ...]) -> None:
        for name in late:
            if name not in self._overdue:
                log.error("%s does not come round any more; unless it does, systemd starts the agent anew", name)
        for name in self._overdue:
            if name not in late:
                log.warning("%s comes round again", name)
        self._overdue = late


def default_socket() -> Path | None:
    """Where systemd made a folder for the service's sockets (RuntimeDirectory=), if it did."""
    folder = os.environ.get(RUNTIME_VARIABLE, "").partition(":")[0]
    return Path(folder) / SOCKET_NAME if folder else None
