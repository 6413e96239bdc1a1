"""Remote configuration at work: hears it from the broker, has the tracker apply it, and tells what became of it.

Decides nothing itself: `state` does. Belongs to the tracker's one thread; knows the network as `publish` alone.
"""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Final
from zlib import crc32

from railbox_agent.config import AgentConfig
from railbox_agent.mqtt import Acknowledged, Connected, Disconnected, Message, Received, UplinkEvent
from railbox_agent.remote.kept import KeptFile
from railbox_agent.remote.state import Remote, acknowledged, offered, refused, started, taken_back, waited
from railbox_telemetry.remote_messages import (
    Configuration,
    MessageError,
    Result,
    decode_configuration,
    encode_result,
)
from railbox_telemetry.settings import SettingsError, overlay
from railbox_telemetry.topics import Leaf, Topic

log = logging.getLogger(__name__)

SOURCE: Final = "settings"


class RemoteControl:
    """`config`: the tracker's settings as they hold now, its own file's with the configuration's over them.

    `objection`: why the tracker cannot be set so just now, None when it can; `apply` sets it so; `publish` says whether
    there was room; `utc_s`: None while that is not known. `counters`: configurations_applied, …_refused, …_reverted.
    """

    def __init__(
        self,
        local: AgentConfig,
        kept: KeptFile,
        *,
        apply: Callable[[AgentConfig], None],
        publish: Callable[[Message], bool],
        objection: Callable[[AgentConfig], str | None],
        now_ms: Callable[[], int],
        utc_s: Callable[[], int | None],
    ) -> None:
        self._counted: Counter[str] = Counter()
        self._local = local
        self._kept = kept
        self._apply = apply
        self._publish = publish
        self._objection = objection
        self._now_ms = now_ms
        self._utc_s = utc_s
        self._trial_ms = local.remote.trial_s * 1000
        self._wanted, self._result = (str(Topic(local.device, leaf)) for leaf in (Leaf.CONFIGURATION, Leaf.RESULT))
        self._connected = False
        self._telling: tuple[bytes, Result] | None = None
        self._garbage: int | None = None
        before = kept.load() if local.remote.enabled else Remote()
        self._remote, self.config = _usable(local, started(before, now_ms() + self._trial_ms))
        if self._remote != before:
            self._kept.save(self._remote)
        self._log_start()

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """What the uplink is to read for this."""
        return (self._wanted,) if self._local.remote.enabled else ()

    @property
    def counters(self) -> Counter[str]:
        return self._counted + self._kept.counters

    @property
    def version(self) -> int | None:
        """Of the configuration that holds, also on trial; None: the tracker's own file alone."""
        return self._remote.in_force and self._remote.in_force.version

    def on(self, event: UplinkEvent) -> None:
        match event:
            case Connected():
                self._connected, self._telling = True, None
            case Disconnected():
                self._connected = False
            case Received(topic, payload) if topic == self._wanted and payload:
                self._hear(payload)
            case Acknowledged(message) if message.topic == self._result:
                if self._telling and message.payload == self._telling[0]:
                    result, self._telling = self._telling[1], None
                    self._become(acknowledged(self._remote, result))
            case _:
                return

    def step(self) -> None:
        """Does what is due: takes back, and tells."""
        self._become(waited(self._remote, self._now_ms(), self._trial_ms))
        result = self._remote.untold
        if result is None or not self._connected or self._telling is not None:
            return
        payload = encode_result(replace(result, sent_at_s=self._utc_s()))
        if self._publish(Message(self._result, payload, retain=True)):
            self._telling = payload, result

    # --- how ---------------------------------------------------------------------------------------------------------

    def _hear(self, payload: bytes) -> None:
        """What is not newer was heard before: the broker says a retained message at every connection."""
        try:
            wanted = decode_configuration(payload)
        except MessageError as error:
            self._refuse(error.version, str(error), payload)
            return
        if wanted.version <= self._remote.newest:
            return
        try:
            config = overlay(self._local, wanted.settings, SOURCE)
        except SettingsError as error:
            self._refuse(wanted.version, str(error), payload)
            return
        if reason := self._objection(config):
            self._refuse(wanted.version, reason, payload)
            return
        log.info("configuration %d: on trial until the broker answers, %d s", wanted.version, self._trial_ms // 1000)
        self._become(offered(self._remote, wanted, self._now_ms() + self._trial_ms))

    def _refuse(self, version: int | None, reason: str, payload: bytes) -> None:
        """Once: the same bytes come again at every connection."""
        digest = crc32(payload)
        if digest == self._garbage or (version is not None and version <= self._remote.newest):
            return
        self._garbage = digest
        self._counted["configurations_refused"] += 1
        name = f"of {len(payload)} bytes" if version is None else str(version)
        log.error("configuration %s: refused, and what held holds on: %s", name, reason)
        self._become(refused(self._remote, version, reason))

    def _become(self, remote: Remote) -> None:
        """On disk before it is applied: should the tracker end of it, the next start knows."""
        before, self._remote = self._remote, remote
        if remote == before:
            return
        self._kept.save(remote)
        if remote.in_force == before.in_force:
            if before.trial and not remote.trial:
                self._counted["configurations_applied"] += 1
                log.info("configuration %d: applied", before.trial.wanted.version)
            return
        if remote.trial is None and remote.verdict:
            self._counted["configurations_reverted"] += 1
            log.error("configuration %s: taken back: %s", remote.verdict.version, remote.verdict.reason)
            self._telling = None
        self.config = _laid_over(self._local, remote.in_force)
        self._apply(self.config)

    def _log_start(self) -> None:
        if self._remote.trial:
            log.warning("configuration %d: still on trial", self._remote.trial.wanted.version)
        elif self.version is not None:
            log.info("configuration %d holds", self.version)


def _usable(local: AgentConfig, remote: Remote) -> tuple[Remote, AgentConfig]:
    """What was kept, as far as it still fits the tracker's own file, which may have changed meanwhile."""
    try:
        return remote, _laid_over(local, remote.in_force)
    except SettingsError as error:
        log.error("the kept configuration does not fit the tracker's own settings: %s; it is taken back", error)
        return _usable(local, taken_back(remote, str(error)))


def _laid_over(local: AgentConfig, configuration: Configuration | None) -> AgentConfig:
    return overlay(local, configuration.settings, SOURCE) if configuration else local
