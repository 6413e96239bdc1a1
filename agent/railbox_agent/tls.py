"""TLS as cheap as the broker allows: one context for all connections, and the session that the next one resumes.

The handshake is most of what a reconnection costs. Measured with P-256 certificates: by TLS 1.3 3.7 kB (each of its two
tickets holds our certificate), by TLS 1.2 without tickets 1.4 to 2.2 kB, resumed by session id 0.4 kB. Knows no MQTT.
"""

import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

SURE_S: Final = 1_800.0
"""Every server that keeps sessions keeps them so long (OpenSSL's for two hours, Go's tickets for a week)."""
MISSES: Final = 2
"""So often in a row a broker may have forgotten a young session: it was restarted. Then it keeps none."""
_CERTIFICATE_ALERTS: Final = ("CERTIFICATE", "UNKNOWN_CA", "ACCESS_DENIED")


@dataclass(frozen=True, slots=True)
class Way:
    """How TLS is spoken; None: as the library likes."""

    newest: ssl.TLSVersion | None = None
    ciphers: str | None = None
    curve: str | None = None
    tickets: bool = True


LEAN: Final = Way(ssl.TLSVersion.TLSv1_2, "ECDHE+CHACHA20", "prime256v1", tickets=False)
"""Session ids instead of tickets, 21 bytes around each record, and forward secrecy as ever."""
COMMON: Final = Way()


@dataclass(frozen=True, slots=True)
class Files:
    """`ca`: who must have signed the broker's certificate, None: the system's. `cert`, `key`: ours."""

    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None

    def stamps(self) -> tuple[tuple[str, int, int], ...]:
        """Other when a file is another. Raises OSError, which names the file."""
        paths = [path for path in (self.ca, self.cert, self.key) if path is not None]
        return tuple((str(path), path.stat().st_mtime_ns, path.stat().st_size) for path in paths)


class Tls:
    """`way`: how it is spoken at present, LEAN until a broker has none of it."""

    def __init__(self, files: Files, now_s: Callable[[], float] = time.monotonic) -> None:
        self.way = LEAN
        self._files = files
        self._now_s = now_s
        self._context: _Context | None = None
        self._made_of: object = None
        self._offered_s: float | None = None
        self._begun_s = 0.0
        self._misses = 0

    def context(self) -> ssl.SSLContext:
        """For the next connection: with the last one's session while the broker may still know it. Made anew when a
        file has changed. Raises OSError, also for a file that is no certificate or key."""
        made_of = (self.way, self._files.stamps())
        if self._context is None or made_of != self._made_of:
            self._context, self._made_of = _context(self._files, self.way), made_of
        session, age_s = self._context.session, self._now_s() - self._begun_s
        if session is not None and age_s >= (session.ticket_lifetime_hint or session.timeout):
            session = self._context.session = None
        self._offered_s = None if session is None else age_s
        return self._context

    def connected(self, sock: ssl.SSLSocket) -> bool:
        """To be told once something was read: TLS 1.3 sends its tickets then. Says whether a session was resumed."""
        resumed = bool(sock.session_reused)
        if self._context is None or sock.context is not self._context:
            return resumed
        if not resumed or sock.version() == "TLSv1.3":  # which renews a session by resuming it
            self._begun_s = self._now_s()
        self._context.session = sock.session
        if resumed:
            self._misses = 0
        elif self._offered_s is not None and self._offered_s < SURE_S:
            self._misses += 1
        if self._misses >= MISSES:
            self.way, self._misses = COMMON, 0
        return resumed

    def failed(self, error: ssl.SSLError) -> bool:
        """A handshake failed: says whether to try again at once, without the session, or in the other way."""
        offered, self._offered_s = self._offered_s is not None, None
        if self._context is not None:
            self._context.session = None
        if is_our_refusal(error) or is_their_refusal(error):
            return False
        if not offered and self.way == COMMON:
            return False
        self.way = self.way if offered else COMMON
        return True


def is_our_refusal(error: BaseException) -> bool:
    """We do not believe the broker's certificate."""
    return isinstance(error, ssl.SSLCertVerificationError)


def is_their_refusal(error: BaseException) -> bool:
    """The broker does not believe ours, or wants one. In TLS 1.3 it says so after the handshake."""
    reason = getattr(error, "reason", None) or ""
    return isinstance(error, ssl.SSLError) and "ALERT" in reason and any(word in reason for word in _CERTIFICATE_ALERTS)


class _Context(ssl.SSLContext):
    """Hands the session to whoever wraps a socket: paho does not."""

    session: ssl.SSLSession | None = None

    def wrap_socket(self, *args: Any, **more: Any) -> ssl.SSLSocket:
        return super().wrap_socket(*args, session=self.session, **more)


def _context(files: Files, way: Way) -> _Context:
    context = _Context(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if way.newest is not None:
        context.maximum_version = way.newest
    if way.ciphers is not None:
        context.set_ciphers(way.ciphers)
    if way.curve is not None:
        context.set_ecdh_curve(way.curve)
    if not way.tickets:
        context.options |= ssl.OP_NO_TICKET
    if files.ca is None:
        context.load_default_certs()
    else:
        _named(lambda: context.load_verify_locations(files.ca), files.ca, "no certificate of an authority")
    if files.cert is not None:
        what = f"no certificate that belongs to the key {files.key}"
        _named(lambda: context.load_cert_chain(files.cert or "", files.key), files.cert, what)
    return context


def _named(load: Callable[[], None], path: Path, what: str) -> None:
    try:
        load()
    except ssl.SSLError as error:
        raise OSError(f"{path}: {what} ({error.reason})") from error
