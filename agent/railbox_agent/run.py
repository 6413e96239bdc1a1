"""`railbox agent`: builds the tracker from its settings and turns it, until it is told to stop.

One loop in one thread: bytes from the ports → pipeline → sender. Reading the ports and talking to the broker have
threads of their own, so neither can hold the other up.
"""

import argparse
import faulthandler
import json
import logging
import secrets
import signal
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import astuple
from pathlib import Path
from typing import Final

from railbox_agent import AgentError
from railbox_agent.clock import choose_pivot_ms
from railbox_agent.config import DEFAULT_PATH, AgentConfig
from railbox_agent.health.attach import vitals_of, watch_over
from railbox_agent.health.snapshot import Vitals
from railbox_agent.items import Item
from railbox_agent.log_limit import RateLimit
from railbox_agent.outbox import Outbox
from railbox_agent.packing import Packer
from railbox_agent.parts import (
    BOARDS_NOTE,
    RATES_NOTE,
    TIME_NOTE,
    access_of,
    delivery_of,
    limits_of,
    pipeline_settings,
    port_specs,
)
from railbox_agent.pipeline import Pipeline
from railbox_agent.ports import Ports, monotonic_us
from railbox_agent.remote.control import RemoteControl
from railbox_agent.remote.kept import KeptFile
from railbox_agent.sender import Sender, SenderSettings, subscriptions, will
from railbox_agent.uplink import Uplink
from railbox_telemetry import iso
from railbox_telemetry.settings import SettingsError, load, render
from railbox_telemetry.tables import EVENT_BY_NAME
from railbox_telemetry.values import UndatedEvent

log = logging.getLogger(__name__)

TURN_S: Final = 0.2
"""How long the loop waits for bytes before it looks at everything else."""
REMEMBER_TIME_MS: Final = 600_000

_EXAMPLES: Final = """examples:
  railbox agent --print-config > agent.toml     every key with its default and what it is for
  railbox agent --config agent.toml             runs until SIGTERM or Ctrl-C
  railbox agent --config agent.toml --print-config   the settings as they are understood
"""


def main(argv: list[str]) -> int:
    args = _parser().parse_args(argv)
    if args.print_config and args.config is None:
        print(render(AgentConfig), end="")
        return 0
    try:
        config = load(args.config or DEFAULT_PATH, AgentConfig)
        if args.print_config:
            print(render(config), end="")
            return 0
        _log_to_stderr(config.log_level)
        faulthandler.enable()  # when systemd's watchdog ends us, the journal says where every thread was
        Agent(config).run()
    except SettingsError as error:
        print(f"railbox agent: {error}", file=sys.stderr)
        return 2
    except AgentError as error:
        print(f"railbox agent: {error}", file=sys.stderr)
        return 1
    return 0


