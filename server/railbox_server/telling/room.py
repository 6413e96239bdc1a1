"""The parts of telling put together: started, stopped and asked as one."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from railbox_server.clock import Clock
from railbox_server.engine.engine import Told
from railbox_server.telling.ledger import DROPPED, REFUSED, NoticeLedger
from railbox_server.telling.model import Kind
from railbox_server.telling.settings import TellingSettings, WebhookSettings
from railbox_server.telling.teller import Teller, TellingStore
from railbox_server.telling.webhook import Webhook
from railbox_telemetry import iso


class Telling:
    """`secret`: as settings.check_secret passes it; needed where the webhook has a URL. Raises StoreError."""

    def __init__(
        self,
        data: Path,
        store: TellingStore,
        clock: Clock,
        silence_s: float,
        telling: TellingSettings,
        webhook: WebhookSettings,
        secret: str | None,
    ) -> None:
        self.ledger = NoticeLedger(data)
        self.webhook = Webhook(self.ledger, webhook, secret) if webhook.url is not None and secret is not None else None
        wake: Callable[[], None] = self.webhook.wake if self.webhook else lambda: None
        posted = frozenset(map(Kind, webhook.events)) if self.webhook else frozenset[Kind]()
        self.teller = Teller(
            store, self.ledger, clock, silence_s, telling.hysteresis(), posted, wake, keeping=telling.keeping()
        )

    def start(self) -> None:
        self.teller.start()
        if self.webhook is not None:
            self.webhook.start()

    def stop(self) -> None:
        self.teller.stop()
        if self.webhook is not None:
            self.webhook.stop()
        self.ledger.close()

    def told(self, told: Iterable[Told]) -> None:
        """The engine's hook; never waits."""
        self.teller.told(told)

    def state(self) -> dict[str, Any]:
        """Of the queue and the webhook. `webhook` is null where none is set."""
        waiting, oldest_s = self.ledger.waiting()
        lost = self.ledger.undelivered()
        return {
            "webhook": None if self.webhook is None else self.webhook.state(),
            "waiting": waiting,
            "oldest_waiting": None if oldest_s is None else iso.from_s(oldest_s),
            "refused": lost[REFUSED],
            "dropped": lost[DROPPED],
            "let_go": self.ledger.gone,
        }
