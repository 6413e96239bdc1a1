"""From bytes to fixes: one an epoch, dated across midnight and rollovers, marked where it cannot be believed."""

import dataclasses
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from railbox_agent.gnss.dates import ROLLOVER_MS, Calendar, snap
from railbox_agent.gnss.fields import DAY_MS
from railbox_agent.gnss.receiver import QUIET_MS, GnssSettings, Receiver
from railbox_agent.gnss.trust import REASONS, Limits, Seen, distance_m
from railbox_telemetry.values import Fix
from support.nmea import clock, gga, place, rmc, sentence

T0 = int(datetime(2026, 9, 21, 8, 30, tzinfo=UTC).timestamp())
MIDNIGHT = int(datetime(2026, 9, 22, tzinfo=UTC).timestamp())


def fixes(data: bytes, settings: GnssSettings | None = None) -> list[Fix]:
    receiver = Receiver(settings)
    return [seen.fix for seen in receiver.feed(data) + receiver.finish()]


def gll(time_s: float, lat_deg: float = 29.1, lon_deg: float = 61.4, status: str = "A") -> bytes:
    return sentence(f"GPGLL,{place(lat_deg, lon_deg)},{clock(time_s)},{status},{'A' if status == 'A' else 'N'}")


def zda(time_s: float) -> bytes:
    return sentence(f"GPZDA,{clock(time_s)},{datetime.fromtimestamp(time_s, UTC):%d,%m,%Y},00,00")


def gsv(snrs: list[int]) -> bytes:
    groups = "".join(f",{number:02d},45,100,{snr:02d}" for number, snr in enumerate(snrs, 1))
    return sentence(f"GPGSV,1,1,{len(snrs):02d}{groups}")


# One epoch, one fix


def test_the_sentences_of_one_epoch_are_one_fix() -> None:
    vtg = sentence("GPVTG,90.0,T,,M,20.0,N,37.0,K,A")
    gsa = sentence("GPGSA,A,3,01,02,03,04,,,,,,,,,2.0,1.4,1.7")
    (fix,) = fixes(rmc(T0) + vtg + gga(T0, hdop=1.1) + gsa + gsv([30, 31]) + gll(T0) + zda(T0))
    assert fix == Fix(T0 * 1000, 29.1, 61.4, 20 * 1852 / 3600, 90.0, 847.0, 9, 1.1)


def test_the_last_epoch_of_a_log_comes_too() -> None:
    assert [fix.fix_time_ms for fix in fixes(rmc(T0) + gga(T0) + rmc(T0 + 1))] == [T0 * 1000, T0 * 1000 + 1000]


def test_a_receiver_that_says_only_gll_and_zda_has_fixes() -> None:
    assert [fix.fix_time_ms for fix in fixes(zda(T0) + gll(T0) + zda(T0 + 1) + gll(T0 + 1))] == [
        T0 * 1000,
        T0 * 1000 + 1000,
    ]


def test_speed_and_course_come_from_vtg_where_there_is_no_rmc() -> None:
    (fix,) = fixes(zda(T0) + gga(T0) + sentence("GPVTG,123.4,T,,M,10.0,N,18.5,K,A"))
    assert fix.speed_mps == pytest.approx(5.144444)
    assert fix.course_deg == 123.4


def test_satellites_are_counted_from_gsa_where_nothing_else_says() -> None:
    gsa = sentence("GNGSA,A,3,01,02,03,04,05,,,,,,,,2.0,1.4,1.7")
    (fix,) = fixes(rmc(T0) + gsa + gsa)
    assert (fix.sats, fix.hdop) == (10, 1.4)


def test_fractions_of_a_second_are_kept() -> None:
    assert [fix.fix_time_ms % 1000 for fix in fixes(b"".join(rmc(T0 + at / 10) for at in range(5)))] == [
        0,
        100,
        200,
        300,
        400,
    ]


def test_an_epoch_is_complete_when_its_line_falls_quiet() -> None:
    receiver = Receiver()
    assert receiver.feed(rmc(T0) + gga(T0), 1_000) == []
    assert receiver.tick(1_000 + QUIET_MS - 1) == []
    (seen,) = receiver.tick(1_000 + QUIET_MS)
    assert (seen.fix.fix_time_ms, seen.mono_ms) == (T0 * 1000, 1_000)
    assert receiver.tick(5_000) == []


