"""The server's settings: one table of keys with types, defaults and explanations.

Reads files, opens nothing else. Says in one line what is wrong; run.py turns that into exit code 2.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeVar

from railbox_server.addresses import AddressError, BrokerAddress, Listen, parse_broker, parse_listen
from railbox_server.custody.settings import CustodySettings
from railbox_server.journey.model import Settings as EngineSettings
from railbox_server.store.settings import StoreSettings
from railbox_server.telling.settings import TellingSettings, WebhookSettings, check_secret
from railbox_telemetry.settings import SettingsError, setting

T = TypeVar("T")

EMBEDDED: Final = "embedded"
MIN_TOKEN: Final = 16


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpSettings:
    listen: str = setting("127.0.0.1:8080", "HOST:PORT of page and API; port 0: any free one")
    token_file: Path | None = setting(
        None, "file with the token that the API asks for; needed on any other address than this machine's",
        example="/etc/railbox/api-token",
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class BrokerSettings:
    address: str = setting(EMBEDDED, '"embedded", or the broker to use: mqtt://[USER@]HOST[:PORT], mqtts:// with TLS')
    listen: str = setting(
        "127.0.0.1:0", "HOST:PORT of the embedded broker; port 0: a free one, the same at every start if it can be"
    )
    device_credentials: Path | None = setting(
        None, "file of lines DEVICE PASSWORD (or its bcrypt hash): who may speak at the embedded broker",
        example="/etc/railbox/devices",
    )  # fmt: skip
    password_file: Path | None = setting(
        None, "file with the password of USER at another broker", example="/etc/railbox/broker-password"
    )
    tls_ca: Path | None = setting(
        None, "certificate of the authority that signed the other broker's", example="/etc/railbox/ca.crt"
    )
    tls_certificate: Path | None = setting(
        None, "the server's own certificate, for a broker that asks for one", example="/etc/railbox/server.crt"
    )
    tls_key: Path | None = setting(None, "the key of tls_certificate", example="/etc/railbox/server.key")


@dataclass(frozen=True, kw_only=True, slots=True)
class BordersSettings:
    """What a user may say to the border engine; limits of single places and borders stand in their corridor's file."""

    heartbeat_s: int = setting(
        3600, "the trackers' longest silence while all is well, in seconds: after 1.5 of it contact is lost", low=1
    )
    track_error_m: float = setting(
        25.0, "how far a unit may have been from the line between two knots, in metres", low=0.0
    )

    planned_journeys: Path | None = setting(
        None, "TOML file of [[journeys]]: departures, directions and ends that no position tells; read when it changes",
        example="/etc/railbox/journeys.toml",
    )  # fmt: skip

    def for_engine(self) -> EngineSettings:
        return EngineSettings(heartbeat_s=self.heartbeat_s, track_error_m=self.track_error_m)


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerSettings:
    """Everything that `railbox server` can be told."""

    data: Path = setting(Path("var/server"), "folder of the store and of the embedded broker's sessions")
    clock: Literal["real", "replay"] = setting(
        "real", "what now is for open visits: this machine's clock, or in a replay the newest trusted fix"
    )
    corridors: tuple[Path, ...] = setting((), "folders of more corridors; a file of a shipped one's name replaces it")
    http: HttpSettings = setting(HttpSettings(), "page and API")
    broker: BrokerSettings = setting(BrokerSettings(), "the MQTT broker")
    borders: BordersSettings = setting(BordersSettings(), "the border engine")
    store: StoreSettings = setting(StoreSettings(), "the store")
    custody: CustodySettings = setting(CustodySettings(), "the condition of what is carried, by visit and leg")
    telling: TellingSettings = setting(
        TellingSettings(), "what is told of visits, crossings, doors and shocks, and when"
    )
    webhook: WebhookSettings = setting(WebhookSettings(), "where notices are posted")

    def http_listen(self) -> Listen:
        return _parsed("http.listen", self.http.listen, parse_listen)

    def broker_listen(self) -> Listen | None:
        """Where the embedded broker listens; None when another one is used."""
        if self.broker.address != EMBEDDED:
            return None
        return _parsed("broker.listen", self.broker.listen, parse_listen)

    def broker_address(self) -> BrokerAddress | None:
        """The other broker to use; None for the embedded one."""
        if self.broker.address == EMBEDDED:
            return None
        return _parsed("broker.address", self.broker.address, parse_broker)

    def check(self) -> None:
        """Raises SettingsError when an address cannot be one."""
        self.http_listen()
        self.broker_listen()
        self.broker_address()


def webhook_secret(settings: WebhookSettings) -> str | None:
    """What signs notices; None where no webhook is set. Raises SettingsError, which never shows it."""
    secret = read_secret("webhook.secret_file", settings.secret_file)
    return None if secret is None or settings.url is None else check_secret(secret)


def read_secret(key: str, path: Path | None, least: int = 1) -> str | None:
    """The one line in a file; None when no file is set. Raises SettingsError, which never shows the secret."""
    if path is None:
        return None
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{key} = {path}: cannot be read: {error}") from error
    if len(secret) < least or any(char.isspace() for char in secret):
        raise SettingsError(f"{key} = {path}: expected one line of at least {least} characters without spaces")
    return secret


def _parsed(key: str, text: str, parse: Callable[[str], T]) -> T:
    try:
        return parse(text)
    except AddressError as error:
        raise SettingsError(f"{key}: {error}") from error
