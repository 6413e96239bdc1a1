"""Whether the broker can be reached: the network, then TLS, then its leave to speak and to hear. An edge.

The last is tried only while no agent runs: by the same id it would be cut off. It is tried by the agent's own
`Connection`, so that what works here works there.
"""

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Final

from paho.mqtt.enums import MQTTProtocolVersion

from railbox_agent.doctor.findings import Finding, fail, ok, warn
from railbox_agent.health.snapshot import span
from railbox_agent.mqtt import PROTOCOLS, Access, Connected, Connection, SubscriptionRefused, UplinkEvent
from railbox_agent.sender import subscriptions, will

AREA: Final = "broker"
CONNECT_S: Final = 10.0
SETTLE_S: Final = 1.0
"""After it let us in, a broker that refuses what we want to hear says so within that."""
SOON_S: Final = 30 * 86_400

# By OpenSSL's verify codes (x509_vfy.h), where more can be said than "untrusted".
_REMEDIES: Final = {
    9: "this computer's clock is behind: let it ask for the time (systemd-timesyncd), or give it a clock",
    10: "renew the broker's certificate; if it is good, this computer's clock is ahead",
    62: "write in uplink.url the name that the certificate has",
    64: "write in uplink.url the address that the certificate has",
}
_OWN: Final = "uplink.ca_file, cert_file, key_file"
_UNTRUSTED: Final = "name in uplink.ca_file who signed the broker's certificate"


def look(access: Access, now_s: int, *, agent_runs: bool) -> Iterator[Finding]:
    """Stops at the first thing that fails: what comes after it cannot be known."""
    reached = _network(access)
    if isinstance(reached, Finding):
        yield reached
        return
    with closing(reached):
        if access.address.tls:
            secured = _tls(access, reached, now_s)
            yield secured
            if secured.level == "fail":
                return
        else:
            yield ok(AREA, f"{access.address} answers (without TLS)")
    if not agent_runs:
        yield from _mqtt(access)


def _network(access: Access) -> socket.socket | Finding:
    address = access.address
    try:
        return socket.create_connection((address.host, address.port), CONNECT_S)
    except socket.gaierror as error:
        return fail(AREA, f"{address.host}: {error.strerror}", "check uplink.url, and whether there is a network")
    except ConnectionRefusedError:
        return fail(AREA, f"{address} refuses connections", "start the broker there, or correct the port in uplink.url")
    except OSError as error:
        return fail(AREA, f"{address}: {error}", "check the network: SIM, antenna, routes, firewall")


def _tls(access: Access, sock: socket.socket, now_s: int) -> Finding:
    try:
        context = ssl.create_default_context(cafile=access.ca_file)
        if access.cert_file is not None:
            context.load_cert_chain(access.cert_file, access.key_file)
    except ssl.SSLError as error:
        return fail("tls", f"{_OWN}: {error.reason}", "see that they are PEM, and that key and certificate are a pair")
    except OSError as error:
        return fail("tls", f"{_OWN}: {error}", "correct their paths, or who may read them")
    try:
        with context.wrap_socket(sock, server_hostname=access.address.host) as secured:
            return _certificate(secured, access, now_s)
    except ssl.SSLCertVerificationError as error:
        return fail("tls", f"{access.address}: {error.verify_message}", _REMEDIES.get(error.verify_code, _UNTRUSTED))
    except OSError as error:
        return fail("tls", f"{access.address}: {error}", "see that this port of the broker speaks TLS")


def _certificate(secured: ssl.SSLSocket, access: Access, now_s: int) -> Finding:
    end = str((secured.getpeercert() or {}).get("notAfter", ""))
    left_s = ssl.cert_time_to_seconds(end) - now_s if end else None
    says = f"{access.address} answers by {secured.version()}"
    if left_s is not None and left_s < SOON_S:
        return warn("tls", f"{says}; its certificate ends in {span(left_s)}", "renew the broker's certificate")
    return ok("tls", says if left_s is None else f"{says}; its certificate is good for {span(left_s)}")


def _mqtt(access: Access) -> Iterator[Finding]:
    wake, other = socket.socketpair()
    with closing(wake), closing(other):
        connection, events = _converse(access, PROTOCOLS[0], wake)
        if not connection.up and connection.reached and (connection.wrong_protocol or not connection.refused):
            connection, events = _converse(access, PROTOCOLS[1], wake)
    yield from _spoken(connection, events)


def _converse(
    access: Access, protocol: MQTTProtocolVersion, wake: socket.socket
) -> tuple[Connection, list[UplinkEvent]]:
    """Connects, listens for a moment, and takes leave."""
    events: list[UplinkEvent] = []
    connection = Connection(access, protocol, will(access.client_id), subscriptions(access.client_id), events.append)
    deadline_s = time.monotonic() + CONNECT_S
    try:
        connection.open(wake)
        while connection.ended is None and time.monotonic() < deadline_s:
            if connection.up:
                deadline_s = min(deadline_s, time.monotonic() + SETTLE_S)
            connection.step(0.1)
        if connection.ended is None and connection.up:
            connection.say_goodbye()
    except (OSError, ValueError) as error:
        connection.ended = str(error)
    finally:
        with suppress(OSError):
            connection.close()
    return connection, events


def _spoken(connection: Connection, events: list[UplinkEvent]) -> Iterator[Finding]:
    protocol = next((event.protocol for event in events if isinstance(event, Connected)), None)
    if protocol is None:
        why = connection.ended or "it does not answer CONNECT"
        yield fail("login", why, "check this device's certificate, or its username and password, on the broker")
        return
    yield ok("login", f"the broker lets us in, by {protocol}")
    for event in events:
        if isinstance(event, SubscriptionRefused):
            todo = "let this device read its topics a and c on the broker"
            yield fail("login", f"but not hear what is committed: {event.reason}", todo)
