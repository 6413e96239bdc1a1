"""What is wrong now: too long at a place or a border, or without contact."""

from railbox_server.fleet import Assignment
from railbox_telemetry import iso
from railbox_telemetry.values import Batch, Knot, Positions
from support.api_rig import OTHER, UNIT, get
from support.server_rig import Rig
from support.trips import BORDER, HOUR_S, START_S, batches, knots


def moved_on(rig: Rig, hours: float) -> None:
    """Another unit says what time it is."""
    if "TRK2" not in rig.store.known_devices():
        rig.store.assign(Assignment("TRK2", OTHER), 0)
    rig.host_s = max(rig.host_s, START_S + round(hours * HOUR_S))
    there = Knot(START_S + round(hours * HOUR_S), 5_575_000, 3_761_000)
    rig.receive("TRK2", [Batch(1, round(hours), (Positions((there,)),))])
    rig.settle()


def test_while_all_is_well_there_is_nothing(rig: Rig) -> None:
    assert get(rig, "/api/flags") == {"now": iso.from_s(START_S + 20 * HOUR_S), "flags": [], "next": None}


def test_who_is_silent_and_who_stays_too_long_is_told(rig: Rig) -> None:
    moved_on(rig, 24)
    (silent,) = get(rig, "/api/flags")["flags"]
    assert (silent["kind"], silent["unit"], silent["flag"]) == ("contact", UNIT, "no_contact")
    assert (silent["place"], silent["no_contact_since"]) == ("pk-taftan", iso.from_s(START_S + 20 * HOUR_S))
    rig.receive("TRK1", batches(knots(until_h=54))[41:])
    moved_on(rig, 54)
    rows = {row["kind"]: row for row in get(rig, "/api/flags")["flags"]}
    crossing = rows["crossing"]
    assert (crossing["border"], crossing["flag"], crossing["certainty"]) == (BORDER, "over", "certain")
    assert crossing["since"] == get(rig, "/api/crossings")["crossings"][0]["arrived"]
    assert crossing["dwell_min_s"] > crossing["limit_s"] == 48 * HOUR_S
    assert "contact" not in rows


def test_flags_are_chosen_by_level(rig: Rig) -> None:
    moved_on(rig, 24)
    assert len(get(rig, "/api/flags", flag="no_contact")["flags"]) == 1
    assert get(rig, "/api/flags", flag="critical")["flags"] == []
    assert "query flag" in get(rig, "/api/flags", 422, flag="bad")["detail"]


def test_what_is_over_is_no_matter_of_now(rig: Rig) -> None:
    rig.receive("TRK1", batches(knots())[41:])
    rig.settle()
    assert get(rig, "/api/crossings")["crossings"][0]["flag"] == "over"
    assert get(rig, "/api/flags")["flags"] == []
