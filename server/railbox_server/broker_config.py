"""What the embedded broker is told: NATS configuration text, and who may speak there (docs/design.md, "Who may speak").

Pure: text in, text out. The process is broker.py's.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from railbox_server.addresses import Listen
from railbox_server.errors import ServerError
from railbox_telemetry.identity import is_device
from railbox_telemetry.topics import Leaf, Topic

SERVER_USER: Final = "railbox-server"
MAX_PAYLOAD_BYTES: Final = 131_072
"""Twice the largest batch: what is larger is refused by the broker before it costs memory here."""
MAX_STORE_BYTES: Final = 8 * 2**30
MAX_UNACKED: Final = 4_096
"""Messages on their way to the server at once: a group commit holds that many at most."""
ACK_WAIT_S: Final = 5
"""After this the broker sends again what was not acknowledged, also after the server was killed: far over the longest
group commit, and what comes twice counts once."""

_PASSWORD = re.compile(r"[!#-\[\]-~]{8,128}")
_MAY_PUBLISH: Final = (Leaf.BATCH, Leaf.STATUS, Leaf.RESULT)
_MAY_READ: Final = (Leaf.COMMITTED, Leaf.CONFIGURATION)
_DELIVERY: Final = "$MQTT.sub.>"
"""Where NATS delivers an MQTT client's own QoS 1 subscriptions."""


class CredentialsError(ServerError):
    """A credentials file that cannot be used; the message names the line."""


@dataclass(frozen=True, slots=True)
class EmbeddedBroker:
    """What the broker needs to know. Without credentials everybody on this machine may speak."""

    mqtt: Listen
    store: Path
    log: Path
    credentials: Mapping[str, str] | None = None
    server_password: str = ""


def parse_credentials(text: str, source: str) -> dict[str, str]:
    """Device → password (or its bcrypt hash) from lines `DEVICE PASSWORD`; raises CredentialsError."""
    credentials: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) != 2 or not is_device(words[0]) or not _PASSWORD.fullmatch(words[1]):
            raise CredentialsError(f"{source}:{number}: expected DEVICE PASSWORD (8 to 128 printable, no quotes)")
        if words[0] in credentials or words[0] == SERVER_USER:
            raise CredentialsError(f"{source}:{number}: {words[0]} is there twice, or the server's own name")
        credentials[words[0]] = words[1]
    if not credentials:
        raise CredentialsError(f"{source}: no device in it; expected lines DEVICE PASSWORD")
    return credentials


def nats_config(broker: EmbeddedBroker) -> str:
    """NATS configuration: MQTT where told, its own protocol on a random port of this machine, sessions on disk."""
    lines = [
        "# Written by railbox server at every start; changes here are lost.",
        "server_name: railbox",
        "host: 127.0.0.1",
        "port: -1",
        f"max_payload: {MAX_PAYLOAD_BYTES}",
        f"log_file: {_quoted(str(broker.log))}",
        "logfile_size_limit: 10MB",
        "logfile_max_num: 3",
        f"jetstream {{ store_dir: {_quoted(str(broker.store))}, max_file: {MAX_STORE_BYTES}, max_mem: 64MB }}",
        f"mqtt {{ host: {_quoted(broker.mqtt.host)}, port: {broker.mqtt.port}",
        f"       ack_wait: {_quoted(f'{ACK_WAIT_S}s')}, max_ack_pending: {MAX_UNACKED} }}",
    ]
    if broker.credentials is not None:
        lines += ["authorization {", "  users: [", *_users(broker.credentials, broker.server_password), "  ]", "}"]
    return "\n".join(lines) + "\n"


def _users(credentials: Mapping[str, str], server_password: str) -> Iterable[str]:
    yield f"    {{ user: {_quoted(SERVER_USER)}, password: {_quoted(server_password)} }}"
    for device, password in sorted(credentials.items()):
        publish = _subjects(device, _MAY_PUBLISH)
        subscribe = f"{_subjects(device, _MAY_READ)}, {_quoted(_DELIVERY)}"
        yield (
            f"    {{ user: {_quoted(device)}, password: {_quoted(password)}, "
            f"permissions: {{ publish: [{publish}], subscribe: [{subscribe}] }} }}"
        )


def _subjects(device: str, leaves: Iterable[Leaf]) -> str:
    return ", ".join(_quoted(str(Topic(device, leaf)).replace("/", ".")) for leaf in leaves)


def _quoted(text: str) -> str:
    return json.dumps(text)
