"""`railbox replay --to`: a log's items through the tracker's own packer, outbox and uplink, to the last commit.

Sampling and reports run on the recording's clock, commits and the network on the host's. Wires things up; decides
nothing about batches.
"""

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from railbox_agent import AgentError
from railbox_agent.delivery import DeliverySettings
from railbox_agent.logs import Log, Step
from railbox_agent.mqtt import Access, parse_address
from railbox_agent.outbox import Outbox
from railbox_agent.packing import Packer
from railbox_agent.sender import Sender, SenderSettings, Totals, subscriptions, will
from railbox_agent.uplink import BackOff, Uplink

DELIVERY: Final = DeliverySettings(backlog_per_s=5_000, resend_after_ms=20_000, ask_after_ms=1_000, ask_every_ms=1_000)
"""Somebody waits for the end, and a replay pays nothing by the byte: no throttle, and the server is asked soon."""
BACK_OFF: Final = BackOff(first_s=0.2, most_s=5.0)
OUTBOX_CAP_BYTES: Final = 2_000_000_000
WAIT_S: Final = 0.1
SHOW_EVERY_S: Final = 0.5


class NotCommittedError(AgentError):
    """The log is through, and not everything arrived in time."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where to and as who. `outbox`: a folder that keeps what is not committed; None: in memory.

    `quiet_s`: the longest time between two reports (see `packing`). `timeout_s`: how long after the log's end nothing
    may be committed before we give up.
    """

    url: str
    device: str
    outbox: Path | None = None
    username: str | None = None
    password_file: Path | None = None
    quiet_s: int = 3_600
    timeout_s: float = 120.0


def send_log(log: Log, target: Target, speed: float | None = None) -> Totals:
    """Send a log, `speed` times as fast as it happened (None: as fast as it goes), and wait until all is committed.

    Raises NotCommittedError, AddressError, OutboxInUseError, LogError.
    """
    access = Access(
        parse_address(target.url), target.device, username=target.username, password_file=target.password_file
    )
    topics = subscriptions(target.device)
    uplink = Uplink(access, will(target.device), topics, BACK_OFF, cumulative=topics)
    outbox = Outbox(target.outbox, OUTBOX_CAP_BYTES)
    packer = Packer(log.boot_id, target.quiet_s)
    sender = Sender(SenderSettings(target.device, log.boot_id, DELIVERY), packer, outbox, uplink)
    progress = _Progress(sender)
    uplink.start()
    try:
        for step in _due(log.steps, speed, sender, progress):
            uplink.set_coverage(_covered(log, step.at_s))
            sender.take(step.items)
            sender.step()
        uplink.set_coverage(True)
        sender.flush()
        _wait_committed(sender, target, progress)
        sender.say(online=False)
    finally:
        uplink.stop()
        outbox.close()
        progress.end()
    return sender.totals


def _covered(log: Log, at_s: float) -> bool:
    return not any(start_s <= at_s < end_s for start_s, end_s in log.header.uplink_down)


def _due(steps: Iterator[Step], speed: float | None, sender: Sender, progress: "_Progress") -> Iterator[Step]:
    """The steps when they are due; the sender goes on working while one is waited for."""
    started_s = time.monotonic()
    for step in steps:
        while speed is not None and (wait_s := started_s + step.at_s / speed - time.monotonic()) > 0:
            sender.step(min(wait_s, WAIT_S))
            progress.show()
        progress.show()
        yield step


def _wait_committed(sender: Sender, target: Target, progress: "_Progress") -> None:
    """Until the server has it all; raises NotCommittedError when nothing more was committed for the time-out."""
    committed, moved_s = sender.totals.batches_committed, time.monotonic()
    while not sender.done:
        sender.step(WAIT_S)
        progress.show()
        if sender.totals.batches_committed != committed:
            committed, moved_s = sender.totals.batches_committed, time.monotonic()
        elif time.monotonic() - moved_s > target.timeout_s:
            connected = "connected, but" if sender.counters["connections"] else "no connection, so"
            raise NotCommittedError(
                f"{target.url}: {connected} nothing more was committed for {target.timeout_s:g} s: {committed} of "
                f"{sender.totals.batches_sent} batches sent; is a server running there, and may {target.device} speak?"
            )


class _Progress:
    """What was sent and committed so far, where standard error is a terminal."""

    def __init__(self, sender: Sender) -> None:
        self._totals = sender.totals
        self._terminal = sys.stderr.isatty()
        self._shown_s = time.monotonic()

    def show(self) -> None:
        if not self._terminal or time.monotonic() - self._shown_s < SHOW_EVERY_S:
            return
        self._shown_s = time.monotonic()
        totals = self._totals
        counts = f"fixes {totals.fixes}  batches sent {totals.batches_sent}  committed {totals.batches_committed} "
        print(f"\r{counts}", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        if self._terminal:
            print(file=sys.stderr)
