"""The truth beside a recording, held against the true path itself: second by second, without its own code."""

import subprocess
import sys
from itertools import pairwise

import pytest

from railbox.simulate import sphere, truth
from railbox.simulate.fleet import Journey, Wish, journeys
from railbox.simulate.lines import Lines
from railbox_server.geo import corridors
from railbox_telemetry import iso

END_S = iso.to_s("2026-03-01T00:00:00Z")
ORDER = ("arrived", "left", "crossed", "reached", "departed")


def journey(corridor: str, *, reverse: bool = False, days: float | None = None, seed: int = 1) -> Journey:
    wish = Wish(corridors.find(corridor), seed, END_S, reverse=reverse, days=days)
    return journeys(wish, Lines())[0]


def where(made: Journey, time: str, shift_s: float = 0.0) -> sphere.Point:
    since_s = iso.to_ms(time) / 1000 - made.started_at_s + shift_s
    return made.route.point(made.itinerary.motion.phase_at(since_s).chainage_m(since_s))


@pytest.mark.parametrize("corridor", ["karachi-moscow", "moscow-termez-peshawar", "pyongyang-moscow"])
def test_a_visit_begins_and_ends_on_the_edge_of_its_place(corridor: str) -> None:
    made = journey(corridor)
    places = {place.id: place for place in made.corridor.places}
    for row in (row for row in truth.rows(made) if row["type"] == "visit"):
        place = places[row["place"]]
        assert place.radius_m is not None
        for name, inwards_s in (("entered", 5.0), ("exited", -5.0)):
            if row[name] is not None:
                away_m = sphere.distance_m(where(made, row[name]), (place.lat_deg, place.lon_deg))
                within_m = sphere.distance_m(where(made, row[name], inwards_s), (place.lat_deg, place.lon_deg))
                assert away_m == pytest.approx(place.radius_m, abs=1.0)
                assert within_m < away_m


def test_every_second_of_a_journey_is_inside_just_the_places_that_the_rows_say() -> None:
    made = journey("mary-torghundi-chaman-quetta", seed=4)
    zones = [place for place in made.corridor.places if place.radius_m is not None]
    rows = [row for row in truth.rows(made) if row["type"] == "visit"]
    for since_s in range(30, made.length_s, 601):
        time_s = made.started_at_s + since_s
        here = made.route.point(made.itinerary.motion.phase_at(since_s).chainage_m(since_s))
        inside = {
            place.id
            for place in zones
            if sphere.distance_m(here, (place.lat_deg, place.lon_deg)) < (place.radius_m or 0)
        }
        told = {
            row["place"]
            for row in rows
            if (row["entered"] is None or iso.to_ms(row["entered"]) <= time_s * 1000)
            and (row["exited"] is None or iso.to_ms(row["exited"]) > time_s * 1000)
        }
        assert inside == told, iso.from_s(time_s)


@pytest.mark.parametrize("reverse", [False, True])
def test_every_border_is_crossed_once_in_the_order_of_travel(reverse: bool) -> None:
    made = journey("karachi-moscow", reverse=reverse)
    rows = [row for row in truth.rows(made) if row["type"] == "crossing"]
    borders = [border.id for border in made.corridor.borders]
    assert [row["border"] for row in rows] == (borders[::-1] if reverse else borders)
    for row in rows:
        moments = [row[name] for name in ORDER]
        assert moments == sorted(moments)
    for before, after in pairwise(rows):
        assert before["to_side"] == after["from_side"]


def test_a_border_with_one_yard_takes_the_other_sides_moments_from_the_line() -> None:
    made = journey("moscow-termez-peshawar")
    row = next(row for row in truth.rows(made) if row["type"] == "crossing" and row["border"] == "ru-kz-iletsk")
    assert row["arrived"] < row["left"] < row["crossed"]
    assert row["crossed"] == row["reached"] == row["departed"]


def test_a_yard_that_holds_the_line_counts_into_the_crossing_either_way() -> None:
    for reverse in (False, True):
        made = journey("moscow-termez-peshawar", reverse=reverse)
        rows = truth.rows(made)
        crossing = next(row for row in rows if row["type"] == "crossing" and row["border"] == "af-pk-torkham")
        visit = next(row for row in rows if row["type"] == "visit" and row["place"] == "af-torkham")
        assert crossing["dwell_s"] == visit["dwell_s"]
        assert crossing["arrived"] < crossing["crossed"] < crossing["departed"]


def test_a_journey_that_ends_at_a_border_has_begun_to_cross_it() -> None:
    whole = journey("karachi-moscow")
    arrived = next(row["arrived"] for row in truth.rows(whole) if row["type"] == "crossing")
    started_s = iso.to_ms(arrived) / 1000 - whole.started_at_s + 3_600
    made = journey("karachi-moscow", days=started_s / 86_400)
    row = next(row for row in truth.rows(made) if row["type"] == "crossing")
    assert row["to_side"] is None
    assert [row[name] for name in ORDER[1:]] == [None] * 4
    assert row["dwell_s"] == pytest.approx(3_600, abs=1)


def test_a_dwell_over_its_limit_is_flagged() -> None:
    made = journey("kabul-kharlachi-kohat", days=12)
    last = [row for row in truth.rows(made) if row["type"] == "visit"][-1]
    assert last["dwell_s"] > 2 * last["limit_s"]
    assert last["flag"] == "critical"


def test_the_truth_does_not_load_the_engine_that_it_is_held_against() -> None:
    program = "import sys, railbox.simulate.truth; print([name for name in sys.modules if 'server.journey' in name])"
    told = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert told.stdout.strip() == "[]"
