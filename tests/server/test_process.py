"""`railbox server` as a process, with real brokers: killed in the middle, asked over HTTP, refused when it would expose
itself."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from railbox_server.addresses import Listen
from railbox_server.fleet import ALWAYS
from railbox_server.run import listening
from railbox_server.store.sqlite import SqliteStore
from railbox_telemetry.values import Positions
from railbox_telemetry.wire import encode
from support.batches import batch
from support.brokers import Broker, free_port, listens, mosquitto, nats, wait_for
from support.system import Server, running
from support.tracker import tracker
from support.trips import batches, knots

UNIT = "CSQU3054383"
KNOTS_A_BATCH = 3


def railbox(*args: str, timeout_s: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "railbox", *args], capture_output=True, text=True, timeout=timeout_s, check=False
    )


@contextmanager
def broker_of(kind: str, folder: Path) -> Generator[Broker | None]:
    if kind == "nats":
        with nats(folder) as broker:
            yield broker
    elif kind == "mosquitto":
        with mosquitto(folder) as broker:
            yield broker
    else:
        yield None


@pytest.mark.e2e
@pytest.mark.parametrize("kind", ["embedded", "nats", "mosquitto"])
def test_nothing_committed_is_lost_and_nothing_is_there_twice_over_kill_9(tmp_path: Path, kind: str) -> None:
    with broker_of(kind, tmp_path) as broker:
        server = Server(tmp_path, broker.url if broker else "embedded")
        with running(server):
            server.assign("TRK1", UNIT)
            with tracker("TRK1", 7, server.broker) as trk:
                for first in (1, 301):
                    trk.send((seq, encode(batch(seq))) for seq in range(first, first + 300))
                    trk.ask()
                    wait_for(lambda: server.get("/api/gaps")["devices"], "some batches to be stored")
                    server.kill()
                    claimed = [committed.contiguous for committed in trk.heard]
                    store = SqliteStore(server.data)
                    there = store.outboxes("TRK1")[0].ledger.stored
                    store.close()
                    assert all(set(range(1, last + 1)) <= {*_numbers(there.ranges)} for last in claimed)
                    server.start()
                    wait_for(lambda: listens(int(server.broker.rsplit(":", 1)[1])), "the broker to be back")
                trk.deliver()
            server.settle()
            (row,) = server.get("/api/gaps")["devices"]
            assert (row["arrived"], row["missing"]) == (600, [])
            assert server.get("/api/quarantine")["batches"] == []
    store = SqliteStore(server.data)
    times = [point.time_s for point in store.points("TRK1", ALWAYS)]
    store.close()
    assert len(times) == len(set(times)) == 600 * KNOTS_A_BATCH


def _numbers(ranges: Any) -> Iterator[int]:
    for item in ranges:
        yield from range(item.first, item.last + 1)


@pytest.mark.e2e
def test_a_page_that_listens_hears_of_units_the_board_and_the_time(tmp_path: Path) -> None:
    server = Server(tmp_path)
    with running(server):
        server.assign("TRK1", UNIT)
        with (
            tracker("TRK1", 7, server.broker) as trk,
            httpx.stream("GET", f"{server.http}/api/live", timeout=30) as answer,
        ):
            assert answer.headers["content-type"].startswith("text/event-stream")
            trk.send((item.seq, encode(item)) for item in batches(knots(until_h=20)))
            heard = _listen(answer, {"clock", "unit", "board"})
        unit = json.loads(heard["unit"])
        assert (unit["unit"], unit["devices"]) == (UNIT, ["TRK1"])
        assert json.loads(heard["clock"])["mode"] == "replay"
        assert json.loads(heard["board"]) == {}
        # Who comes back with the last id hears what changed since, and no more.
        with httpx.stream(
            "GET", f"{server.http}/api/live", headers={"Last-Event-ID": heard["id"]}, timeout=30
        ) as answer:
            assert [*_listen(answer, {"clock"})] == ["id", "clock"]
        with httpx.stream("GET", f"{server.http}/api/live?since=old-1", timeout=30) as answer:
            assert [*_listen(answer, {"clock"})] == ["id", "reread", "clock"]


def _listen(answer: httpx.Response, wanted: set[str]) -> dict[str, str]:
    """The last data of each event, and the last `id`, once all wanted ones came and the unit has a position."""
    heard = {"id": "-0"}
    event = ""
    for line in answer.iter_lines():
        key, _, value = line.partition(": ")
        if key == "id":
            assert int(value.rpartition("-")[2]) >= int(heard["id"].rpartition("-")[2])
            heard["id"] = value
        elif key == "event":
            event = value
        elif key == "data":
            heard[event] = value
            if wanted <= heard.keys() and json.loads(heard.get("unit", '{"latest": true}'))["latest"]:
                break
    return heard


@pytest.mark.e2e
def test_a_server_says_whether_it_is_ready_what_it_counted_and_logs_objects(tmp_path: Path) -> None:
    with ExitStack() as up:
        broker = up.enter_context(mosquitto(tmp_path))
        server = Server(tmp_path, broker.url, "", "--log-format", "json")
        with running(server):
            server.assign("TRK1", UNIT)
            wait_for(lambda: _ready(server)[0], "all parts to be up")
            with tracker("TRK1", 7, server.broker) as trk:
                trk.send((seq, encode(batch(seq))) for seq in range(1, 4))
                wait_for(lambda: server.get("/api/gaps")["devices"], "the batches to be stored")
            server.settle()
            metrics = httpx.get(f"{server.http}/metrics").text
            assert "railbox_ingest_batches_total 3.0" in metrics
            assert "railbox_ingest_knots_total 9.0" in metrics
            assert 'railbox_store_bytes{file="railbox.db"}' in metrics
            assert "railbox_engine_judge_seconds_count 0.0" not in metrics
            up.close()
            wait_for(lambda: not _ready(server)[0], "the broker's absence to be noticed")
            assert _ready(server)[1] == {
                "store": "ok",
                "broker": f"no connection to {broker.url}; it is tried again by itself",
                "engine": "ok",
            }
    lines = [json.loads(line) for line in server.log.splitlines()]
    assert any(line["message"].startswith("connected to broker") for line in lines)


def _ready(server: Server) -> tuple[bool, Any]:
    answer = httpx.get(f"{server.http}/readyz", timeout=30)
    body = answer.json()
    assert body["ready"] == answer.is_success
    return body["ready"], body["parts"]


@pytest.mark.e2e
def test_a_server_with_an_open_page_stops_at_once(tmp_path: Path) -> None:
    server = Server(tmp_path)
    with running(server), httpx.stream("GET", f"{server.http}/api/live", timeout=30) as answer:
        assert next(answer.iter_lines())
        assert server.stop() == 0
    assert not listens(int(server.broker.rsplit(":", 1)[1]))


@pytest.mark.e2e
def test_the_engine_is_started_again_when_it_dies(tmp_path: Path) -> None:
    server = Server(tmp_path)
    with running(server):
        server.assign("TRK1", UNIT)
        with tracker("TRK1", 7, server.broker) as trk:
            trk.send((item.seq, encode(item)) for item in batches(knots(until_h=10)))
            trk.deliver()
            server.settle()
            (engine,) = _children(server.process.pid, "multiprocessing.spawn")
            os.kill(engine, signal.SIGKILL)
            wait_for(lambda: server.get("/healthz")["engine_pending"] != 0, "the engine's end to be noticed")
            trk.send((item.seq, encode(item)) for item in batches(knots())[20:])
            trk.deliver()
            server.settle()
        crossings = server.get(f"/api/units/{UNIT}/crossings")["crossings"]
        assert [(row["flag"], row["certainty"]) for row in crossings] == [("over", "certain")]


def _children(pid: int, having: str) -> list[int]:
    """Process ids of the children whose command line has this in it."""
    found = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (task / "children").read_text().split()]
    return [child for child in sorted(set(found)) if having in Path(f"/proc/{child}/cmdline").read_text()]


@pytest.mark.e2e
def test_an_assignment_made_beside_the_running_server_is_seen_and_admits_the_device(tmp_path: Path) -> None:
    server = Server(tmp_path)
    with running(server):
        with tracker("STRANGER", 7, server.broker) as trk:
            trk.send((item.seq, encode(item)) for item in batches(knots(until_h=1)))
            trk.deliver()
        assert server.get("/api/quarantine")["devices"] == [{"device": "STRANGER", "batches": 3}]
        done = railbox("device", "assign", "STRANGER", "csqu 305438-3", "--data", str(server.data))
        assert (done.returncode, done.stdout) == (0, f"STRANGER on {UNIT} from the beginning on\n"), done.stderr
        wait_for(lambda: server.get("/api/quarantine")["batches"] == [], "quarantine to be emptied")
        wait_for(lambda: server.get("/api/units")["units"][0]["latest"], "the unit to be judged")
        listed = railbox("device", "list", "--server", server.http)
        assert f"STRANGER  {UNIT}" in listed.stdout
        (row,) = [
            json.loads(line)
            for line in railbox("device", "list", "--server", server.http, "--json").stdout.splitlines()
        ]
        assert (row["device"], row["unit"], row["batches"]) == ("STRANGER", UNIT, 3)
        again = railbox("device", "assign", "STRANGER", "MSKU1234565", "--server", server.http)
        assert (again.returncode, "is on CSQU3054383" in again.stderr) == (1, True)
        ended = railbox("device", "unassign", "STRANGER", "--to", "2026-11-01T00:00:00Z", "--server", server.http)
        assert ended.stdout == f"STRANGER on {UNIT} from the beginning to 2026-11-01T00:00:00Z\n"


@pytest.mark.e2e
def test_bad_messages_of_every_kind_leave_the_rest_untouched(tmp_path: Path) -> None:
    good = [(item.seq, encode(item)) for item in batches(knots(until_h=10))]
    with mosquitto(tmp_path) as broker:
        server = Server(tmp_path, broker.url)
        with running(server):
            server.assign("TRK1", UNIT)
            with tracker("TRK1", 7, server.broker) as trk:
                for topic, payload in (
                    (trk.topic("b"), b"\x00" * 10_000_000),  # pyright: ignore[reportArgumentType] - a leaf's text
                    (trk.topic("b"), good[0][1][:-1]),  # pyright: ignore[reportArgumentType] - as above
                    ("rb/1/5/no.dots/b", good[0][1]),
                    (trk.topic("s"), b"not JSON"),  # pyright: ignore[reportArgumentType] - as above
                ):
                    trk.client.publish(topic, payload, 1)
                trk.send([(900, encode(batch(900, Positions(tuple(_far(knot) for knot in knots(1)))))), *good])
                trk.deliver()
            server.settle()
            reasons = sorted(row["reason"] for row in server.get("/api/quarantine")["batches"])
            assert reasons == ["implausible", "undecodable", "undecodable", "wrong_topic"]
            assert len(server.get(f"/api/units/{UNIT}/track")["points"]) == KNOTS_A_BATCH * len(good) - 2
    assert server.log.count("undecodable") == 1


def _far(knot: Any) -> Any:
    return type(knot)(knot.time_s, 15_200_000, knot.lon_e5)


def test_another_address_without_token_and_credentials_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "server.toml"
    config.write_text('[http]\nlisten = "0.0.0.0:0"\n[broker]\nlisten = "[::]:1883"\n')
    done = railbox("server", "--config", str(config), "--data", str(tmp_path / "data"))
    assert done.returncode == 2
    assert "set http.token_file" in done.stderr
    assert "set broker.device_credentials" in done.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[http]\nlisten = "nowhere"', "http.listen: address 'nowhere': expected HOST:PORT"),
        ('clock = "wall"', 'clock: expected one of "real", "replay"'),
        ("colour = 1", "colour: no such key"),
        ('[broker]\naddress = "http://x"', "broker.address: broker 'http://x': expected mqtt://"),
        ('[broker]\naddress = "mqtt://a:secret@x"', "put the password into a file"),
        ('[http]\ntoken_file = "/nonexistent"', "http.token_file = /nonexistent: cannot be read"),
        ("not toml", "not valid TOML"),
    ],
)
def test_a_wrong_setting_is_one_line_and_exit_code_2(tmp_path: Path, text: str, said: str) -> None:
    config = tmp_path / "server.toml"
    config.write_text(text)
    done = railbox("server", "--config", str(config), "--data", str(tmp_path / "data"))
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "secret" not in done.stderr


def test_the_printed_settings_are_settings(tmp_path: Path) -> None:
    printed = railbox("server", "--print-config", "--http", "127.0.0.1:9999")
    assert 'listen = "127.0.0.1:9999"' in printed.stdout
    config = tmp_path / "server.toml"
    config.write_text(printed.stdout)
    assert railbox("server", "--config", str(config), "--print-config").stdout == printed.stdout


@pytest.mark.e2e
def test_an_address_or_folder_in_use_is_told(tmp_path: Path) -> None:
    server = Server(tmp_path)
    with running(server):
        other = railbox("server", "--data", str(server.data), "--http", "127.0.0.1:0")
        assert (other.returncode, "another server uses" in other.stderr) == (1, True)
        address = server.http.removeprefix("http://")
        other = railbox("server", "--data", str(tmp_path / "other"), "--http", address)
        assert (other.returncode, f"cannot listen on {address}" in other.stderr) == (1, True)


def test_a_device_list_of_no_store_says_so(tmp_path: Path) -> None:
    done = railbox("device", "list", "--data", str(tmp_path))
    assert (done.returncode, "no store in" in done.stderr) == (1, True)
    done = railbox("device", "list", "--server", f"http://127.0.0.1:{free_port()}")
    assert (done.returncode, "is the server there?" in done.stderr) == (1, True)
    done = railbox("device", "assign", "TRK1", "MSKU1234566", "--data", str(tmp_path))
    assert (done.returncode, "expected 5" in done.stderr) == (2, True)
    done = railbox("device", "assign", "TRK1", "MSKU1234565", "--data", str(tmp_path), "--from", "soon")
    assert (done.returncode, "ISO 8601" in done.stderr) == (2, True)


def test_an_answer_does_not_wait_for_its_headers_to_be_acknowledged() -> None:
    async def sends_at_once(door: socket.socket) -> int:
        found: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        async def told(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            found.set_result(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        async with await asyncio.start_server(told, sock=door):
            _, writer = await asyncio.open_connection(*door.getsockname()[:2])
            writer.close()
            return await found

    with ExitStack() as stack:
        assert asyncio.run(sends_at_once(listening(Listen("127.0.0.1", 0), stack)))
