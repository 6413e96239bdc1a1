"""Single sentences: each field is a value, absent, or a named problem; nothing is ever guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from railbox_agent.gnss.said import Said, parse


def said(body: str) -> Said:
    result = parse(body.encode())
    assert result is not None
    return result


RMC = "GPRMC,083000.50,A,2906.0000,N,06124.0000,E,10.0,270.0,210926,,,A"


def test_rmc_says_when_where_and_how_fast() -> None:
    one = said(RMC)
    assert one.time_of_day_ms == 8 * 3_600_000 + 30 * 60_000 + 500
    assert one.day == 20_717
    assert one.position == (29.1, 61.4)
    assert one.speed_mps == pytest.approx(5.144444)
    assert one.course_deg == 270
    assert one.status == "valid"
    assert one.problems == ()


@pytest.mark.parametrize("talker", ["GP", "GN", "GL", "GA", "GB", "BD", "GQ", "QZ", "II"])
def test_every_talker_counts(talker: str) -> None:
    assert said(talker + RMC[2:]).position == (29.1, 61.4)


@pytest.mark.parametrize("body", ["PGRMC,A,1,2", "PUBX,00,1", "GPTXT,01,01,02,hi", "GNGLQ,RMC", "GPRMC", "", "GP"])
def test_what_is_of_no_use_is_nothing(body: str) -> None:
    assert parse(body.encode()) is None


def test_gga_says_height_satellites_and_dilution() -> None:
    one = said("GNGGA,083000,2906.0000,N,06124.0000,E,1,09,1.2,847.3,M,-20.0,M,,")
    assert (one.alt_m, one.sats, one.hdop, one.status) == (847.3, 9, 1.2, "valid")


def test_gns_has_a_mode_letter_for_each_constellation() -> None:
    row = "GNGNS,083000,2906.0000,N,06124.0000,E,{},13,0.93,1482.5,-16.5,,"
    assert said(row.format("NNA")).status == "valid"
    assert said(row.format("NN")).status == "void"
    assert said(row.format("NE")).status == "estimated"
    assert said(row.format("")).status == "void"


def test_gll_vtg_zda_gsa_and_gsv_say_their_part() -> None:
    assert said("GPGLL,2906.0000,N,06124.0000,E,083000,A,A").position == (29.1, 61.4)
    assert said("GPVTG,90.0,T,,M,10.0,N,18.5,K,A").speed_mps == pytest.approx(5.144444)
    assert said("GPVTG,90.0,T,,M,,N,36.0,K,A").speed_mps == pytest.approx(10.0)
    assert said("GPZDA,083000.00,21,09,2026,00,00").day == 20_717
    gsa = said("GPGSA,A,3,01,02,03,04,,,,,,,,,2.0,1.1,1.7")
    assert (gsa.sats, gsa.hdop) == (4, 1.1)
    assert said("GPGSV,1,1,02,02,05,307,33,03,21,174,,1").snrs_db == (33,)


@pytest.mark.parametrize(
    ("lat", "lon", "problem"),
    [
        (",", "06124.0000,E", "bad_position"),
        ("2906.0000,N", ",", "bad_position"),
        ("2906.0000,", "06124.0000,E", "bad_position"),
        ("2906.0000,X", "06124.0000,E", "bad_position"),
        ("29.10,N", "06124.0000,E", "bad_position"),
        ("29O6.0000,N", "06124.0000,E", "bad_position"),
        ("-2906.0000,N", "06124.0000,E", "bad_position"),
        ("2960.0000,N", "06124.0000,E", "out_of_range"),
        ("9900.0000,N", "06124.0000,E", "out_of_range"),
        ("9000.0001,N", "06124.0000,E", "out_of_range"),
        ("2906.0000,N", "18000.0100,E", "out_of_range"),
        ("0000.0000,N", "00000.0000,E", "null_island"),
    ],
)
def test_a_position_that_cannot_be_is_none_and_named(lat: str, lon: str, problem: str) -> None:
    one = said(f"GPRMC,083000.50,A,{lat},{lon},10.0,270.0,210926,,,A")
    assert one.position is None
    assert one.problems == (problem,)
    assert one.speed_mps is not None, "the other fields are kept"


def test_an_empty_position_is_none_and_no_problem() -> None:
    one = said("GPRMC,083000.50,V,,,,,,,210926,,,N")
    assert one.position is None
    assert one.problems == ()
    assert one.status == "void"


@pytest.mark.parametrize("text", ["235960", "235960.000"])
def test_the_leap_second_parses(text: str) -> None:
    assert said(RMC.replace("083000.50", text)).time_of_day_ms == 86_400_000


@pytest.mark.parametrize("text", ["240000", "236000", "235961", "8300", "08:30:00", "083000.5x"])
def test_a_time_that_cannot_be_is_none(text: str) -> None:
    one = said(RMC.replace("083000.50", text))
    assert one.time_of_day_ms is None
    assert one.problems == ("bad_time",)


@pytest.mark.parametrize("text", ["310226", "001226", "320126", "2109", "21O926", "210900026"])
def test_a_date_that_cannot_be_is_none(text: str) -> None:
    one = said(RMC.replace("210926", text))
    assert one.day is None
    assert "bad_date" in one.problems


def test_years_of_two_digits_begin_with_gps_itself() -> None:
    assert said(RMC.replace("210926", "060180")).day == 3_657
    assert said(RMC.replace("210926", "311279")).day == 40_176


@pytest.mark.parametrize("text", ["nan", "inf", "1_0", "1e3", " 10", "0x1", "-1.0", "10.0.0"])
def test_numbers_that_python_reads_and_receivers_do_not_write_are_none(text: str) -> None:
    one = said(RMC.replace(",10.0,", f",{text},"))
    assert one.speed_mps is None
    assert one.problems == ("bad_number",)


def test_a_course_out_of_range_spoils_only_itself() -> None:
    one = said(RMC.replace("270.0", "655.35"))
    assert one.course_deg is None
    assert one.problems == ("bad_course",)
    assert one.position is not None
    assert said(RMC.replace("270.0", "360.0")).course_deg == 0


def test_dilutions_of_zero_and_99_mean_unknown() -> None:
    for text in ("0.0", "99.99", ""):
        assert said(f"GNGGA,083000,2906.0000,N,06124.0000,E,1,09,{text},847.3,M,-20.0,M,,").hdop is None


@pytest.mark.parametrize("body", ["GPRMC,083000.50,A,2906.0000,N", "GPGGA,083000", "GPGSA,A,3,01", "GPZDA,083000"])
def test_a_sentence_cut_short_says_nothing(body: str) -> None:
    assert said(body) == Said(body[2:5], problems=("truncated",))


@pytest.mark.parametrize(
    ("quality", "status"),
    [
        ("0", "void"),
        ("1", "valid"),
        ("5", "valid"),
        ("6", "estimated"),
        ("7", "manual"),
        ("8", "simulated"),
        ("", "void"),
    ],
)
def test_the_quality_of_gga_is_its_status(quality: str, status: str) -> None:
    assert said(f"GNGGA,083000,2906.0,N,06124.0,E,{quality},09,1.2,847.3,M,-20.0,M,,").status == status


def test_the_mode_letter_says_what_kind_of_active() -> None:
    assert said(RMC[:-1] + "E").status == "estimated"
    assert said(RMC[:-1] + "S").status == "simulated"
    assert said(RMC[:-1] + "N").status == "void"
    assert said(RMC[:-2]).status == "valid", "before NMEA 2.3 there was none"


KINDS = st.sampled_from(["RMC", "GGA", "GNS", "GLL", "VTG", "ZDA", "GSA", "GSV"])
FIELD = st.one_of(
    st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="*$"), max_size=12),
    st.from_regex(r"\d{1,9}(\.\d{1,5})?", fullmatch=True),
    st.sampled_from(["A", "V", "N", "S", "E", "W", "", "0", "00000.0000"]),
)


@given(KINDS, st.lists(FIELD, max_size=25))
def test_no_fields_crash_it_and_no_position_is_zero_or_out_of_range(kind: str, columns: list[str]) -> None:
    one = parse(f"GN{kind},{','.join(columns)}".encode())
    assert one is not None
    if one.position is not None:
        assert one.position != (0, 0)
        assert abs(one.position[0]) <= 90
        assert abs(one.position[1]) <= 180
    assert one.time_of_day_ms is None or 0 <= one.time_of_day_ms <= 86_400_000 + 1_000
    assert one.speed_mps is None or one.speed_mps >= 0


@given(st.binary(max_size=120))
def test_no_bytes_crash_it(data: bytes) -> None:
    parse(b"GPRMC," + data)
    parse(data)
