"""What the ports say while no agent holds them: each is opened as the agent would, and listened to for a while.

An edge; what was heard is a frozen `Heard`, which `judge` judges.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from railbox_agent.doctor.facts import Heard, Port
from railbox_agent.gnss.receiver import GnssSettings, Receiver
from railbox_agent.ports import Ports, PortSpec, monotonic_us
from railbox_bridge.host_link import HostLink
from railbox_bridge.messages import Hello
from railbox_telemetry.values import Fix

LISTEN_AT_LEAST_S: Final = 3.0
"""A receiver without a fix may say so for a moment before it says where it is."""
ENOUGH_SENTENCES: Final = 10
SESSION: Final = 1
"""Tells a board that this is no agent's run that it knows; it changes nothing on the board."""


class _Gnss:
    def __init__(self, settings: GnssSettings) -> None:
        self._receiver = Receiver(settings)
        self.fix: Fix | None = None
        self.hello: Hello | None = None

    def feed(self, data: bytes, mono_ms: int) -> None:
        seen = self._receiver.feed(data, mono_ms) if data else self._receiver.tick(mono_ms)
        for one in seen:
            if one.fix.trusted or self.fix is None or not self.fix.trusted:
                self.fix = one.fix

    def outgoing(self, _mono_ms: int) -> bytes:
        return b""

    @property
    def counters(self) -> dict[str, int]:
        return dict(self._receiver.counters)

    @property
    def is_enough(self) -> bool:
        return (self.fix is not None and self.fix.trusted) or self.counters.get("sentences", 0) >= ENOUGH_SENTENCES


class _Board:
    def __init__(self) -> None:
        self._link = HostLink(SESSION)
        self.fix: Fix | None = None

    def feed(self, data: bytes, mono_ms: int) -> None:
        if data:
            self._link.feed(data, mono_ms)

    def outgoing(self, mono_ms: int) -> bytes:
        return self._link.due(mono_ms)

    @property
    def hello(self) -> Hello | None:
        return self._link.hello

    @property
    def counters(self) -> dict[str, int]:
        return {name: count for name, count in self._link.counters.items() if count}

    @property
    def is_enough(self) -> bool:
        return self._link.hello is not None


def listen(
    specs: Iterable[PortSpec],
    gnss: GnssSettings,
    seconds: float,
    known_rates: Mapping[str, int],
    progress: Callable[[float], None] = lambda _elapsed_s: None,
) -> list[Heard]:
    """Ends as soon as every port has said enough, and after so many seconds."""
    specs = list(specs)
    listeners = {spec.name: _Gnss(gnss) if spec.kind == "gnss" else _Board() for spec in specs}
    received = dict.fromkeys(listeners, 0)
    started_s = time.monotonic()
    with Ports(specs, known_rates=known_rates) as ports:
        while (elapsed_s := time.monotonic() - started_s) < seconds:
            progress(elapsed_s)
            chunk = ports.get(0.1)
            for name, listener in listeners.items():
                mono_ms = monotonic_us() // 1000
                data = chunk.data if chunk is not None and chunk.port == name else b""
                received[name] += len(data)
                listener.feed(data, mono_ms)
                if out := listener.outgoing(mono_ms):
                    ports.write(name, out)
            if elapsed_s > LISTEN_AT_LEAST_S and all(listener.is_enough for listener in listeners.values()):
                break
        states, rates = ports.state, ports.rates
    return [
        Heard(
            Port(spec.name, spec.path, spec.kind),
            states[spec.name],
            rates.get(spec.path),
            received[spec.name],
            listener.counters,
            listener.fix,
            listener.hello,
        )
        for spec, listener in zip(specs, listeners.values(), strict=True)
    ]
