"""The webhook: posts what waits in the ledger to one address, signed, in order for each unit, until it was taken.

An edge: a thread and HTTP. What an answer means and how long to rest is delivery.py's; the format is that of Standard
Webhooks (standardwebhooks.com). The address and the secret are never logged: both may be keys.
"""

import json
import logging
import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import metadata
from typing import Any, Final
from urllib.parse import urlsplit
from zlib import crc32

import httpx
import standardwebhooks

from railbox_server.store.interface import StoreError
from railbox_server.telling import ledger as books
from railbox_server.telling.delivery import Verdict, asked_s, rest_s, verdict
from railbox_server.telling.ledger import NoticeLedger
from railbox_server.telling.payload import message_id, payload
from railbox_server.telling.rows import Posted
from railbox_server.telling.settings import WebhookSettings
from railbox_telemetry import iso

log = logging.getLogger(__name__)

IDLE_S: Final = 60.0
"""How often it is looked for what waited too long."""
STORE_RETRY_S: Final = 5.0
STOP_TIMEOUT_S: Final = 2.0
TALKATIVE: Final = ("httpx", "httpcore")
"""Log every address that they call, which here may be a key."""
HEARD_BYTES: Final = 4_096
"""So much of an answer is read, to use its connection again."""


def host_ms() -> int:
    return time.time_ns() // 1_000_000


