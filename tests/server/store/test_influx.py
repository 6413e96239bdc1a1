"""What is particular to InfluxDB: what is written there, and that nothing is lost while it is away or refuses."""

import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from railbox_server.fleet import ALWAYS
from railbox_server.store.influx.delivery import Delivery
from railbox_server.store.influx.samples import batches_in, line_of, samples_of
from railbox_server.store.influx.store import InfluxStore
from railbox_server.store.interface import StoreError
from railbox_server.store.settings import InfluxSettings
from railbox_server.store.sqlite import SqliteStore
from railbox_telemetry.values import Knot, Positions
from support.batches import DEVICE, EPOCH, START_S, door, payload, positions, temperatures
from support.brokers import wait_for
from support.influx import Influx, influxdb, victoria_metrics
from support.stored import RECEIVED_MS, group_of, journey, stored

SECTIONS = (
    positions([1, 2], {0: 123, 1: 90, 2: 12, 3: 7, 4: 1, 5: -35}),
    temperatures([START_S], [215]),
    door(START_S + 1),
    door(START_S + 1),
)
STATE = "seq=5i,speed_mps=12.3,course_deg=90i,accuracy_m=12i,sats=7i,flags=1i"
TIMEOUT_S = 20.0


@pytest.fixture
def store(tmp_path: Path, influx_settings: InfluxSettings) -> Iterator[InfluxStore]:
    opened = InfluxStore(tmp_path, influx_settings, None)
    yield opened
    opened.close()


@pytest.fixture
def delivery(store: InfluxStore, influx_settings: InfluxSettings) -> Iterator[Delivery]:
    made = Delivery(store.database, influx_settings, None)
    yield made
    made.stop()


def test_the_lines_are_those_of_the_documented_schema() -> None:
    lines = [line_of(sample) for sample in samples_of(stored(payload(5, *SECTIONS)))]
    assert lines == [
        "knots,device=TRK1,epoch=7 lat_deg=25.01,lon_deg=67.01,dark_s=0i,delay_s=99940i,seq=5i 1793000060000005000",
        f"knots,device=TRK1,epoch=7 lat_deg=25.02,lon_deg=67.02,dark_s=0i,delay_s=99880i,{STATE} 1793000120000005000",
        "readings,device=TRK1,epoch=7 temp_c=-3.5 1793000120000005000",
        "readings,device=TRK1,epoch=7 temp_c=21.5 1793000000000005000",
        "events,device=TRK1,epoch=7,event=door_opened code=1i,value=0i,seq=5i 1793000001000005000",
        "events,device=TRK1,epoch=7,event=door_opened code=1i,value=0i,seq=5i 1793000001000005001",
        f"batches,device=TRK1,epoch=7 seq=5i,bytes={len(payload(5, *SECTIONS))}i,knots=2i 1793100000000000005",
    ]
    assert list(batches_in("\n".join(lines))) == [(DEVICE, EPOCH, 5)]


def test_of_two_knots_of_one_second_in_a_batch_the_first_counts_as_in_sqlite(tmp_path: Path) -> None:
    twice = payload(1, Positions((Knot(START_S, 1, 1),)), Positions((Knot(START_S, 2, 2),)))
    knots = [sample for sample in samples_of(stored(twice)) if sample.measurement == "knots"]
    assert [sample.fields["lat_deg"] for sample in knots] == [1e-05]
    sqlite = SqliteStore(tmp_path)
    sqlite.write(group_of([stored(twice)]))
    assert [point.lat_e5 for point in sqlite.points(DEVICE, ALWAYS)] == [1]
    sqlite.close()


def test_what_is_delivered_is_in_influxdb_once_however_often_it_is_sent(
    store: InfluxStore, delivery: Delivery, influx: Influx, influx_settings: InfluxSettings
) -> None:
    for _ in range(2):
        store.write(journey(DEVICE, 50))
        store.write(group_of([stored(payload(60, *SECTIONS))]))
        with store.database.writing() as db:
            db.execute("INSERT OR IGNORE INTO spool SELECT outbox_id, seq FROM batches")
        assert delivery.deliver(TIMEOUT_S)
        assert delivery.waiting() == 0
    counts = {
        series["name"]: series["values"][0][1]
        for name, field in (("knots", "seq"), ("events", "seq"), ("batches", "seq"), ("readings", "temp_c"))
        for series in influx.ask(f'SELECT count("{field}") FROM {name}', influx_settings.bucket)
    }
    assert counts == {"knots": 152, "events": 2, "batches": 51, "readings": 52}
    assert delivery.counters == {"delivered": 102}


