"""A fleet's batches, made beforehand, and a publisher that costs next to nothing: `python benchmarks/load.py FILE URL`.

The publisher sends ready MQTT 3.1.1 packets at QoS 1 and counts acknowledgements: it never decides anything, so that on
one machine with the server it measures the server.
"""

import json
import math
import random
import resource
import selectors
import socket
import struct
import sys
import time
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

from railbox_server.geo.corridors import shipped
from railbox_server.geo.model import Corridor
from railbox_server.journey.ground import DEGREE_M
from railbox_telemetry.tables import ACCURACY, COURSE, SATS, SPEED
from railbox_telemetry.topics import Leaf, Topic
from railbox_telemetry.values import Batch, Knot, Positions
from railbox_telemetry.wire import encode

DAY_S = 86_400
WINDOW = 400
"""Messages that may wait for their acknowledgement."""
LATE, REPEATED = 0.05, 0.02
SPACING_S = 40
"""Between two knots: what thinning leaves of a freight train is 30-60 s."""
SPEED_MPS = 14.0


@dataclass(frozen=True)
class Fleet:
    """`end_s`: about when the newest knots are."""

    units: int
    knots_a_batch: int
    batches: int
    end_s: int
    seed: int = 1

    @property
    def devices(self) -> list[str]:
        return [f"L{number:05d}" for number in range(self.units)]


def messages(fleet: Fleet) -> Iterator[tuple[str, bytes]]:
    """Topic and payload in the order of sending: in rounds over the units, LATE of them from days before, REPEATED of
    them sent before."""
    rng = random.Random(fleet.seed)  # noqa: S311 - the same fleet every time
    sent: list[tuple[str, bytes]] = []
    makers = [_Maker(device, fleet, rng) for device in fleet.devices]
    for number in range(fleet.batches):
        if sent and rng.random() < REPEATED:
            yield rng.choice(sent)
            continue
        maker = makers[number % fleet.units]
        message = maker.late() if rng.random() < LATE else maker.next()
        if len(sent) < 10_000:
            sent.append(message)
        yield message


