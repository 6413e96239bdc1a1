"""MQTT topics `rb/1/<shard>/<device>/<leaf>`: who says what to whom.

The shard lets server workers split the fleet by plain subscriptions, in order, on any broker.
"""

from binascii import crc32
from dataclasses import dataclass
from enum import StrEnum

from railbox_telemetry.identity import is_device

PREFIX = "rb/1"
SHARDS = 64


class Leaf(StrEnum):
    BATCH = "b"
    COMMITTED = "a"
    STATUS = "s"
    CONFIGURATION = "c"
    RESULT = "r"


class TopicError(ValueError):
    """A topic that no device of this version may use."""


@dataclass(frozen=True, slots=True)
class Topic:
    device: str
    leaf: Leaf

    def __str__(self) -> str:
        return f"{PREFIX}/{shard_of(self.device)}/{self.device}/{self.leaf}"


def shard_of(device: str) -> int:
    return crc32(device.encode()) % SHARDS


def parse_topic(text: str) -> Topic:
    """The topic's device and leaf; raises TopicError on anything that `str(Topic(...))` would not have written."""
    parts = text.split("/")
    if len(parts) != 5 or "/".join(parts[:2]) != PREFIX:
        raise TopicError(f"topic {text!r}: not of the form {PREFIX}/<shard>/<device>/<leaf>")
    shard, device, leaf = parts[2:]
    if not is_device(device):
        raise TopicError(f"topic {text!r}: {device!r} is no device id")
    if leaf not in tuple(Leaf):
        raise TopicError(f"topic {text!r}: unknown leaf {leaf!r}")
    if shard != str(shard_of(device)):
        raise TopicError(f"topic {text!r}: the shard of {device} is {shard_of(device)}")
    return Topic(device, Leaf(leaf))


def subscription(leaf: Leaf, shard: int | None = None) -> str:
    """What a server worker subscribes to: every device's leaf, or one shard's."""
    return f"{PREFIX}/{'+' if shard is None else shard}/+/{leaf}"
