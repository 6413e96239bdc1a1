"""Kill -9 of every part in the middle: what reached the outbox is all there at the end, and nothing is there twice."""

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from support import nmea
from support.brokers import Start, mosquitto, nats, wait_for
from support.system import SerialPort, Server, Tracker, running, serial_port

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

UNIT = "CSQU3054383"
PLAYED = 30
LEFT_AT_A_STOP = 3
"""Batches that were made too late to be answered before the tracker ended."""


@pytest.mark.parametrize("start_broker", [nats, mosquitto], ids=["nats", "mosquitto"])
def test_nothing_is_lost_or_doubled_when_server_broker_and_agent_are_killed(
    tmp_path: Path, start_broker: Start
) -> None:
    with start_broker(tmp_path) as broker, serial_port() as gnss:
        server = Server(tmp_path, broker.url)
        tracker = Tracker(tmp_path / "agent", "TRK-1", broker.url, gnss.path)
        with running(server, tracker):
            server.assign("TRK-1", UNIT)
            start_s = int(time.time())
            player = gnss.play(nmea.rmc(start_s + i) + nmea.gga(start_s + i) for i in range(PLAYED))

            wait_for(lambda: highest(server) >= 3, "batches before the server is killed", 60)
            server.kill()
            wait_for(later(gnss), "fixes while there is no server", 60)
            server.start()

            broker.kill()
            wait_for(later(gnss), "fixes while there is no broker", 60)
            broker.start()

            tracker.kill()
            tracker.start()
            player.join()
            before = highest(server)
            wait_for(lambda: highest(server) > before and not missing(server), "everything to arrive", 120)
            tracker.stop()

            last, kept = tracker.outbox_left()
            arrived = set(range(1, highest(server) + 1))
            assert arrived | kept == set(range(1, last + 1))
            assert len(kept) <= LEFT_AT_A_STOP
            (outbox,) = [row for row in server.get("/api/gaps")["devices"] if row["device"] == "TRK-1"]
            assert outbox["arrived"] == len(arrived)
            times = [point["time"] for point in server.get(f"/api/units/{UNIT}/track")["points"]]
            assert Counter(times).most_common(1)[0][1] == 1
            assert len(times) >= PLAYED / 2
            events = [row["event"] for row in server.get(f"/api/units/{UNIT}/events")["events"]]
            assert events.count("agent_started") == 2


def highest(server: Server) -> int:
    return (server.ledger("TRK-1") or {"highest": 0})["highest"]


def missing(server: Server) -> list[list[int]]:
    return (server.ledger("TRK-1") or {"missing": []})["missing"]


def later(gnss: SerialPort, epochs: int = 3) -> Callable[[], bool]:
    """Whether the receiver has said so much more than now."""
    until = gnss.epochs_played + epochs
    return lambda: gnss.epochs_played >= until
