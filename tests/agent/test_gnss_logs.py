"""Real receivers' logs against what gpsd says of them: which of its timed fixes are found, and how far off.

The logs are data beside the project (../shared/nmea, from gpsd's own regression tests).
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from railbox_agent import logs
from railbox_agent.gnss.trust import distance_m
from railbox_telemetry import iso
from railbox_telemetry.values import Fix
from support.gpsd_answers import GPSD_WRONG_MS, Known, answers
from support.shared import SHARED, shared

FOUND_AT_LEAST = 0.995
OFF_AT_MOST_M = 10.0


def log_names() -> list[str]:
    return sorted(path.name for path in (SHARED / "nmea").glob("*.log"))


def fixes(path: Path) -> dict[int, Fix]:
    return {item.fix_time_ms: item for item in logs.items(path) if isinstance(item, Fix)}


def off_m(known: Known, fix: Fix) -> float:
    return min(distance_m((fix.lat_deg, fix.lon_deg), there) for there in known.places)


def test_nearly_all_of_gpsds_fixes_are_found_over_all_logs(record_property: Callable[[str, object], None]) -> None:
    shared("nmea")
    known_count = found_count = 0
    for name in log_names():
        known = answers(shared("nmea", name + ".chk"), GPSD_WRONG_MS.get(name, 0))
        ours = fixes(shared("nmea", name))
        known_count += len(known)
        found_count += sum(one.time_ms in ours for one in known)
    record_property("found", f"{found_count} of {known_count}")
    assert known_count > 1_000
    assert found_count >= FOUND_AT_LEAST * known_count, f"{found_count} of {known_count}"


@pytest.mark.parametrize("name", log_names() or ["(no logs)"])
def test_no_fix_is_far_from_gpsds_nor_at_null_island(name: str) -> None:
    ours = fixes(shared("nmea", name))
    for one in answers(shared("nmea", name + ".chk"), GPSD_WRONG_MS.get(name, 0)):
        if one.time_ms in ours:
            assert off_m(one, ours[one.time_ms]) <= OFF_AT_MOST_M, iso.from_ms(one.time_ms)
    assert all((fix.lat_deg, fix.lon_deg) != (0, 0) for fix in ours.values())


def test_receivers_that_are_well_are_trusted() -> None:
    path = shared("nmea", "ublox-neo-m9n-nmea.log")
    assert all(fix.trusted for fix in fixes(path).values())


def test_the_last_epoch_of_a_log_is_there_though_gpsd_leaves_it_out() -> None:
    ours = fixes(shared("nmea", "ait250.log"))
    known = answers(shared("nmea", "ait250.log.chk"))
    assert max(ours) == max(one.time_ms for one in known) + 1000


def test_a_log_without_checksums_is_read_when_that_is_set() -> None:
    path = shared("nmea", "hp58534a.log")
    assert fixes(path) == {}
    lenient = logs.items(path, logs.Options(checksum_required=False))
    assert any(isinstance(item, Fix) for item in lenient)