class Agent:
    """Everything that a tracker is, wired together."""

    def __init__(self, config: AgentConfig) -> None:
        """Raises OutboxInUseError."""
        boot_id = secrets.randbits(32)
        self._boot_id = boot_id
        self._stopping = False
        self._states: dict[str, str] = {}
        self._counted: Counter[str] = Counter()
        self._outbox = Outbox(config.outbox.folder, *limits_of(config))
        self._remote = self._remote_control(config)
        self._config = config = self._remote.config
        self._outbox.set_limits(*limits_of(config))
        self._ports = Ports(port_specs(config), known_rates=json.loads(self._outbox.recall(RATES_NOTE) or "{}"))
        self._pipeline = Pipeline(pipeline_settings(config, boot_id, self._outbox))
        committed = subscriptions(config.device)
        topics = (*committed, *self._remote.subscriptions)
        self._uplink = Uplink(access_of(config), will(config.device), topics, cumulative=committed)
        self._health = watch_over(config.health, config.outbox.folder, self._vitals, self._ports, self._uplink)
        self._sender = Sender(
            SenderSettings(config.device, boot_id, delivery_of(config)),
            Packer(boot_id, config.thinning.settings().quiet_s),
            self._outbox,
            self._uplink,
            more_counters=self._counters,
            health=self._health.status,
            held=self._pipeline.held,
            also=self._remote.on,
        )

    def run(self) -> None:
        """Returns after SIGTERM or SIGINT, with everything on disk and a goodbye said."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        log.info(
            "device %s, outbox epoch %d with %d batches", self._config.device, self._outbox.epoch, len(self._outbox)
        )
        logging.getLogger().setLevel(self._config.log_level.upper())
        self._look_at_the_clock()
        self._uplink.start()
        started = UndatedEvent(monotonic_us() // 1_000_000, EVENT_BY_NAME["agent_started"].code)
        with self._ports:
            self._take([started])
            self._health.start()
            while not self._stopping:
                self._turn()
            self._health.stopping()
        self._take(self._pipeline.finish())
        self._sender.flush()
        self._sender.step()
        self._sender.say(online=False)
        self._uplink.stop()
        self._outbox.close()
        self._health.stop()
        log.info("stopped")

    def _turn(self) -> None:
        chunk = self._ports.get(TURN_S)
        items = self._pipeline.feed(chunk) if chunk else self._pipeline.tick(monotonic_us())
        for port in self._config.ports:
            if data := self._pipeline.outgoing(port.name):
                self._ports.write(port.name, data)
        self._take(items)
        self._sender.step()
        self._remote.step()
        self._tell_troubles()
        self._health.step()

    def _look_at_the_clock(self) -> None:
        now_ms = time.time_ns() // 1_000_000
        if choose_pivot_ms(now_ms, iso.to_ms(self._config.time.floor)) != now_ms:
            self._counted["host_clock_wrong"] += 1
            says = "this computer's clock says %s, which cannot be: times come from the receiver; TLS may need it set"
            log.warning(says, iso.from_ms(now_ms))

    def _remote_control(self, config: AgentConfig) -> RemoteControl:
        return RemoteControl(
            config,
            KeptFile(config.outbox.folder),
            apply=self._go_on_by,
            publish=lambda message: self._uplink.publish(message),  # noqa: PLW0108 - which is made only after this
            objection=self._objection,
            now_ms=lambda: monotonic_us() // 1000,
            utc_s=lambda: self._sender.utc_s,
        )

    def _objection(self, config: AgentConfig) -> str | None:
        """Why these settings, well-formed as they are, cannot hold here."""
        held_bytes, cap_bytes = self._outbox.size_bytes, limits_of(config)[0]
        if held_bytes <= cap_bytes:
            return None
        return f"outbox.cap_mb: {held_bytes / 1e6:.1f} MB wait for the server, and this would discard some of them"

    def _go_on_by(self, config: AgentConfig) -> None:
        """Other settings from now on, without a pause; what thinning kept by those before is sent."""
        self._config = config
        logging.getLogger().setLevel(config.log_level.upper())
        self._take(self._pipeline.go_on_by(pipeline_settings(config, self._boot_id, self._outbox)))
        self._sender.go_on_by(delivery_of(config), config.thinning.settings().quiet_s)
        self._outbox.set_limits(*limits_of(config))
        self._uplink.set_access(access_of(config))

    def _take(self, items: list[Item]) -> None:
        """What is remembered goes to the disk with the events that it speaks of: none is lost or told twice."""
        self._sender.take(items)
        boards = {name: astuple(memory) for name, memory in self._pipeline.boards.items()}
        if boards:
            self._outbox.remember(BOARDS_NOTE, json.dumps(boards))
        if rates := self._ports.rates:
            self._outbox.remember(RATES_NOTE, json.dumps(rates))
        utc_ms = self._pipeline.boot_time.utc_ms(monotonic_us() // 1000)
        if utc_ms is not None:
            self._outbox.remember(TIME_NOTE, str(utc_ms // REMEMBER_TIME_MS * REMEMBER_TIME_MS))

    def _tell_troubles(self) -> None:
        for trouble in self._pipeline.troubles():
            log.warning("port %s: %s: %s", trouble.port, trouble.counter, trouble.detail)
        states = self._ports.state
        for name, state in states.items():
            if state != self._states.get(name):
                log.log(logging.INFO if state == "open" else logging.WARNING, "port %s: %s", name, state)
        self._states = states

    def _vitals(self) -> Vitals:
        config, cap_bytes = self._config, self._config.outbox.cap_mb * 1_000_000
        parts = (self._outbox, self._ports, self._pipeline, self._sender)
        return vitals_of(config.device, self._boot_id, cap_bytes, *parts, self._uplink.traffic)

    def _counters(self) -> Mapping[str, int]:
        return self._pipeline.counters + Counter(self._ports.counters) + self._remote.counters + self._counted

    def _stop(self, _number: int, _frame: object) -> None:
        self._stopping = True


def _log_to_stderr(level: str) -> None:
    handler = logging.StreamHandler()
    handler.addFilter(RateLimit())
    logging.basicConfig(level=level.upper(), format="%(levelname)s %(name)s: %(message)s", handlers=[handler])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="railbox agent",
        description="The tracker: reads its serial ports, keeps what matters on disk, sends it to the broker.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help=f"the settings (default {DEFAULT_PATH})")
    parser.add_argument("--print-config", action="store_true", help="print all settings, explained, and end")
    return parser