def test_a_sentence_later_than_its_epoch_is_counted_and_makes_no_second_fix() -> None:
    receiver = Receiver()
    receiver.feed(rmc(T0), 0)
    assert len(receiver.tick(QUIET_MS)) == 1
    assert receiver.feed(gga(T0), QUIET_MS + 10) == []
    assert receiver.finish() == []
    assert receiver.counters["late_sentences"] == 1


def test_no_fix_is_no_fix() -> None:
    void = sentence("GPRMC,083000.00,V,,,,,,,210926,,,N") + sentence("GPGGA,083000.00,,,,,0,00,99.99,,,,,,")
    assert fixes(void) == []
    assert fixes(rmc(T0, status="V")) == [], "the last known place of a receiver that has none now"


def test_the_better_sentence_gives_the_position() -> None:
    (fix,) = fixes(rmc(T0, lat_deg=29.1) + gll(T0, lat_deg=29.1003) + gga(T0, lat_deg=29.1001))
    assert fix.lat_deg == pytest.approx(29.1001)


def test_garbage_between_sentences_costs_nothing() -> None:
    clean = fixes(rmc(T0) + gga(T0) + rmc(T0 + 1) + gga(T0 + 1))
    dirty = fixes(b"\xff\x00$GP" + rmc(T0) + b"$GPGGA,0830" + gga(T0) + b"\xb5b" + rmc(T0 + 1) + gga(T0 + 1))
    assert clean == dirty


def test_the_same_time_of_day_on_another_day_is_another_epoch() -> None:
    assert len(fixes(rmc(T0) + rmc(T0 + 86_400) + rmc(T0 + 2 * 86_400))) == 3
    receiver = Receiver()
    seen = receiver.feed(rmc(T0), 0) + receiver.feed(gga(T0 + 86_400), 86_400_000)
    assert len(seen + receiver.finish()) == 2


# Which day