class Webhook:
    """`secret` as settings.check_secret passes it."""

    def __init__(
        self,
        ledger: NoticeLedger,
        settings: WebhookSettings,
        secret: str,
        now_ms: Callable[[], int] = host_ms,
        chance: Callable[[], float] = random.random,
    ) -> None:
        assert settings.url is not None
        for name in TALKATIVE:
            logging.getLogger(name).setLevel(logging.WARNING)
        self._ledger = ledger
        self._settings = settings
        self._url = settings.url
        self._signer = standardwebhooks.Webhook(secret)
        self._now_ms = now_ms
        self._chance = chance
        self._client = httpx.Client(
            timeout=settings.timeout_s,
            follow_redirects=False,
            headers={"content-type": "application/json", "user-agent": f"railbox/{metadata.version('railbox')}"},
        )
        self._mark = crc32(self._url.encode()) | 1 << 32  # never 0
        self._failures = 0
        self._rest_until_ms = 0
        self._last_answer: str | None = None
        self._delivered_at_ms: int | None = None
        self._woken = threading.Condition()
        self._is_woken = self._stopping = False
        self._thread = threading.Thread(target=self._run, name="webhook", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """What was not taken by now is posted at the next start; an answer that is awaited is not waited for long."""
        with self._woken:
            self._stopping = True
            self._woken.notify_all()
        self._thread.join(STOP_TIMEOUT_S)
        self._client.close()

    def wake(self) -> None:
        """Something waits. From any thread."""
        with self._woken:
            self._is_woken = True
            self._woken.notify_all()

    # --- who asks, from any thread -----------------------------------------------------------------------------------

    @property
    def to(self) -> str:
        """Where it posts, without what may be a key."""
        parts = urlsplit(self._url)
        return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")

    def state(self) -> dict[str, Any]:
        now_ms = self._now_ms()
        return {
            "to": self.to,
            "events": list(self._settings.events),
            "stopped": self._is_stopped(),
            "failures": self._failures,
            "resting_until": iso.from_ms(self._rest_until_ms) if self._rest_until_ms > now_ms else None,
            "last_answer": self._last_answer,
            "last_delivered_at": None if self._delivered_at_ms is None else iso.from_ms(self._delivered_at_ms),
        }

    def test(self) -> dict[str, Any]:
        """Posts a signed test message now; says what the receiver answered."""
        now_ms = self._now_ms()
        body = {"type": "test", "kind": "test", "told_at": iso.from_ms(now_ms)}
        found, answer, _ = self._post(message_id("test", now_ms), json.dumps(body))
        return {"delivered": found is Verdict.DELIVERED, "answer": answer}

    def resume(self) -> int:
        """Posts again what was refused, and what rests, and after a stop; returns how many were refused."""
        self._ledger.stop_for(0)
        refused = self._ledger.resend_refused()
        self._ledger.hurry()
        self._failures = self._rest_until_ms = 0
        self.wake()
        return refused

    # --- in the thread -----------------------------------------------------------------------------------------------

    def turn(self) -> float:
        """Posts what is due; returns in how many seconds to look again."""
        now_ms = self._now_ms()
        settings = self._settings
        dropped = self._ledger.drop(settings.max_waiting, now_ms // 1000 - settings.max_age_h * 3600)
        if dropped:
            log.warning(
                "webhook %s: %d notices dropped, GET /api/notices?delivery=dropped lists them", self.to, dropped
            )
        if self._is_stopped():
            return IDLE_S
        if now_ms >= self._rest_until_ms:
            for posted in self._ledger.due(now_ms):
                if self._stopping or not self._deliver(posted):
                    break
        return self._idle_s()

    def _deliver(self, posted: Posted) -> bool:
        """Whether the receiver is well enough to go on with the next."""
        notice = posted.notice
        body = json.dumps(payload(notice), ensure_ascii=False, separators=(",", ":"))
        found, answer, wished_s = self._post(message_id(notice.story, notice.revision), body)
        self._last_answer = answer
        if found is Verdict.DELIVERED:
            self._ledger.settle(posted.number, books.DELIVERED, answer)
            if self._failures:
                log.info("webhook %s: delivers again", self.to)
            self._failures, self._delivered_at_ms = 0, self._now_ms()
            return True
        if found is Verdict.REFUSED:
            self._ledger.settle(posted.number, books.REFUSED, answer)
            log.warning("webhook %s: notice %s refused: %s", self.to, notice.story, answer)
            return True
        own_s = rest_s(posted.attempts + 1, self._settings.retry_s, self._chance(), wished_s)
        self._ledger.postpone(posted.number, self._now_ms() + round(own_s * 1000), answer)
        self._failures += 1
        if found is Verdict.GONE:
            self._ledger.stop_for(self._mark)
            log.error("webhook %s: %s: nothing more is posted there until POST /api/webhook/resume", self.to, answer)
            return False
        for_all_s = rest_s(self._failures, self._settings.retry_s, self._chance(), wished_s)
        self._rest_until_ms = self._now_ms() + round(for_all_s * 1000)
        level = logging.WARNING if self._failures == 1 else logging.DEBUG
        log.log(level, "webhook %s: %s; trying again in %.1f s", self.to, answer, for_all_s)
        return False

    def _post(self, message: str, body: str) -> tuple[Verdict, str, float | None]:
        """What the answer means, how it read, and how long the receiver asked to be left alone."""
        now_s = self._now_ms() // 1000
        headers = {
            "webhook-id": message,
            "webhook-timestamp": str(now_s),
            "webhook-signature": self._signer.sign(message, datetime.fromtimestamp(now_s, UTC), body),
        }
        deadline_s = time.monotonic() + self._settings.timeout_s
        try:
            with self._client.stream("POST", self._url, content=body.encode(), headers=headers) as response:
                heard = 0
                for some in response.iter_raw():
                    heard += len(some)
                    if heard > HEARD_BYTES or time.monotonic() > deadline_s:
                        break  # the status is what counts; the connection is closed
        except (httpx.HTTPError, httpx.InvalidURL, RuntimeError) as error:  # RuntimeError: the client was closed
            return Verdict.AGAIN, f"no answer: {type(error).__name__}: {error}", None
        return verdict(response.status_code), _read(response), asked_s(response.headers.get("retry-after"))

    def _is_stopped(self) -> bool:
        """The receiver at this address wanted no more; another address has its own chance."""
        return self._ledger.stopped_for == self._mark

    def _idle_s(self) -> float:
        next_at_ms = self._ledger.next_at_ms()
        if next_at_ms is None:
            return IDLE_S
        return min(IDLE_S, max(0.0, (max(next_at_ms, self._rest_until_ms) - self._now_ms()) / 1000))

    def _run(self) -> None:
        while True:
            try:
                idle_s = self.turn()
            except StoreError as error:
                log.error("webhook: %s; trying again in %.0f s", error, STORE_RETRY_S)
                idle_s = STORE_RETRY_S
            except Exception:
                # One odd notice must not end the posting of all others.
                log.exception("webhook failed; trying again in %.0f s", STORE_RETRY_S)
                idle_s = STORE_RETRY_S
            with self._woken:
                self._woken.wait_for(lambda: self._stopping or self._is_woken, idle_s)
                self._is_woken = False
                if self._stopping:
                    return


def _read(response: httpx.Response) -> str:
    status = response.status_code
    phrase = httpx.codes.get_reason_phrase(status)
    hint = "; a redirect is not followed: set the address that it leads to" if response.is_redirect else ""
    return f"{status} {phrase}".strip() + hint
