"""The status message: the keys of the table, and no byte for what says nothing."""

import json

from railbox_agent.clock import ClockQuality
from railbox_agent.health.machine import Machine
from railbox_agent.health.snapshot import Snapshot, Vitals, status_health
from railbox_agent.status import Status, encode_status
from railbox_telemetry.tables import HEALTH_KEYS, STATUS_KEYS

FULL = Snapshot(
    Vitals("TRK1", "1.0", 1, 2, ports={"board": "stalled"}, fix_s=1, clock=ClockQuality(known=True, age_s=1)),
    Machine(10**9, 10**10, False, 10**8, 10**9, 3 * 10**7, 44.4, False, False),
    low_spells=0,
)


def test_it_has_the_keys_of_the_table_and_no_others() -> None:
    health = status_health(FULL)
    said = json.loads(encode_status(Status(True, 1_790_000_000, 1, 2, 3, 4, health=health)))
    assert list(said) == list(STATUS_KEYS)
    assert list(said["health"]) == list(HEALTH_KEYS)


def test_counts_of_nothing_and_of_what_went_well_are_left_out() -> None:
    counters = {"gnss.sentences": 10**6, "gnss.bad_checksum": 3, "gnss.stalls": 0, "never_heard_of": 1}
    said = json.loads(encode_status(Status(True, None, 1, 2, 0, None, counters=counters)))
    assert said["counters"] == {"gnss.bad_checksum": 3, "never_heard_of": 1}


def test_health_costs_few_bytes() -> None:
    health = status_health(FULL)
    without = encode_status(Status(True, 1_790_000_000, 1, 2, 3, 4))
    assert len(encode_status(Status(True, 1_790_000_000, 1, 2, 3, 4, health=health))) - len(without) <= 160