class _Maker:
    """One device's batches: a train that follows its course, and the backlog of days before."""

    def __init__(self, device: str, fleet: Fleet, rng: random.Random) -> None:
        self._topic = str(Topic(device, Leaf.BATCH))
        self._epoch = rng.randrange(1 << 28)
        self._seq = 0
        self._rng = rng
        self._count = fleet.knots_a_batch
        rounds = -(-fleet.batches // fleet.units)
        self._now_s = fleet.end_s - (rounds + 1) * self._count * SPACING_S
        self._first_s = self._now_s
        self._late_s = self._now_s - 5 * DAY_S
        self._way = rng.choice(ways())
        self._now_m = rng.uniform(0, self._way.length_m)

    def next(self) -> tuple[str, bytes]:
        self._now_s, message = self._batch(self._now_s)
        return message

    def late(self) -> tuple[str, bytes]:
        self._late_s, message = self._batch(self._late_s)
        return message

    def _batch(self, time_s: int) -> tuple[int, tuple[str, bytes]]:
        """Five days before is five days' way back."""
        knots: list[Knot] = []
        for _ in range(self._count):
            time_s += self._rng.randint(SPACING_S - 15, SPACING_S + 15)
            lat, lon = self._way.at(self._now_m + SPEED_MPS * (time_s - self._first_s))
            knots.append(Knot(time_s, round(lat * 1e5), round(lon * 1e5)))
        state = {SPEED.bit: round(10 * SPEED_MPS), COURSE.bit: 310, ACCURACY.bit: 8, SATS.bit: 11}
        self._seq += 1
        return time_s, (self._topic, encode(Batch(self._epoch, self._seq, (Positions(tuple(knots), state),))))


@dataclass(frozen=True)
class Way:
    """A corridor, straight from place to place; there and back again without end."""

    places: tuple[tuple[float, float], ...]
    starts_m: tuple[float, ...]

    @property
    def length_m(self) -> float:
        return self.starts_m[-1]

    def at(self, way_m: float) -> tuple[float, float]:
        """Latitude and longitude."""
        along_m = self.length_m - abs(way_m % (2 * self.length_m) - self.length_m)
        leg = min(bisect_right(self.starts_m, along_m), len(self.places) - 1)
        (lat0, lon0), (lat1, lon1) = self.places[leg - 1], self.places[leg]
        share = (along_m - self.starts_m[leg - 1]) / (self.starts_m[leg] - self.starts_m[leg - 1])
        return lat0 + share * (lat1 - lat0), lon0 + share * (lon1 - lon0)


@cache
def ways() -> tuple[Way, ...]:
    """Of the shipped corridors."""
    return tuple(map(_way, shipped()))


def _way(corridor: Corridor) -> Way:
    places = tuple(dict.fromkeys((place.lat_deg, place.lon_deg) for place in corridor.places if place.km is not None))
    starts_m = [0.0]
    for (lat0, lon0), (lat1, lon1) in pairwise(places):
        east = (lon1 - lon0) * math.cos(math.radians((lat0 + lat1) / 2))
        starts_m.append(starts_m[-1] + DEGREE_M * math.hypot(lat1 - lat0, east))
    return Way(places, tuple(starts_m))


def save(path: Path, made: Iterator[tuple[str, bytes]]) -> int:
    """As PUBLISH packets of QoS 1 with room for their number; returns how many."""
    count = 0
    with path.open("wb") as file:
        for topic, payload in made:
            name = topic.encode()
            body = struct.pack(">H", len(name)) + name + b"\0\0" + payload
            packet = b"\x32" + _length(len(body)) + body
            file.write(struct.pack(">IH", len(packet), len(packet) - len(payload) - 2) + packet)
            count += 1
    return count


def _length(value: int) -> bytes:
    out = bytearray()
    while True:
        value, digit = divmod(value, 128)
        out.append(digit | (128 if value else 0))
        if not value:
            return bytes(out)


def load(path: Path) -> list[tuple[bytearray, int]]:
    """Packets, each with where its number stands."""
    data, at, packets = path.read_bytes(), 0, list[tuple[bytearray, int]]()
    while at < len(data):
        size, number_at = struct.unpack_from(">IH", data, at)
        packets.append((bytearray(data[at + 6 : at + 6 + size]), number_at))
        at += 6 + size
    return packets


class Publisher:
    """One MQTT connection."""

    def __init__(self, url: str, name: str) -> None:
        parts = urlsplit(url)
        self._socket = socket.create_connection((parts.hostname or "", parts.port or 1883))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client = name.encode()
        body = b"\0\x04MQTT\x04\x02\0\0" + struct.pack(">H", len(client)) + client
        self._socket.sendall(b"\x10" + _length(len(body)) + body)
        answer = self._socket.recv(4, socket.MSG_WAITALL)
        if answer[:1] != b"\x20" or answer[3] != 0:
            raise ConnectionError(f"{url} refused: {answer.hex()}")
        self._buffer = b""

    def publish(self, packets: Sequence[tuple[bytearray, int]], rate: float | None = None) -> float:
        """Sends all and waits until all are acknowledged; `rate`: messages a second. Returns the seconds it took."""
        started, sent, acknowledged = time.monotonic(), 0, 0
        self._socket.setblocking(False)
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_READ)
            while acknowledged < len(packets):
                allowed = len(packets) if rate is None else int((time.monotonic() - started) * rate) + 1
                upto = min(len(packets), acknowledged + WINDOW, allowed)
                if upto > sent:
                    self._send(packets[sent:upto], sent)
                    sent = upto
                if selector.select(0.005 if rate else 1.0):
                    acknowledged += self._acknowledged()
        return time.monotonic() - started

    def _send(self, packets: Sequence[tuple[bytearray, int]], first: int) -> None:
        out = bytearray()
        for nth, (packet, number_at) in enumerate(packets, first):
            struct.pack_into(">H", packet, number_at, nth % 65_535 + 1)
            out += packet
        self._socket.setblocking(True)
        self._socket.sendall(out)
        self._socket.setblocking(False)

    def _acknowledged(self) -> int:
        data = self._buffer + self._socket.recv(65_536)
        if not data:
            raise ConnectionError("the broker closed the connection")
        whole = len(data) // 4 * 4
        self._buffer = data[whole:]
        return sum(data[at] == 0x40 for at in range(0, whole, 4))


def main(argv: list[str]) -> int:
    """Publishes a file's packets; waits for a line on standard input first, tells what it took as a line of JSON."""
    path, url, rate = Path(argv[0]), argv[1], float(argv[2]) if len(argv) > 2 else None
    packets = load(path)
    publisher = Publisher(url, f"load-{path.stem}")
    print(json.dumps({"ready": len(packets)}), flush=True)
    sys.stdin.readline()
    cpu_s = _cpu_s()
    seconds = publisher.publish(packets, rate)
    print(json.dumps({"seconds": seconds, "cpu_s": _cpu_s() - cpu_s}), flush=True)
    return 0


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
