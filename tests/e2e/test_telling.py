"""The webhook of a real server: neither kill -9 nor a dead receiver hides what late data changes."""

from pathlib import Path
from typing import Any

import pytest

from railbox_telemetry.wire import encode
from support import detours
from support.brokers import wait_for
from support.receivers import SECRET, Receiver, receiver
from support.system import Server, running
from support.tracker import tracker

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

DEVICE, UNIT, EPOCH = "TRK1", "CSQU3054383", 7
CONFIG = """
[telling]
hold_s = 1
[webhook]
url = "{url}"
secret_file = "{secret}"
retry_s = 0.2
events = ["flag", "door", "shock", "visit"]
"""
ENDS = [(batch.seq, encode(batch)) for batch in detours.batches() if not detours.is_middle(batch)]
MIDDLE = [(batch.seq, encode(batch)) for batch in detours.batches() if detours.is_middle(batch)]


def test_a_refuted_flag_is_retracted_and_a_late_door_told_over_a_kill_and_a_receiver_that_was_down(
    tmp_path: Path,
) -> None:
    with receiver() as there:
        secret = tmp_path / "secret"
        secret.write_text(SECRET)
        server = Server(tmp_path, config=CONFIG.format(url=there.url, secret=secret))
        with running(server):
            server.assign(DEVICE, UNIT)
            with tracker(DEVICE, EPOCH, server.broker) as sender:
                sender.send(ENDS)
                sender.deliver()
            wait_for(lambda: of(there, "flag.told"), "the flag", 60)
            there.stop()
            with tracker(DEVICE, EPOCH, server.broker) as sender:
                sender.send(MIDDLE)
                sender.deliver()
            wait_for(lambda: notices(server, "kind=flag&delivery=waiting"), "the retraction in the queue", 60)
            server.kill()
            there.start()
            server.start()
            wait_for(lambda: of(there, "flag.retracted"), "the retraction", 60)
            wait_for(lambda: of(there, "door.told"), "the door", 60)
            wait_for(lambda: server.get("/api/webhook")["waiting"] == 0, "an empty queue", 60)
            assert not notices(server, "kind=flag&standing=true")
            assert server.get("/api/exports/epcis")["epcisBody"]["eventList"]
            assert SECRET not in server.log
            assert "confidential" not in server.log
    told, taken_back = of(there, "flag.told"), of(there, "flag.retracted")
    assert {row["notice"] for row in taken_back} <= {row["notice"] for row in told}
    assert {(row["unit"], row["flag"], row["certainty"]) for row in told} == {(UNIT, "over", "possible")}
    (door,) = {row["notice"]: row for row in of(there, "door.told")}.values()
    assert (door["place"], door["time"]) == ("pk-taftan", "2026-10-26T16:33:20Z")


def of(there: Receiver, kind: str) -> list[dict[str, Any]]:
    """The bodies of a type that the receiver got, each with its signature checked."""
    return [body for body in (request.body for request in there.got) if body["type"] == kind]


def notices(server: Server, query: str) -> list[dict[str, Any]]:
    return server.get(f"/api/notices?{query}")["notices"]
