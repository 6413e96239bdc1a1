"""Routes of what arrived and what did not: replays of quarantine, devices made unknown, since when numbers miss."""

from http import HTTPStatus
from pathlib import Path

import pytest

from railbox_server.fleet import Assignment
from railbox_server.store.interface import Store
from railbox_server.store.values import Group, Quarantined, Reason
from support.batches import DEVICE, START_S, batch, payload
from support.server_rig import Rig

NOW_S = START_S + 86_400


@pytest.fixture
def rig(store: Store, tmp_path: Path) -> Rig:
    store.assign(Assignment(DEVICE, "CSQU3054383"), NOW_S * 1000)
    return Rig(store, NOW_S, tmp_path)


def test_what_an_older_release_kept_comes_in_by_a_replay(rig: Rig) -> None:
    rig.receive(DEVICE, [])
    kept = [Quarantined(DEVICE, Reason.UNDECODABLE, "an older release", payload(seq), NOW_S * 1000) for seq in (1, 2)]
    rig.store.write(Group(quarantined=(*kept, Quarantined(DEVICE, Reason.IMPLAUSIBLE, "why", b"\xff", NOW_S * 1000))))
    assert rig.api.post("/api/quarantine/replay?reason=implausible").json() == {"admitted": 0}
    assert rig.api.post(f"/api/quarantine/replay?device={DEVICE}").json() == {"admitted": 2}
    assert rig.api.get("/api/quarantine").json()["devices"] == [{"device": DEVICE, "batches": 1}]
    wrong = rig.api.post("/api/quarantine/replay?reason=boredom")
    assert wrong.status_code == HTTPStatus.UNPROCESSABLE_ENTITY


def test_a_revoked_device_is_unknown_and_its_batches_are_kept_apart(rig: Rig) -> None:
    rig.receive(DEVICE, [batch(1)])
    assert rig.api.post(f"/api/devices/{DEVICE}/revoke", json={}).json() == {"revoked": DEVICE}
    rig.receive(DEVICE, [batch(2)])
    assert rig.api.get("/api/quarantine").json()["batches"][0]["reason"] == "unknown_device"
    again = rig.api.post(f"/api/devices/{DEVICE}/revoke", json={})
    assert (again.status_code, "no device" in again.json()["detail"]) == (HTTPStatus.NOT_FOUND, True)


def test_gaps_say_since_when_a_number_is_missing(rig: Rig) -> None:
    rig.receive(DEVICE, [batch(1)])
    (row,) = rig.api.get("/api/gaps").json()["devices"]
    assert (row["missing"], row["missing_since"]) == ([], None)
    rig.host_s += 60
    rig.receive(DEVICE, [batch(4)])
    rig.host_s += 60
    rig.receive(DEVICE, [batch(5)])
    (row,) = rig.api.get("/api/gaps").json()["devices"]
    assert (row["missing"], row["missing_since"]) == ([[2, 3]], "2026-10-27T07:34:20Z")