def test_while_influxdb_is_away_batches_are_safe_in_sqlite_and_delivered_later(tmp_path: Path) -> None:
    with influxdb(tmp_path) as influx:
        settings = InfluxSettings(url=influx.url, bucket=influx.database("away"), flush_ms=10, timeout_s=2.0)
        store = InfluxStore(tmp_path / "store", settings, None)
        delivery = Delivery(store.database, settings, None)
        delivery.start()
        try:
            store.write(group_of([stored(payload(1))]))
            wait_for(lambda: delivery.waiting() == 0, "the first batch to be delivered")
            influx.server.kill()
            for seq in range(2, 300):
                store.write(group_of([stored(payload(seq))]))
            with pytest.raises(StoreError, match="InfluxDB"):
                store.points(DEVICE, ALWAYS)
            wait_for(lambda: delivery.counters.get("influxdb_failed"), "a delivery to fail")
            assert delivery.waiting() == 298
            influx.server.start()
            assert len(store.points(DEVICE, ALWAYS)) == 3 * 299
            wait_for(lambda: delivery.waiting() == 0, "everything to be delivered")
            assert len(store.points(DEVICE, ALWAYS)) == 3 * 299
            assert store.ledger(stored(payload(1)).outbox).missing() == ()
        finally:
            delivery.stop()
            store.close()


def test_a_spool_outlives_the_server(tmp_path: Path, influx_settings: InfluxSettings) -> None:
    nowhere = replace(influx_settings, url="http://127.0.0.1:9", timeout_s=1.0)
    first = InfluxStore(tmp_path, nowhere, None)
    first.write(journey(DEVICE, 30))
    first.close()
    second = InfluxStore(tmp_path, influx_settings, None)
    delivery = Delivery(second.database, influx_settings, None)
    assert delivery.deliver(TIMEOUT_S)
    assert delivery.waiting() == 0
    assert len(second.points(DEVICE, ALWAYS)) == 90
    delivery.stop()
    second.close()


@pytest.mark.parametrize(
    ("status", "words", "left"),
    [
        (401, "unauthorized access", 20),
        (404, "bucket not found", 20),
        (400, "partial write: points beyond retention policy dropped=3", 0),
        (422, "unprocessable entity", 19),
    ],
)
def test_what_influxdb_refuses_holds_up_nothing_and_is_not_lost(
    store: InfluxStore, delivery: Delivery, influx: Influx, status: int, words: str, left: int
) -> None:
    store.write(journey(DEVICE, 20))
    influx.refuse = (status, words)
    try:
        for _ in range(2):
            delivery.deliver(TIMEOUT_S)
        assert delivery.waiting() == left
    finally:
        influx.refuse = None
    while delivery.waiting():
        assert delivery.deliver(TIMEOUT_S)
    assert store.payload(stored(payload(1)).outbox, 1) is not None
    store.rebuild(lambda count: None)
    assert delivery.deliver(TIMEOUT_S)
    assert len(store.points(DEVICE, ALWAYS)) == 60


def test_names_in_a_question_are_text_and_nothing_else(store: InfluxStore, delivery: Delivery) -> None:
    store.write(journey(DEVICE, 2))
    assert delivery.deliver(TIMEOUT_S)
    for name in ("x' OR 'a'='a", "x\\' OR device =~ /.*/ --", "'; DROP MEASUREMENT knots; --", "a\nb"):
        assert store.points(name, ALWAYS) == []
        assert store.readings(name, ALWAYS, None, 10) == []
    assert len(store.points(DEVICE, ALWAYS)) == 6


def test_a_wrong_bucket_is_told_with_what_to_check(tmp_path: Path, influx_settings: InfluxSettings) -> None:
    store = InfluxStore(tmp_path, replace(influx_settings, bucket="none"), None)
    with pytest.raises(StoreError, match=r"database not found: none; check store\.influxdb"):
        store.points(DEVICE, ALWAYS)
    store.close()


def test_sqlite_can_answer_while_victoriametrics_is_sent_a_copy(tmp_path: Path) -> None:
    with victoria_metrics(tmp_path) as metrics:
        settings = InfluxSettings(url=f"http://127.0.0.1:{metrics.port}", flush_ms=10)
        store = SqliteStore(tmp_path / "data", spooled=True)
        delivery = Delivery(store.database, settings, None)
        store.write(journey(DEVICE, 50))
        assert len(store.points(DEVICE, ALWAYS)) == 150
        assert delivery.deliver(TIMEOUT_S)
        assert delivery.waiting() == 0

        def found() -> bool:
            query = f"match[]=knots_lat_deg&start={START_S}&end={RECEIVED_MS // 1000}"
            with urllib.request.urlopen(f"http://127.0.0.1:{metrics.port}/api/v1/export?{query}") as answer:
                return answer.read().count(b",") > 150

        wait_for(found, "the copy to be found")
        delivery.stop()
        store.close()
