"""The settings of telling and of the webhook: keys with defaults and explanations."""

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from railbox_server.telling.model import Hysteresis, Keeping, Kind
from railbox_telemetry.settings import SettingsError, setting

PREFIX: Final = "whsec_"
HOW_TO_MAKE: Final = "openssl rand -base64 32"
DAY_S: Final = 86_400
KINDS: Final = ", ".join(Kind)


@dataclass(frozen=True, kw_only=True, slots=True)
class TellingSettings:
    hold_s: int = setting(
        300, "what differs from what was told is told once it has differed for so many seconds; doors, shocks at once",
        low=0,
    )  # fmt: skip
    revise_s: int = setting(
        900, "a time or a duration is told anew when it is another by more than so many seconds", low=0
    )
    settle_days: int = setting(
        90, "what ended before so many days is neither told, revised nor retracted any more", low=1
    )

    keep_days: int = setting(
        400, "notices that nothing changes any more, and that were told before so many days, are let go", low=1
    )
    keep_notices: int = setting(
        1_000_000, "and beyond so many (1 to 2 GB) the oldest of them; what may still be revised stays", low=1_000
    )

    def __post_init__(self) -> None:
        """Raises SettingsError, which is a ValueError."""
        if self.keep_days < self.settle_days:
            raise SettingsError(f"keep_days: {self.keep_days} is less than settle_days, {self.settle_days}")

    def hysteresis(self) -> Hysteresis:
        return Hysteresis(hold_s=self.hold_s, revise_s=self.revise_s, settle_s=self.settle_days * DAY_S)

    def keeping(self) -> Keeping:
        return Keeping(self.keep_days * DAY_S, self.keep_notices)


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookSettings:
    url: str | None = setting(
        None, "where notices are posted, http:// or https://; without it they are only kept",
        example="https://erp.example/railbox",
    )  # fmt: skip
    secret_file: Path | None = setting(
        None, "file with the secret that signs them: base64 of 24 to 64 bytes, whsec_ before it if you like",
        example="/etc/railbox/webhook-secret",
    )  # fmt: skip
    events: tuple[str, ...] = setting(("flag", "no_contact", "door", "shock"), f"what is posted, of: {KINDS}")
    timeout_s: float = setting(10.0, "how long the receiver may take to answer, in seconds", low=0.1, high=120.0)
    retry_s: float = setting(
        5.0, "first rest after a failure, in seconds; doubled with each, up to a quarter of an hour", low=0.1
    )
    max_waiting: int = setting(100_000, "notices that wait at most; beyond that the oldest are dropped", low=1)
    max_age_h: int = setting(168, "notices that waited for so many hours are dropped", low=1)

    def __post_init__(self) -> None:
        """Raises SettingsError, which is a ValueError."""
        for name in self.events:
            if name not in list(Kind):
                raise SettingsError(f"events: no kind {name!r}; known: {KINDS}")
        if self.url is None:
            return
        if (problem := _problem_of(self.url)) is not None:
            raise SettingsError(f"url: {problem}")
        if self.secret_file is None:
            raise SettingsError("url: needs secret_file too, since what is posted is signed")


def check_secret(secret: str) -> str:
    """The secret itself; raises SettingsError, which does not show it."""
    text = secret.removeprefix(PREFIX)
    try:
        size = len(base64.b64decode(text + "=" * (-len(text) % 4), validate=True))
    except ValueError as error:  # binascii's is one
        raise SettingsError(f"webhook.secret_file: not base64; make one with: {HOW_TO_MAKE}") from error
    if not 24 <= size <= 64:
        raise SettingsError(f"webhook.secret_file: has {size} bytes, expected 24 to 64; make one with: {HOW_TO_MAKE}")
    return secret


def _problem_of(url: str) -> str | None:
    """Says nothing of the URL itself: its path may be a secret."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return "not a URL"
    if parts.scheme not in ("http", "https"):
        return f"begins with {parts.scheme}: expected http:// or https://" if parts.scheme else "begins with no http://"
    return None if parts.hostname else "names no host"
