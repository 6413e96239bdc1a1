"""A tracker set from afar: the server's wish reaches it, holds or is taken back, and what became of it comes back."""

import json
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from railbox_server import devices
from railbox_telemetry.topics import Leaf, Topic
from support import nmea
from support.brokers import Start, mosquitto, nats, wait_for
from support.gate import Gate, gate
from support.system import Row, Server, Tracker, running, serial_port

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

UNIT = "CSQU3054383"
CUT_OFF_S = 7_777
"""The keepalive of whom the gate does not let through."""
PATH = "/api/devices/TRK-1/configuration"


class System:
    """Server, broker, gate and one tracker under way."""

    def __init__(self, server: Server, tracker: Tracker, between: Gate, broker_port: int) -> None:
        self.server = server
        self.tracker = tracker
        self.gate = between
        self.broker_port = broker_port

    def put(self, **settings: object) -> int:
        answer = httpx.put(self.server.http + PATH, json={"settings": settings}, timeout=30)
        assert answer.is_success, answer.text
        return answer.json()["wanted"]["version"]

    @property
    def known(self) -> Row:
        return self.server.get(PATH)

    def is_said(self, state: str, version: int) -> bool:
        wanted = self.known["wanted"]
        return wanted["version"] == version and wanted["state"] == state

    @property
    def arrived(self) -> int:
        return (self.server.ledger("TRK-1") or {"arrived": 0})["arrived"]

    def goes_on(self) -> None:
        before = self.arrived
        wait_for(lambda: self.arrived > before + 1, "more batches", 60)

    def kept(self) -> Any:
        return json.loads((self.tracker.outbox.parent / "remote.json").read_text())


@contextmanager
def system(folder: Path, start_broker: Start) -> Generator[System]:
    """A trial is short here: what the gate turns away gives up after five seconds."""
    with start_broker(folder) as broker, serial_port() as gnss, gate(broker.port, CUT_OFF_S) as between:
        server = Server(folder, broker.url)
        tracker = Tracker(folder / "agent", "TRK-1", between.url, gnss.path)
        config = folder / "agent" / "agent.toml"
        config.write_text(config.read_text() + "\n[remote]\ntrial_s = 5\n")
        with running(server, tracker):
            server.assign("TRK-1", UNIT)
            start_s = int(time.time())
            gnss.play(nmea.rmc(start_s + i) + nmea.gga(start_s + i) for i in range(10_000))
            made = System(server, tracker, between, broker.port)
            made.goes_on()
            yield made
            wait_for(lambda: not (server.ledger("TRK-1") or {"missing": [1]})["missing"], "nothing to be missing", 60)


