"""What the server counts of itself: ingest and engine as they work, everything else when somebody asks."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from railbox_server.engine.engine import Told
from railbox_server.fleet import Assignment
from railbox_server.store.interface import Store, StoreError
from railbox_server.store.values import Group, StoredBatch
from railbox_server.watching import readiness
from railbox_server.watching.metrics import Metrics
from railbox_server.watching.state import KEPT_S, Sources, State
from railbox_telemetry.wire import decode
from support.api_rig import standing_rig
from support.batches import PERIOD_S, START_S, payload

DEPLOY = Path(__file__).parents[3] / "server" / "deploy"


NOTICES = {"waiting": 7, "refused": 0, "dropped": 1, "webhook": None}


def sources(store: Store, folder: Path) -> Sources:
    return Sources(
        store=store,
        data=folder,
        checks={"store": lambda: None, "broker": lambda: "away"},
        ingest_waiting=lambda: 3,
        ingest_counters=lambda: {"accepted": 5, "commits": 2, "undecodable": 1},
        engine_pending=lambda: 4,
        listeners=lambda: 2,
        telling=lambda: NOTICES,
    )


def samples(metrics: Metrics) -> dict[tuple[str, ...], float]:
    """By name and the values of the labels."""
    text = metrics.exposition().decode()
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_commits_are_counted_with_their_knots_bytes_and_lag() -> None:
    metrics = Metrics()
    payloads = [payload(1), payload(2)]
    received_at_ms = (START_S + 9 * PERIOD_S) * 1000
    metrics.committed(Group(tuple(StoredBatch("TRK1", decode(item), item, received_at_ms) for item in payloads)), 0.02)
    found = samples(metrics)
    assert found["railbox_ingest_batches_total",] == 2
    assert found["railbox_ingest_knots_total",] == 6
    assert found["railbox_ingest_bytes_total",] == sum(map(len, payloads))
    assert found["railbox_commit_seconds_bucket", "0.01"] == 0
    assert found["railbox_commit_seconds_bucket", "0.025"] == found["railbox_commit_seconds_count",] == 1
    # The newest fixes of the two are 4 and 1 minutes old.
    assert (found["railbox_lag_seconds_count",], found["railbox_lag_seconds_sum",]) == (2, 5 * PERIOD_S)


def test_judgements_are_timed_and_other_words_of_the_engine_are_not() -> None:
    metrics = Metrics()
    metrics.told([Told(3, "U", took_s=0.03), Told(2)])
    found = samples(metrics)
    assert (found["railbox_engine_judge_seconds_count",], found["railbox_engine_judge_seconds_sum",]) == (1, 0.03)


def test_the_state_of_all_parts_is_read_when_asked(store: Store, tmp_path: Path) -> None:
    rig = standing_rig(store, tmp_path)
    rig.receive("STRANGER", [b"\x01"])
    (tmp_path / "railbox.db").write_bytes(b"x" * 100)
    metrics = Metrics()
    metrics.watch(sources(store, tmp_path))
    found = samples(metrics)
    assert {key: value for key, value in found.items() if key[0].startswith("railbox_ingest_messages")} == {
        ("railbox_ingest_messages_total", "accepted"): 5,
        ("railbox_ingest_messages_total", "undecodable"): 1,
    }
    assert (found["railbox_ingest_waiting",], found["railbox_engine_pending",]) == (3, 4)
    assert (found["railbox_ready", "store"], found["railbox_ready", "broker"]) == (1, 0)
    assert (found["railbox_notices", "waiting"], found["railbox_notices", "dropped"]) == (7, 1)
    assert found["railbox_store_bytes", "railbox.db"] == 100
    assert found["railbox_disk_free_bytes",] > 0
    assert (found["railbox_devices",], found["railbox_missing_batches",]) == (1, 158)
    assert found["railbox_outboxes_with_gaps",] == 1
    assert found["railbox_quarantine_batches",] == 1
    assert (found["railbox_open_visits",], found["railbox_open_crossings",]) == (1, 1)
    assert found["railbox_live_listeners",] == 2


def test_the_store_is_looked_through_once_in_a_while(store: Store, tmp_path: Path) -> None:
    now_s = 0.0
    state = State(sources(store, tmp_path), lambda: now_s)

    def devices() -> float:
        return next(item for item in state.collect() if item.name == "railbox_devices").samples[0].value

    assert devices() == 0
    store.assign(Assignment("TRK1", "CSQU3054383"), 0)
    assert devices() == 0
    now_s = KEPT_S
    assert devices() == 1


def test_every_metric_of_the_dashboard_is_exported(store: Store, tmp_path: Path) -> None:
    (tmp_path / "railbox.db").touch()
    metrics = Metrics()
    metrics.watch(sources(store, tmp_path))
    exported = {key[0] for key in samples(metrics)}
    dashboard = (DEPLOY / "grafana-dashboard.json").read_text()
    named = set(re.findall(r"\b(?:railbox|process)_[a-z_]+", " ".join(expressions(json.loads(dashboard)))))
    assert len(named) > 15
    assert named <= exported
    assert {name for name in exported if name.startswith("railbox") and not name.endswith("_created")} - named <= {
        "railbox_commit_seconds_count",
        "railbox_commit_seconds_sum",
        "railbox_lag_seconds_count",
        "railbox_lag_seconds_sum",
        "railbox_engine_judge_seconds_count",
    }


def expressions(dashboard: Mapping[str, Any]) -> list[str]:
    return [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]


def test_the_dashboard_is_one_that_grafana_can_draw() -> None:
    dashboard = json.loads((DEPLOY / "grafana-dashboard.json").read_text())
    assert dashboard["uid"]
    assert dashboard["title"]
    assert dashboard["schemaVersion"] >= 36
    variables = {item["name"]: item for item in dashboard["templating"]["list"]}
    assert (variables["datasource"]["type"], variables["datasource"]["query"]) == ("datasource", "prometheus")
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        own = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24
        assert not own & cells, panel["title"]
        cells |= own
        if panel["type"] == "row":
            continue
        assert panel["type"] in {"stat", "timeseries"}
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["fieldConfig"]["defaults"]["thresholds"]["steps"][0]["value"] is None
        references = [target["refId"] for target in panel["targets"]]
        assert len(set(references)) == len(references) > 0
        for target in panel["targets"]:
            assert target["datasource"] == panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
            assert target["expr"].count("(") == target["expr"].count(")")
            assert target["expr"].count("{") == target["expr"].count("}")
            assert 'instance=~"$instance"' in target["expr"]


def test_the_scrape_example_asks_for_what_is_served() -> None:
    text = (DEPLOY / "prometheus.yml").read_text()
    assert "metrics_path: /metrics" in text
    assert "credentials_file" in text


@pytest.mark.parametrize(("broker", "engine"), [(True, True), (False, True), (True, False)])
def test_readiness_says_which_part_hinders(store: Store, broker: bool, engine: bool) -> None:
    found = readiness.checks(store, lambda: broker, "mqtt://b:1883", lambda: engine)
    said = {part: check() for part, check in found.items()}
    assert said["store"] is None
    assert (said["broker"] is None, said["engine"] is None) == (broker, engine)
    assert broker or said["broker"] == "no connection to mqtt://b:1883; it is tried again by itself"


class FullStore:
    def __init__(self) -> None:
        self.asked = 0
        self.full = True

    def probe(self) -> None:
        self.asked += 1
        if self.full:
            raise StoreError("store /x/railbox.db: database or disk is full")


def test_a_store_that_takes_nothing_is_not_ready_until_it_does_again() -> None:
    store, now_s = FullStore(), 0.0
    check: Callable[[], str | None] = readiness.checks(store, lambda: True, "", lambda: True, lambda: now_s)["store"]
    assert check() == "store /x/railbox.db: database or disk is full"
    store.full = False
    assert check() is not None
    assert store.asked == 1  # many who ask at once are one write
    now_s = readiness.KEPT_S
    assert check() is None
