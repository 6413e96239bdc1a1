"""A server in this process with one unit that stands at a border, and how its API is asked."""

from pathlib import Path
from typing import Any

from railbox_server.fleet import Assignment
from railbox_server.store.interface import Store
from railbox_telemetry import iso
from railbox_telemetry.values import Batch, Event, Events
from support.server_rig import Rig
from support.trips import END_S, START_S, batches, knots

UNIT, OTHER = "CSQU3054383", "MSKU1234565"
DEVICE = "TRK1"
NOW_S = END_S + 60
START, END = iso.from_s(START_S), iso.from_s(END_S)


def standing_rig(store: Store, folder: Path, token: str | None = None) -> Rig:
    """One unit that stands at Taftan since 4 h after its start, 20 h after it; on its way a door and a shock."""
    store.assign(Assignment(DEVICE, UNIT), NOW_S * 1000)
    rig = Rig(store, NOW_S, folder, token)
    door = Batch(7, 200, (Events((Event(START_S + 100, 1), Event(START_S + 200, 3, 250))),))
    rig.receive(DEVICE, [*batches(knots(until_h=20)), door])
    rig.settle()
    return rig


def get(rig: Rig, path: str, status: int = 200, /, **query: str) -> Any:
    """A query `from_` is `from`."""
    answer = rig.api.get(path, params={key.rstrip("_"): value for key, value in query.items()})
    assert answer.status_code == status, answer.text
    return answer.json()


def post(rig: Rig, path: str, body: object = None, status: int = 200) -> Any:
    answer = rig.api.post(path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()