@pytest.mark.parametrize("start_broker", [nats, mosquitto], ids=["nats", "mosquitto"])
def test_what_is_wanted_is_applied_told_and_holds_after_a_restart(
    tmp_path: Path, start_broker: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    with system(tmp_path, start_broker) as made:
        words = ["configure", "TRK-1", "thinning.interval_s=2", "uplink.keepalive_s=600", "--wait", "60"]
        assert devices.main([*words, "--server", made.server.http]) == 0
        assert "is applied\n" in capsys.readouterr().out
        version = made.known["wanted"]["version"]
        assert made.known["in_force"] == version
        made.goes_on()
        made.tracker.kill()
        made.tracker.start()
        made.goes_on()
        assert f"configuration {version} holds" in made.tracker.log
        assert made.tracker.log.count("on trial") == 1
        # The server's own restart, and the broker's, change nothing: what is retained comes again, and is known.
        made.server.stop()
        made.server.start()
        made.goes_on()
        assert made.is_said("applied", version)


def test_what_cuts_it_off_from_the_broker_it_takes_back_by_itself(tmp_path: Path) -> None:
    with system(tmp_path, mosquitto) as made:
        good = made.put(thinning={"interval_s": 2})
        wait_for(lambda: made.is_said("applied", good), "the first to be applied", 60)
        bad = made.put(thinning={"interval_s": 2}, uplink={"keepalive_s": CUT_OFF_S})
        wait_for(lambda: made.is_said("reverted", bad), "the second to be taken back", 60)
        assert made.gate.turned_away >= 1
        assert made.known["wanted"]["reason"] == "the broker acknowledged nothing within 5 s of it"
        assert made.known["in_force"] == good
        made.goes_on()


def test_killed_while_it_is_cut_off_it_still_takes_it_back(tmp_path: Path) -> None:
    with system(tmp_path, mosquitto) as made:
        bad = made.put(uplink={"keepalive_s": CUT_OFF_S})
        wait_for(lambda: made.gate.turned_away, "the tracker to be turned away", 60)
        assert made.kept()["trial"]
        made.tracker.kill()
        made.tracker.start()
        wait_for(lambda: made.is_said("reverted", bad), "it to be taken back", 60)
        assert f"configuration {bad}: still on trial" in made.tracker.log
        made.goes_on()


def test_killed_during_the_trial_it_tries_again_and_keeps_it_once_the_broker_answers(tmp_path: Path) -> None:
    with system(tmp_path, mosquitto) as made:
        version = made.put(uplink={"keepalive_s": CUT_OFF_S})
        wait_for(lambda: made.gate.turned_away, "the tracker to be turned away", 60)
        made.tracker.kill()
        made.gate.refused.clear()
        made.tracker.start()
        wait_for(lambda: made.is_said("applied", version), "it to be applied", 60)
        made.goes_on()


def test_what_is_wrong_is_refused_with_the_reason_and_garbage_too(tmp_path: Path) -> None:
    """Written to the topic by somebody else: the server would not send it."""
    with system(tmp_path, mosquitto) as made:
        version = made.put(thinning={"interval_s": 2})
        wait_for(lambda: made.is_said("applied", version), "the first to be applied", 60)
        with client(made.broker_port) as (stranger, said):
            topic = str(Topic("TRK-1", Leaf.CONFIGURATION))
            wrong = {"version": version + 1, "settings": {"uplink": {"url": "mqtt://elsewhere"}}}
            stranger.publish(topic, json.dumps(wrong), 1, retain=True)
            wait_for(lambda: said and said[-1]["state"] == "refused", "it to be refused", 60)
            assert said[-1]["reason"] == "settings: uplink.url: only the tracker's own file can set it"
            assert said[-1]["in_force"] == version
            stranger.publish(topic, b"\xff\x00 garbage", 1, retain=True)
            wait_for(lambda: made.known["unreadable"], "the server to know of the garbage", 60)
        made.tracker.kill()
        made.tracker.start()
        made.goes_on()
        assert made.known["in_force"] == version
        again = made.put(thinning={"interval_s": 3})
        wait_for(lambda: made.is_said("applied", again), "the next one to be applied", 60)


def test_what_the_broker_lost_is_sent_again(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as broker:
        server = Server(tmp_path, broker.url)
        with running(server):
            server.assign("TRK-1", UNIT)
            httpx.put(server.http + PATH, json={"settings": {"log_level": "debug"}}).raise_for_status()
            broker.kill()
            broker.start()
            with client(broker.port, Leaf.CONFIGURATION) as (_, said):
                wait_for(lambda: said, "the configuration to be retained by the broker again", 60)
                assert said[-1] == {"version": said[-1]["version"], "settings": {"log_level": "debug"}}


@contextmanager
def client(port: int, leaf: Leaf = Leaf.RESULT) -> Generator[tuple[paho.Client, list[Row]]]:
    """Somebody at the broker who hears what the tracker says, or is told."""
    said: list[Row] = []
    made = paho.Client(CallbackAPIVersion.VERSION2, "stranger", protocol=paho.MQTTv311)
    made.on_message = lambda _client, _data, message: said.append(json.loads(message.payload))
    made.connect("127.0.0.1", port)
    made.loop_start()
    made.subscribe(str(Topic("TRK-1", leaf)), 1)
    try:
        yield made, said
    finally:
        made.disconnect()
        made.loop_stop()
