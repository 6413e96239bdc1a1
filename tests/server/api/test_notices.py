import json
import re
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from fastapi.testclient import TestClient

from railbox_server.api.app import create_app
from railbox_server.api.models import notices as models
from railbox_server.fleet import Assignment, Span
from railbox_server.store.sqlite import SqliteStore
from railbox_server.telling.room import Telling
from railbox_server.telling.settings import TellingSettings, WebhookSettings
from support import detours
from support.brokers import wait_for
from support.receivers import SECRET, Receiver, receiver
from support.server_rig import Rig

UNIT = "CSQU3054383"
DOCS = Path(__file__).parents[3] / "docs" / "telling.md"


class Desk:
    """The API of a server that has told of a journey. `there`: its webhook's receiver, None: it has none."""

    def __init__(self, folder: Path, there: Receiver | None) -> None:
        self.rig = Rig(SqliteStore(folder), detours.END_S + 600, folder)
        self.rig.store.assign(Assignment("TRK1", UNIT, Span(None, None)), 0)
        webhook = WebhookSettings() if there is None else WebhookSettings(url=there.url, secret_file=folder)
        self.telling = Telling(
            folder, self.rig.store, self.rig.clock, 5_400, TellingSettings(hold_s=0), webhook, there and SECRET
        )
        self.telling.teller.begin()
        self.rig.receive("TRK1", [batch for batch in detours.batches() if not detours.is_middle(batch)])
        self.tell()
        self.rig.receive("TRK1", detours.batches())
        self.tell()
        services = replace(self.rig.services, telling=self.telling)
        self.api = cast("httpx.Client", TestClient(create_app(services), raise_server_exceptions=False))

    def tell(self) -> None:
        self.rig.settle()
        self.telling.told(self.rig.told)
        self.telling.teller.turn()

    def get(self, path: str) -> dict[str, Any]:
        response = self.api.get(path)
        assert response.status_code == 200, response.text
        return response.json()

    def close(self) -> None:
        self.telling.ledger.close()
        self.rig.store.close()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Generator[Desk]:
    with receiver() as there:
        made = Desk(tmp_path_factory.mktemp("desk"), there)
        yield made
        made.close()


def test_notices_are_listed_newest_first_with_what_became_of_them(desk: Desk) -> None:
    found = models.Notices.model_validate(desk.get("/api/notices")).notices
    assert {item.unit for item in found} == {UNIT}
    assert {item.action for item in found} == {"told", "revised", "retracted"}
    assert {item.kind: item.delivery.state for item in found} == {
        "visit": "kept", "crossing": "kept", "flag": "waiting", "door": "waiting", "shock": "waiting",
    }  # fmt: skip
    retracted = next(item for item in found if item.type == "flag.retracted")
    assert (retracted.revision, retracted.retracts) == (2, 1)


def test_the_documented_notice_is_one(desk: Desk) -> None:
    (text,) = re.findall(r"```json\n(.*?)```", DOCS.read_text(), re.DOTALL)
    documented: dict[str, Any] = json.loads(text)
    found = [row for row in desk.get("/api/notices?kind=flag")["notices"] if row["type"] == documented["type"]]
    same = next(row for row in found if row["of"] == documented["of"])
    drawn = ("notice", "told_at", "delivery")
    assert {**documented, **dict.fromkeys(drawn)} == {**same, **dict.fromkeys(drawn)}


def test_notices_are_asked_by_unit_kind_delivery_standing_and_page(desk: Desk) -> None:
    def asked(query: str) -> list[dict[str, Any]]:
        return desk.get(f"/api/notices?{query}")["notices"]

    everything = asked("limit=1000")
    assert asked("kind=door&kind=shock") == [row for row in everything if row["kind"] in ("door", "shock")]
    assert asked("unit=TOLU4734787") == []
    assert {row["kind"] for row in asked("standing=true")} == {"visit", "crossing", "door", "shock"}
    assert asked("delivery=kept") == [row for row in everything if row["delivery"]["state"] == "kept"]
    first = desk.get("/api/notices?limit=3")
    second = desk.get(f"/api/notices?limit=1000&cursor={first['next']}")
    assert first["notices"] + second["notices"] == everything
    assert second["next"] is None


def test_epcis_is_served_by_time_and_unit(desk: Desk) -> None:
    whole = models.EpcisDocument.model_validate(desk.get("/api/exports/epcis"))
    assert whole.epcisBody["eventList"]
    for query in ("from=2026-12-01T00:00:00Z", "to=2026-10-01T00:00:00Z"):
        assert desk.get(f"/api/exports/epcis?{query}")["epcisBody"]["eventList"] == []
    assert "no unit 'TOLU4734787'" in desk.api.get("/api/exports/epcis?unit=TOLU4734787").json()["detail"]
    assert desk.api.get("/api/exports/epcis?from=yesterday").status_code == 422


def test_the_webhook_is_shown_tested_and_resumed(desk: Desk) -> None:
    state = models.TellingRow.model_validate(desk.get("/api/webhook"))
    assert state.waiting >= 4
    assert state.webhook is not None
    assert state.webhook.to.startswith("http://127.0.0.1:")
    assert "confidential" not in desk.api.get("/api/webhook").text
    tested = desk.api.post("/api/webhook/test")
    assert (tested.status_code, tested.json()) == (200, {"delivered": True, "answer": "204 No Content"})
    assert desk.api.post("/api/webhook/resume").json() == {"refused": 0}


def test_without_a_webhook_everything_is_kept_and_the_test_says_what_to_set(tmp_path: Path) -> None:
    desk = Desk(tmp_path, None)
    assert {row["delivery"]["state"] for row in desk.get("/api/notices")["notices"]} == {"kept"}
    assert desk.get("/api/webhook") == {
        "webhook": None, "waiting": 0, "oldest_waiting": None, "refused": 0, "dropped": 0, "let_go": 0,
    }  # fmt: skip
    response = desk.api.post("/api/webhook/test")
    assert response.status_code == 409
    assert "[webhook]" in response.json()["detail"]
    desk.close()


def test_started_it_posts_what_it_told(tmp_path: Path) -> None:
    with receiver() as there:
        desk = Desk(tmp_path, there)
        desk.telling.start()
        wait_for(lambda: desk.get("/api/webhook")["waiting"] == 0, "delivery")
        desk.telling.stop()
        desk.rig.store.close()
    types = [request.body["type"] for request in there.got]
    assert types.index("flag.told") < types.index("flag.retracted")
    assert {"door.told", "shock.told"} <= set(types)