def test_gga_alone_is_dated_across_midnight() -> None:
    data = rmc(MIDNIGHT - 2) + b"".join(gga(MIDNIGHT - 2 + at) for at in range(5))
    assert [fix.fix_time_ms // 1000 - MIDNIGHT for fix in fixes(data)] == [-2, -1, 0, 1, 2]


def test_rmc_dates_its_epoch_though_gga_came_first_at_midnight() -> None:
    data = b"".join(gga(MIDNIGHT - 1 + at) + rmc(MIDNIGHT - 1 + at) for at in range(3))
    assert [fix.fix_time_ms // 1000 - MIDNIGHT for fix in fixes(data)] == [-1, 0, 1]


def test_gga_after_an_outage_of_days_is_dated_by_the_monotonic_clock() -> None:
    receiver = Receiver()
    receiver.feed(rmc(T0), 0)
    later_s = 3 * 86_400 + 50_000
    seen = receiver.feed(gga(T0 + later_s), later_s * 1000) + receiver.finish()
    assert [one.fix.fix_time_ms for one in seen] == [T0 * 1000, (T0 + later_s) * 1000]


def test_epochs_before_the_first_date_get_theirs_when_it_comes() -> None:
    data = gga(MIDNIGHT - 1) + gga(MIDNIGHT) + gga(MIDNIGHT + 1) + rmc(MIDNIGHT + 1) + rmc(MIDNIGHT + 2)
    assert [fix.fix_time_ms // 1000 - MIDNIGHT for fix in fixes(data)] == [-1, 0, 1, 2]


def test_a_date_that_never_comes_makes_no_fix_and_no_pile() -> None:
    receiver = Receiver()
    for at in range(5_000):
        assert receiver.feed(gga(T0 + at)) == []
    assert receiver.finish() == []
    assert receiver.counters["undated_epochs"] == 5_000 - 600


def test_the_leap_second_is_the_start_of_the_next_day() -> None:
    date = datetime.fromtimestamp(T0, UTC).strftime("%d%m%y")
    (fix,) = fixes(sentence(f"GPRMC,235960.00,A,{place(29.1, 61.4)},0.0,0.0,{date},,,A"))
    assert fix.fix_time_ms == MIDNIGHT * 1000


@pytest.mark.parametrize("weeks_off", [-2048, -1024, 0, 1024])
def test_a_receiver_off_by_rollovers_is_put_right_by_the_pivot(weeks_off: int) -> None:
    said_s = T0 + weeks_off * 7 * 86_400
    if not datetime(1980, 1, 6, tzinfo=UTC).timestamp() <= said_s:
        pytest.skip("before GPS time")
    data = zda(said_s) + rmc(said_s) + gga(said_s)
    (fix,) = fixes(data, GnssSettings(pivot_ms=(T0 - 400 * 86_400) * 1000))
    assert fix.fix_time_ms == T0 * 1000


def test_without_a_pivot_dates_are_as_said() -> None:
    old_s = T0 - 1024 * 7 * 86_400
    assert [fix.fix_time_ms for fix in fixes(rmc(old_s))] == [old_s * 1000]


@given(st.integers(-(10**13), 10**13), st.integers(-(10**13), 10**13))
def test_snapping_moves_by_whole_rollovers_to_within_half_of_one(time_ms: int, pivot_ms: int) -> None:
    snapped_ms = snap(time_ms, pivot_ms)
    assert (snapped_ms - time_ms) % ROLLOVER_MS == 0
    assert abs(snapped_ms - pivot_ms) <= ROLLOVER_MS // 2
    assert snap(time_ms, None) == time_ms


@given(st.integers(0, 4_000 * DAY_MS), st.integers(-DAY_MS // 2 + 1, DAY_MS // 2 - 1))
def test_a_time_of_day_near_the_last_date_is_found_whatever_midnight_does(anchor_ms: int, later_ms: int) -> None:
    calendar = Calendar()
    calendar.note(anchor_ms // DAY_MS, anchor_ms % DAY_MS, None)
    assert calendar.date((anchor_ms + later_ms) % DAY_MS, None) == anchor_ms + later_ms


# Whether to believe it


def reasons(data: bytes, limits: Limits | None = None) -> list[str | None]:
    return [fix.reason for fix in fixes(data, GnssSettings(limits=limits or Limits()))]


def test_trusted_is_exactly_having_no_reason() -> None:
    for fix in fixes(rmc(T0) + gga(T0, hdop=50) + rmc(T0 + 1)):
        assert fix.trusted == (fix.reason is None)


def test_reckoned_typed_in_and_simulated_positions_are_marked() -> None:
    data = b"".join(gga(T0 + at, quality=quality) for at, quality in enumerate((1, 6, 7, 8)))
    assert reasons(zda(T0) + data) == [None, "estimated", "manual", "simulated"]


def test_sentences_that_contradict_each_other_are_marked() -> None:
    assert reasons(rmc(T0) + gga(T0, quality=0)) == ["receiver_doubts"]
    assert reasons(rmc(T0) + gga(T0, lat_deg=30.0)) == ["positions_disagree"]


def test_a_constellation_without_satellites_does_not_spoil_the_others() -> None:
    empty = sentence(f"GLGNS,{clock(T0)},,,,,N,00,99.9,,,,")
    assert reasons(rmc(T0) + empty + gga(T0)) == [None]


def test_bad_dilution_and_impossible_speed_are_marked() -> None:
    assert reasons(rmc(T0) + gga(T0, hdop=25)) == ["hdop"]
    assert reasons(rmc(T0, knots=250)) == ["speed"]


def test_satellites_that_are_all_equally_strong_are_marked() -> None:
    assert reasons(rmc(T0) + gsv([40] * 4) + gsv([40] * 4)) == ["satellites_alike"]
    assert reasons(rmc(T0) + gsv([40, 41, 40, 40]) + gsv([40] * 4)) == [None]
    assert reasons(rmc(T0) + gsv([40] * 4)) == [None], "four can be alike by chance"


def test_a_jump_is_marked_and_the_track_goes_on() -> None:
    data = rmc(T0) + rmc(T0 + 1, lat_deg=30.1) + rmc(T0 + 2)
    assert reasons(data) == [None, "jump", None]


def test_a_jump_that_stays_is_believed_after_a_while() -> None:
    moved = b"".join(rmc(T0 + at, lat_deg=31.0) for at in range(1, 41))
    seen = reasons(rmc(T0) + moved, Limits(accept_after=30))
    assert seen == [None] + ["jump"] * 29 + [None] * 11


def test_a_jammer_that_scatters_is_never_believed() -> None:
    scattered = b"".join(rmc(T0 + at, lat_deg=31.0 + at % 7, lon_deg=50.0 + at % 5) for at in range(1, 200))
    assert set(reasons(rmc(T0) + scattered)[1:]) == {"jump"}


def test_a_day_without_sky_allows_the_way_of_a_day() -> None:
    assert reasons(rmc(T0) + rmc(T0 + 86_400, lat_deg=33.0)) == [None, None]


def test_time_that_runs_backwards_is_marked() -> None:
    assert reasons(rmc(T0) + rmc(T0 - 100) + rmc(T0 + 1)) == [None, "time_jump", None]


def test_time_that_does_not_run_with_the_hosts_clock_is_marked() -> None:
    receiver = Receiver()
    seen: list[Seen] = []
    for mono_s, time_s in ((0, T0), (1, T0 + 1), (2, T0 + 3_600), (3, T0 + 3)):
        seen += receiver.feed(rmc(time_s), mono_s * 1000)
    assert [one.fix.reason for one in seen + receiver.finish()] == [None, None, "time_jump", None]


def test_a_date_before_the_floor_is_marked() -> None:
    assert reasons(rmc(T0), Limits(floor_ms=(T0 + 1) * 1000)) == ["before_floor"]


def test_every_reason_is_in_the_table_with_words_for_it() -> None:
    used = {"estimated", "manual", "simulated", "receiver_doubts", "positions_disagree", "satellites_alike", "hdop"}
    assert used | {"speed", "jump", "time_jump", "before_floor"} == set(REASONS)


def test_distance_is_that_of_the_sphere() -> None:
    assert distance_m((0, 0), (0, 1)) == pytest.approx(111_195, abs=1)
    assert distance_m((29.1, 179.9999), (29.1, -179.9999)) == pytest.approx(19.4, abs=0.1)


# Any bytes

SENTENCES = st.sampled_from(
    [rmc(T0), rmc(T0 + 1), gga(T0), gga(T0 + 1), gga(T0 + 1, quality=0), zda(T0 + 86_400), gll(T0 + 2), gsv([40, 41])]
)
JUNK = st.one_of(st.binary(max_size=20), st.sampled_from([b"$", b"$GPRMC,", b"*00\r\n", b"\n"]))


@given(st.lists(st.one_of(SENTENCES, JUNK), max_size=40), st.integers(1, 200))
def test_no_bytes_crash_it_and_no_fix_is_at_null_island(parts: list[bytes], size: int) -> None:
    data = b"".join(parts)
    receiver = Receiver()
    seen = [one for at in range(0, len(data), size) for one in receiver.feed(data[at : at + size], at * 10)]
    for one in seen + receiver.finish():
        assert (one.fix.lat_deg, one.fix.lon_deg) != (0, 0)
        assert abs(one.fix.lat_deg) <= 90
        assert abs(one.fix.lon_deg) <= 180
        assert dataclasses.astuple(one.fix)


@given(st.integers(0, 200), st.integers(0, 7))
def test_a_flipped_bit_never_makes_a_wrong_fix(at: int, bit: int) -> None:
    data = bytearray(rmc(T0) + gga(T0) + rmc(T0 + 1) + gga(T0 + 1))
    data[at % len(data)] ^= 1 << bit
    clean = {fix.fix_time_ms for fix in fixes(rmc(T0) + gga(T0) + rmc(T0 + 1) + gga(T0 + 1))}
    for fix in fixes(bytes(data)):
        assert fix.fix_time_ms in clean
        assert (fix.lat_deg, fix.lon_deg) == (29.1, 61.4)
