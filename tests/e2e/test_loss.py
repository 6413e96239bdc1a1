"""Whatever happens to server, broker, disk or InfluxDB: nothing that a tracker kept is lost, and the ledger says so.

A tracker here is the least that can be: it keeps a batch until the server has said that it is committed. What the real
one does is in test_kill.py.
"""

import resource
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from support.batches import EPOCH, payload
from support.brokers import Start, mosquitto, nats, wait_for
from support.influx import influxdb
from support.system import Server, running
from support.tracker import tracker

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

DEVICE, UNIT = "TRK-1", "CSQU3054383"
BURST = 2_000
KNOTS = 3
DELIVER_S = 120.0


def batches(first: int, last: int) -> list[tuple[int, bytes]]:
    return [(seq, payload(seq)) for seq in range(first, last + 1)]


def arrived(server: Server) -> int:
    return (server.ledger(DEVICE) or {"arrived": 0})["arrived"]


def assert_all_there(server: Server, count: int) -> None:
    """By the ledger, and by what the API gives out."""
    ledger = server.ledger(DEVICE)
    assert ledger is not None
    assert (ledger["arrived"], ledger["highest"], ledger["missing"]) == (count, count, [])
    assert (ledger["quarantined"], ledger["discarded"]) == ([], [])
    track = server.get(f"/api/units/{UNIT}/track?max_points=100000")["points"]
    assert len(track) == len({point["time"] for point in track}) == KNOTS * count


@pytest.mark.parametrize(
    ("event", "start_broker"),
    [
        ("server restarts", nats),
        ("server is killed", mosquitto),
        ("broker restarts", mosquitto),
        ("broker is killed", nats),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_nothing_of_a_burst_is_lost_when(tmp_path: Path, event: str, start_broker: Start) -> None:
    with start_broker(tmp_path) as broker, running(server := Server(tmp_path, broker.url)):
        server.assign(DEVICE, UNIT)
        happen: Callable[[], object] = {
            "server restarts": server.stop,
            "server is killed": server.kill,
            "broker restarts": broker.stop,
            "broker is killed": broker.kill,
        }[event]
        with tracker(DEVICE, EPOCH, broker.url) as sender:
            burst = threading.Thread(target=sender.send, args=(batches(1, BURST),))
            burst.start()
            wait_for(lambda: arrived(server) > 0, "the first batches")
            happen()
            (server if event.startswith("server") else broker).start()
            burst.join()
            sender.deliver(DELIVER_S)
        assert_all_there(server, BURST)


def test_nothing_is_lost_when_the_brokers_queue_limit_is_hit(tmp_path: Path) -> None:
    """Mosquitto by default keeps 1,000 messages for a server that is away, and acknowledges and drops the rest."""
    with mosquitto(tmp_path) as broker, running(server := Server(tmp_path, broker.url)):
        server.assign(DEVICE, UNIT)
        server.stop()
        with tracker(DEVICE, EPOCH, broker.url) as sender:
            sender.send(batches(1, BURST))
            wait_for(lambda: sender.unsent == 0, "the broker to have acknowledged all of them")
            server.start()
            wait_for(lambda: arrived(server) > 0, "what the broker kept")
            sender.deliver(DELIVER_S)
        assert_all_there(server, BURST)


def test_nothing_is_lost_when_the_disk_is_full_and_freed(tmp_path: Path) -> None:
    """As if it were: the server may make no file longer than it is."""
    with nats(tmp_path) as broker, running(server := Server(tmp_path, broker.url)):
        server.assign(DEVICE, UNIT)
        with tracker(DEVICE, EPOCH, broker.url) as sender:
            sender.send(batches(1, 100))
            wait_for(lambda: arrived(server) == 100, "the first batches")
            unlimited = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (8_192, resource.RLIM_INFINITY))
            sender.send(batches(101, 600))
            sender.ask()
            wait_for(
                lambda: server.get("/healthz")["ingest_waiting"] > 0 or "trying again" in server.log, "a full disk"
            )
            assert arrived(server) < 600
            assert len(sender.kept) >= 500
            resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, unlimited)
            sender.deliver(DELIVER_S)
        assert_all_there(server, 600)


def test_nothing_is_lost_while_influxdb_is_away(tmp_path: Path) -> None:
    (tmp_path / "influx").mkdir()
    with influxdb(tmp_path / "influx") as influx, nats(tmp_path) as broker:
        influx.database("railbox")
        config = f'[store]\nkind = "influxdb"\n[store.influxdb]\nurl = "{influx.url}"\ntimeout_s = 2.0\n'
        server = Server(tmp_path, broker.url, config)
        with running(server), tracker(DEVICE, EPOCH, broker.url) as sender:
            server.assign(DEVICE, UNIT)
            sender.send(batches(1, 200))
            wait_for(lambda: delivered(server) == 200, "the first batches to be in InfluxDB", 60)
            influx.server.kill()
            sender.send(batches(201, 700))
            sender.deliver(DELIVER_S)
            assert server.get("/healthz")["ingest"]["spool"] == 500
            server.kill()
            server.start()
            influx.server.start()
            wait_for(lambda: delivered(server) == 500, "the rest to be in InfluxDB", 60)
            assert_all_there(server, 700)
            (series,) = influx.ask("SELECT count(seq) FROM knots", "railbox")
            assert series["values"][0][1] == KNOTS * 700


def delivered(server: Server) -> int:
    """Since its start."""
    return server.get("/healthz")["ingest"].get("delivered", 0)
