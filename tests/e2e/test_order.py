"""The same recording in order, and shuffled, doubled and delayed, gives the same visits and crossings."""

import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion

from railbox_agent.logs import Options, load
from railbox_agent.packing import Packer
from railbox_agent.thinning.interval import IntervalSettings
from railbox_telemetry.topics import Leaf, Topic
from railbox_telemetry.values import Batch
from railbox_telemetry.wire import encode
from support.brokers import wait_for
from support.system import Server, running

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

IN_ORDER, SHUFFLED = "CSQU3054383", "TOLU4734787"
REPORT_S = 900


@pytest.fixture(scope="module")
def payloads(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """The batches of twelve days from Karachi, over two borders."""
    out = tmp_path_factory.mktemp("recording") / "trip.rbrec"
    command = [sys.executable, "-m", "railbox", "simulate", "--corridor", "karachi-moscow", "--seed", "4"]
    options = ["--days", "12", "--hz", "0.01", "--end", "2026-11-20T00:00:00Z", "--out", str(out)]
    subprocess.run([*command, *options], check=True, capture_output=True)
    log = load(out, Options(thinning=IntervalSettings(300, REPORT_S)))
    packer = Packer(log.boot_id)
    parcels = [parcel for step in log.steps for parcel in packer.pack(step.items)] + packer.flush()
    return [encode(Batch(7, seq, parcel.sections)) for seq, parcel in enumerate(parcels, 1)]


def test_arrival_order_duplicates_and_delay_change_nothing(tmp_path: Path, payloads: list[bytes]) -> None:
    server = Server(tmp_path)
    with running(server):
        server.assign("TRK-A", IN_ORDER)
        server.assign("TRK-B", SHUFFLED)
        publish(server, "TRK-A", payloads)
        server.settle()
        rng = random.Random(11)
        muddled = payloads + rng.sample(payloads, len(payloads) // 3)
        rng.shuffle(muddled)
        half = len(muddled) // 2
        publish(server, "TRK-B", muddled[:half])
        server.settle()
        assert rows(server, SHUFFLED) != rows(server, IN_ORDER)
        publish(server, "TRK-B", muddled[half:])
        wait_for(lambda: (server.ledger("TRK-B") or {}).get("arrived") == len(payloads), "all batches", 60)
        server.settle()
        expected = rows(server, IN_ORDER)
        assert rows(server, SHUFFLED) == expected
        assert [row["border"] for row in expected if row["type"] == "crossing"][:2] == [
            "pk-ir-taftan-mirjaveh",
            "ir-tm-sarakhs-serakhs",
        ]


def publish(server: Server, device: str, payloads: list[bytes]) -> None:
    """Hands the payloads to the broker in this order; returns when it has acknowledged them all."""
    host, port = server.broker.removeprefix("mqtt://").split(":")
    client = Client(CallbackAPIVersion.VERSION2, f"test-{device}", protocol=MQTTv311)
    client.max_queued_messages_set(0)
    client.connect(host, int(port))
    client.loop_start()
    sent = [client.publish(str(Topic(device, Leaf.BATCH)), payload, qos=1) for payload in payloads]
    for message in sent:
        message.wait_for_publish(60)
    client.disconnect()
    client.loop_stop()


def rows(server: Server, unit: str) -> list[dict[str, Any]]:
    """Visits and crossings, without what names the unit."""
    found = server.get(f"/api/units/{unit}")
    return [
        {key: value for key, value in row.items() if key not in ("unit", "id")}
        for row in [*found["visits"], *found["crossings"]]
    ]
