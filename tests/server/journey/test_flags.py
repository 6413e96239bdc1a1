"""How long is too long: bounds of a dwell against its limit, and the clock that judges what lasts."""

import pytest

from railbox_server.journey.judging import flag
from railbox_server.journey.model import Certainty, Dwell, Flag, Level
from support.journeys import (
    AA,
    T0_S,
    Vertex,
    crossing,
    dark,
    est_min,
    journey,
    knot,
    minutes,
    network_with,
    place,
    sampled,
    visit,
)

H = 3_600
LIMIT_S = 48 * H
INTO_AA: list[Vertex] = [(0, 54), (40, 94), (100, 94)]


@pytest.mark.parametrize(
    ("least_h", "likely_h", "most_h", "level", "certainty"),
    [
        (1, 2, 48, "none", None),
        (1, 2, 49, "over", "possible"),
        (1, 2, 97, "critical", "possible"),
        (48, 48, 48, "none", None),
        (49, 50, 51, "over", "certain"),
        (49, 50, 97, "over", "certain"),
        (97, 98, 99, "critical", "certain"),
        (1, 2, None, "none", None),
        (1, 49, None, "over", "possible"),
        (1, 97, None, "critical", "possible"),
        (49, 97, None, "over", "certain"),
    ],
)
def test_a_dwell_is_too_long_for_certain_by_its_least_and_perhaps_by_its_most(
    least_h: int, likely_h: int, most_h: int | None, level: Level, certainty: Certainty | None
) -> None:
    length = Dwell(least_h * H, likely_h * H, None if most_h is None else most_h * H)
    assert flag(length, LIMIT_S) == Flag(level, certainty)


def test_an_open_visit_lasts_at_least_until_last_seen_and_at_most_until_now() -> None:
    found = visit(journey(sampled(INTO_AA), now_min=130), "aa")
    assert (found.dwell.min_s, found.dwell.est_s, found.dwell.max_s) == (62 * 60, 93 * 60, 94 * 60)
    assert found.no_contact_since_s is None


def test_the_clock_alone_makes_an_open_visit_perhaps_too_long() -> None:
    def at(hours: float) -> Flag:
        return visit(journey(sampled(INTO_AA), now_min=hours * 60), "aa").flag

    assert at(48) == Flag()
    assert at(49) == Flag("over", "possible")
    assert at(97) == Flag("critical", "possible")


def test_messages_make_it_certain() -> None:
    stays_on = sampled([*INTO_AA, (51 * 60, 94)], 10)
    assert visit(journey(stays_on), "aa").flag == Flag("over", "certain")


def test_without_contact_the_estimate_stands_still_and_the_most_goes_on() -> None:
    in_contact = visit(journey(sampled(INTO_AA), now_min=100 + 90), "aa")
    silent = visit(journey(sampled(INTO_AA), now_min=100 + 91), "aa")
    long_silent = visit(journey(sampled(INTO_AA), now_min=3_000), "aa")
    assert in_contact.no_contact_since_s is None
    assert in_contact.dwell.est_s == 153 * 60
    assert silent.no_contact_since_s == long_silent.no_contact_since_s == T0_S + 100 * 60
    assert silent.dwell.est_s == long_silent.dwell.est_s == 63 * 60
    assert long_silent.dwell.max_s == (3_000 - 36) * 60


def test_a_visit_that_is_over_is_judged_by_no_clock() -> None:
    path = sampled([*INTO_AA, (140, 54)])
    soon, late = (visit(journey(path, now_min=now), "aa") for now in (150, 99_999))
    assert soon == late
    assert late.no_contact_since_s is None


def test_an_open_visit_of_a_unit_that_was_there_already_has_no_most() -> None:
    found = visit(journey(sampled([(0, 94), (100, 94)]), now_min=50 * 60), "aa")
    assert found.dwell.max_s is None
    assert found.dwell.est_s == 100 * 60


def test_a_clock_behind_the_newest_knot_takes_nothing_back() -> None:
    found = visit(journey(sampled(INTO_AA), now_min=90), "aa")
    assert found.dwell.min_s <= found.dwell.est_s <= (found.dwell.max_s or 0)


def test_each_place_has_its_own_limit() -> None:
    strict = place("strict", 94, border="aa-bb", side="AA", limit_h=1)
    found = visit(journey(sampled(INTO_AA), network=network_with(strict, without=[AA])), "strict")
    assert found.limit_s == H
    assert found.flag == Flag("over", "certain")


def test_an_open_crossing_waits_for_the_line() -> None:
    found = crossing(journey(sampled(INTO_AA), now_min=130))
    assert (found.from_side, found.to_side) == ("AA", None)
    assert minutes(found.arrived) == (36, 37, 38)
    assert (found.left, found.crossed, found.reached, found.departed) == (None, None, None, None)
    assert (found.dwell.min_s, found.dwell.est_s, found.dwell.max_s) == (62 * 60, 93 * 60, 94 * 60)


def test_an_open_crossing_that_left_the_first_yard_says_so() -> None:
    found = crossing(journey(sampled([*INTO_AA, (104, 98)])))
    assert found.left is None
    found = crossing(journey(sampled([*INTO_AA, (104, 98), (130, 98)])))
    assert est_min(found.left) == 103
    assert found.departed is None
    assert found.dwell_by_side["AA"].est_s == 66 * 60


def test_an_open_crossing_over_the_line_waits_for_the_second_yard_and_then_for_its_exit() -> None:
    to_line: list[Vertex] = [*INTO_AA, (108, 102)]
    found = crossing(journey(sampled(to_line)))
    assert found.to_side == "BB"
    assert (found.reached, found.departed) == (None, None)
    found = crossing(journey(sampled([*to_line, (112, 106), (150, 106)])))
    assert est_min(found.reached) == 109
    assert found.departed is None
    assert set(found.dwell_by_side) == {"AA", "BB"}
    found = crossing(journey(sampled([*to_line, (112, 106), (150, 106), (158, 114)])))
    assert est_min(found.departed) == 153


def test_an_open_crossing_is_judged_by_the_clock_until_it_departs() -> None:
    now_min = 50 * 60
    waiting = crossing(journey(sampled(INTO_AA), now_min=now_min))
    assert waiting.flag == Flag("over", "possible")
    assert waiting.no_contact_since_s == T0_S + 100 * 60
    over = crossing(journey(sampled([*INTO_AA, (160, 154)]), now_min=now_min))
    assert over.flag == Flag()
    assert over.no_contact_since_s is None


def test_a_flag_that_late_data_refutes_is_gone() -> None:
    dark_exit = [*sampled(INTO_AA), *dark([knot(60 * 60, 54, seq=999)])]
    assert visit(journey(dark_exit), "aa").flag == Flag("over", "possible")
    seen_exit = [*sampled([*INTO_AA, (140, 54)]), *dark([knot(60 * 60, 54, seq=999)])]
    assert visit(journey(seen_exit), "aa").flag == Flag()
