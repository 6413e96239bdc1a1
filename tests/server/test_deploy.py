"""What server/deploy ships works: the settings are settings, and by its configuration Mosquitto keeps devices apart."""

import ssl
import subprocess
from pathlib import Path
from shutil import which

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from railbox_server.addresses import BrokerAddress
from railbox_server.config import ServerSettings
from railbox_server.ingest.mqtt import Session, Tls
from railbox_server.ingest.parcel import Message
from railbox_telemetry.committed import Committed, encode_committed
from railbox_telemetry.settings import load
from railbox_telemetry.topics import Leaf
from support.batches import payload
from support.brokers import mosquitto, wait_for
from support.tracker import tracker

DEPLOY = Path(__file__).parents[2] / "server" / "deploy"


def test_the_sample_settings_are_settings() -> None:
    settings = load(DEPLOY / "server.toml", ServerSettings)
    settings.check()
    address = settings.broker_address()
    assert address is not None
    assert (address.tls, address.port, address.user) == (True, 8883, "railbox-server")


def openssl(folder: Path, *args: str) -> None:
    subprocess.run(["openssl", *args], cwd=folder, check=True, capture_output=True)


def certify(folder: Path, *names: str) -> None:
    """An authority and a certificate for each name, valid for a day; keys live as long as the test."""
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1")
    openssl(folder, "req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=test authority")
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1")
    for name in names:
        openssl(folder, "req", *key[:-2], "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        signing = ("-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "1", "-extfile", "names")
        openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-out", f"{name}.crt", *signing)


@pytest.mark.e2e
def test_mosquitto_as_configured_lets_a_device_say_and_hear_only_its_own(tmp_path: Path) -> None:
    if which("openssl") is None:
        pytest.skip("openssl is not installed (it comes with the Debian package openssl)")
    certify(tmp_path, "broker", "railbox-server", "TRK1", "TRK2")
    (tmp_path / "mosquitto.acl").write_text((DEPLOY / "mosquitto.acl").read_text())
    text = (DEPLOY / "mosquitto.conf").read_text()
    for ours, theirs in (
        ("listener 8883", ""),
        ("/etc/railbox/tls", str(tmp_path)),
        ("/etc/railbox", str(tmp_path)),
        ("/var/lib/mosquitto", str(tmp_path)),
    ):
        assert ours in text
        text = text.replace(ours, theirs)
    received: list[Message] = []

    def tls(name: str) -> Tls:
        return Tls(tmp_path / "ca.crt", tmp_path / f"{name}.crt", tmp_path / f"{name}.key")

    with mosquitto(tmp_path, None, *text.splitlines()) as broker:
        address = BrokerAddress("localhost", broker.port, "railbox-server", tls=True)
        session = Session(address, received.append, tls=tls("railbox-server"))
        session.start()
        try:
            assert session.subscribed.wait(10)
            with (
                tracker("TRK1", 7, broker.url, tls=tls("TRK1").context()) as one,
                tracker("TRK2", 7, broker.url, tls=tls("TRK2").context()) as two,
            ):
                one.client.publish(two.topic(Leaf.BATCH), b"forged", 1)
                one.client.subscribe(two.topic(Leaf.COMMITTED), 1)
                one.send([(1, payload(1))])
                two.send([(2, payload(2))])
                wait_for(lambda: len(received) == 2, "both devices' own batches")
                assert {(message.topic, message.payload) for message in received} == {
                    (one.topic(Leaf.BATCH), payload(1)),
                    (two.topic(Leaf.BATCH), payload(2)),
                }
                for trk, seq in ((two, 2), (one, 1)):
                    assert session.publish(trk.topic(Leaf.COMMITTED), encode_committed(Committed(7, seq)))
                    wait_for(lambda trk=trk: trk.heard, "the committed message")
                assert (one.heard, two.heard) == ([Committed(7, 1)], [Committed(7, 2)])
            assert not _may_connect(broker.port, tmp_path)
        finally:
            session.stop()


def _may_connect(port: int, folder: Path) -> bool:
    """Whether somebody without a certificate of ours gets in."""
    stranger = ssl.create_default_context(cafile=folder / "ca.crt")
    client = paho.Client(CallbackAPIVersion.VERSION2, "stranger", protocol=paho.MQTTv311)
    client.tls_set_context(stranger)  # pyright: ignore[reportUnknownMemberType] - paho leaves it untyped
    try:
        client.connect("localhost", port)
        return any(client.loop(0.2) == MQTTErrorCode.MQTT_ERR_SUCCESS and client.is_connected() for _ in range(10))
    except OSError:
        return False
