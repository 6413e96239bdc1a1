"""Alive, ready and counted: what watchers of the server ask."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

import httpx
import pytest
from fastapi.testclient import TestClient

from railbox_server.api.app import create_app
from railbox_server.store.interface import Store
from support.api_rig import NOW_S
from support.server_rig import Rig

TOKEN = "a-token-of-some-length"


def watched(rig: Rig, checks: dict[str, Callable[[], str | None]]) -> httpx.Client:
    services = replace(rig.services, checks=checks, exposition=lambda: b"railbox_devices 1\n")
    return cast("httpx.Client", TestClient(create_app(services), raise_server_exceptions=False))


@pytest.fixture
def locked(store: Store, tmp_path: Path) -> Rig:
    return Rig(store, NOW_S, tmp_path, TOKEN)


def test_ready_is_when_every_part_works(locked: Rig) -> None:
    answer = watched(locked, {"store": lambda: None, "broker": lambda: None}).get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"ready": True, "parts": {"store": "ok", "broker": "ok"}})


def test_what_does_not_work_is_named(locked: Rig) -> None:
    answer = watched(locked, {"store": lambda: None, "broker": lambda: "away"}).get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"ready": False, "parts": {"store": "ok", "broker": "away"}})


def test_metrics_ask_for_the_token(locked: Rig) -> None:
    api = watched(locked, {})
    assert api.get("/metrics").status_code == 401
    answer = api.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.text == "railbox_devices 1\n"
    assert answer.headers["content-type"].startswith("text/plain; version=")
