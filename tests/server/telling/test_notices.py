import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from railbox_server.telling.alike import alike
from railbox_server.telling.model import Action, Fact, Hysteresis, Kind, Notice, Story
from railbox_server.telling.notices import Now, Outcome, step
from support.told import MINUTE_S, T0_S, UNIT, Listener, at, door, stay

CALM = Hysteresis()
AT_ONCE = Hysteresis(hold_s=0, revise_s=0, revise_value=0.0)


class Telling:
    """Steps on end, as the teller makes them."""

    def __init__(self, calm: Hysteresis = CALM) -> None:
        self.calm = calm
        self.stories: tuple[Story, ...] = ()
        self.notices: list[Notice] = []
        self.listener = Listener()

    def sees(self, facts: Sequence[Fact], minute: float, clock_minute: float | None = None) -> list[tuple[str, int]]:
        """(action, revision) of what is told."""
        host_s = T0_S + round(minute * MINUTE_S)
        clock_s = host_s if clock_minute is None else T0_S + round(clock_minute * MINUTE_S)
        outcome: Outcome = step(self.stories, facts, Now(host_s, clock_s), self.calm)
        self.due_s = outcome.due_s
        self.stories = outcome.stories
        self.notices += outcome.notices
        self.listener.hear(outcome.notices)
        return [(item.action.value, item.revision) for item in outcome.notices]


def test_what_holds_is_told_once() -> None:
    telling = Telling()
    flag = stay("taftan", 0, None, Kind.FLAG, flag="over")
    assert telling.sees([flag], 0) == []
    assert telling.due_s == T0_S + 300
    assert telling.sees([flag], 4.9) == []
    assert telling.sees([flag], 5) == [("told", 1)]
    assert telling.due_s is None
    assert telling.sees([flag], 50) == []


def test_what_flaps_tells_nobody_anything() -> None:
    telling = Telling()
    flag = stay("taftan", 0, None, Kind.FLAG, flag="over")
    for minute in range(0, 60, 4):
        assert telling.sees([flag], minute) == []
        assert telling.sees([], minute + 2) == []
    telling.sees([flag], 60)
    telling.sees([flag], 66)
    for minute in range(70, 130, 4):
        assert telling.sees([], minute) == []
        assert telling.sees([flag], minute + 2) == []
    assert [item.action for item in telling.notices] == [Action.TOLD]


def test_a_bound_is_told_anew_when_it_moved_by_more_than_the_tolerance() -> None:
    telling = Telling()
    for minute in (0, 5):
        telling.sees([stay("taftan", 0, 100)], minute)
    assert telling.sees([stay("taftan", 0, 115)], 200) == []
    assert telling.due_s is None
    assert telling.sees([stay("taftan", 0, 116)], 210) == []
    assert telling.sees([stay("taftan", 0, 116)], 215) == [("revised", 2)]
    assert telling.listener.believes == [stay("taftan", 0, 116)]


def test_small_steps_add_up_to_a_revision() -> None:
    telling = Telling()
    told = [telling.sees([stay("taftan", 0, 100 + minute)], minute) for minute in range(60)]
    assert [each for each in told if each] == [[("told", 1)], [("revised", 2)], [("revised", 3)]]


def test_the_mere_passing_of_time_is_no_news() -> None:
    telling = Telling()
    for minute in range(0, 3_000, 10):
        telling.sees([stay("taftan", 0, None, Kind.FLAG, flag="over", dwell_max_s=minute * 60)], minute)
    assert [item.action for item in telling.notices] == [Action.TOLD]


def test_an_end_and_another_level_are_news_however_small() -> None:
    telling = Telling(replace(CALM, hold_s=0))
    assert telling.sees([stay("taftan", 0, None, Kind.FLAG, flag="over")], 0) == [("told", 1)]
    assert telling.sees([stay("taftan", 0, None, Kind.FLAG, flag="critical")], 1) == [("revised", 2)]
    assert telling.sees([stay("taftan", 0, 2, Kind.FLAG, flag="critical")], 2) == [("revised", 3)]


def test_a_retraction_carries_what_it_takes_back() -> None:
    telling = Telling()
    flag = stay("taftan", 0, None, Kind.FLAG, flag="over")
    telling.sees([flag], 0)
    telling.sees([flag], 5)
    assert telling.sees([], 6) == []
    assert telling.sees([], 11) == [("retracted", 2)]
    assert telling.notices[-1].fact == flag
    assert telling.stories == ()
    assert telling.listener.believes == []


def test_what_is_true_again_is_another_story() -> None:
    telling = Telling(AT_ONCE)
    flag = stay("taftan", 0, None, Kind.FLAG, flag="over")
    assert telling.sees([flag], 0) + telling.sees([], 1) + telling.sees([flag], 2) == [
        ("told", 1), ("retracted", 2), ("told", 1),
    ]  # fmt: skip
    assert telling.notices[0].story != telling.notices[2].story


def test_what_comes_and_goes_within_a_second_is_told_each_time() -> None:
    telling = Telling(AT_ONCE)
    flag = stay("taftan", 0, None, Kind.FLAG, flag="over")
    for truth in ([flag], [], [flag], []):
        telling.sees(truth, 0)
    assert len({(item.story, item.revision) for item in telling.notices}) == 4


def test_a_visit_that_late_data_splits_goes_on_as_the_part_that_began_as_told() -> None:
    telling = Telling(AT_ONCE)
    telling.sees([stay("yard", 10, 100)], 0)
    assert telling.sees([stay("yard", 12, 40), stay("yard", 60, 100)], 1) == [("revised", 2), ("told", 1)]
    assert len({item.story for item in telling.notices}) == 2


def test_visits_that_turn_out_to_be_one_are_one_story_and_a_retraction() -> None:
    telling = Telling(AT_ONCE)
    telling.sees([stay("yard", 12, 40), stay("yard", 60, 100)], 0)
    assert sorted(telling.sees([stay("yard", 10, 100)], 1)) == [("retracted", 2), ("revised", 2)]


def test_a_crossing_whose_border_becomes_known_is_the_same_story() -> None:
    telling = Telling(AT_ONCE)
    telling.sees([stay("taftan|chaman", 0, 3_000, Kind.CROSSING, border=None)], 0)
    assert telling.sees([stay("chaman", 900, 1_200, Kind.CROSSING, border="chaman")], 1) == [("revised", 2)]


def test_the_same_place_at_another_time_is_another_story() -> None:
    telling = Telling(AT_ONCE)
    telling.sees([stay("yard", 0, 10)], 0)
    assert telling.sees([stay("yard", 20, 30)], 1) == [("retracted", 2), ("told", 1)]


def test_doors_and_shocks_are_told_at_once_and_late_ones_once() -> None:
    telling = Telling()
    assert telling.sees([door(0)], 0) == [("told", 1)]
    assert telling.sees([door(-5_000), door(0)], 1) == [("told", 1)]
    assert telling.sees([door(-5_000), door(0)], 2) == []
    assert telling.sees([door(-5_000), door(0, ended=at(2))], 3) == []
    assert telling.sees([door(-5_000), door(0, ended=at(2))], 8) == [("revised", 2)]


def test_two_shocks_of_one_second_are_two() -> None:
    telling = Telling()
    both = [door(0, value=2.0), door(0, value=3.0)]
    assert telling.sees(both, 0) == [("told", 1), ("told", 1)]
    assert telling.sees(both[::-1], 1) == []


def test_silence_ends_and_is_not_retracted() -> None:
    telling = Telling()
    silent = Fact(Kind.NO_CONTACT, UNIT, (UNIT,), T0_S, None, {"since": at(0)})
    telling.sees([silent], 100)
    assert telling.sees([silent], 105) == [("told", 1)]
    telling.sees([], 110)
    assert telling.sees([], 115) == [("ended", 2)]


def test_what_ended_long_ago_is_left_as_it_was_told() -> None:
    telling = Telling(replace(AT_ONCE, settle_s=86_400))
    telling.sees([stay("yard", 0, 100)], 100)
    day = 24 * 60
    assert telling.sees([], 101 + day) == []
    assert telling.sees([stay("yard", 0, 90), stay("other", 0, 50)], 102 + day) == []
    assert telling.listener.believes == [stay("yard", 0, 100)]


def test_a_replay_of_years_ago_is_judged_by_its_own_clock() -> None:
    telling = Telling(AT_ONCE)
    years = 10 * 365 * 24 * 60
    assert telling.sees([stay("yard", 0, 100)], years, clock_minute=120) == [("told", 1)]


def test_a_clock_that_went_back_holds_nothing_for_ever() -> None:
    telling = Telling()
    flag = stay("taftan", 0, None, Kind.FLAG, flag="over")
    telling.sees([flag], 1_000)
    telling.sees([flag], 0)
    assert telling.due_s == T0_S + 300
    assert telling.sees([flag], 5) == [("told", 1)]


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ({"min": 1.0}, {"min": 1.4}, True),
        ({"min": 1.0}, {"min": 1.6}, False),
        ({"times": 1}, {"times": 2}, False),
        ({"known_s": 0}, {"known_s": 900}, True),
        ({"est": at(0)}, {"est": at(16)}, False),
        ({"time": at(0)}, {"time": at(1)}, False),
        ({"est": None}, {"est": at(0)}, False),
        ({"lat": 1.0, "lon": 2.0}, {"lat": 1.01, "lon": 2.01}, True),
        ({"returned": True}, {"returned": False}, False),
        ({"a": 1}, {"b": 1}, False),
        ([{"min": 1.0}], [{"min": 1.2}], True),
        ([1], [1, 1], False),
    ],
)
def test_small_differences_are_none(a: object, b: object, same: bool) -> None:
    assert alike(a, b, CALM) is same
    assert alike(b, a, CALM) is same


# --- properties ------------------------------------------------------------------------------------------------------


@st.composite
def stays(draw: st.DrawFn) -> Fact:
    kind = draw(st.sampled_from([Kind.VISIT, Kind.FLAG, Kind.CROSSING]))
    start, length = draw(st.integers(0, 300)), draw(st.none() | st.integers(0, 200))
    end = None if length is None else start + length
    return stay(
        draw(st.sampled_from(["a", "b", "a|b"])), start, end, kind, flag=draw(st.sampled_from(["over", "none"]))
    )


@st.composite
def doors(draw: st.DrawFn) -> Fact:
    return door(draw(st.integers(0, 300)), value=draw(st.sampled_from([1.0, 2.0])))


truths = st.lists(stays() | doors(), max_size=6)


def sorted_facts(facts: Sequence[Fact]) -> list[Fact]:
    return sorted(facts, key=repr)


@given(st.lists(truths, min_size=1, max_size=8))
def test_whatever_was_told_on_the_way_what_stands_is_what_is_true(history: list[list[Fact]]) -> None:
    telling = Telling(AT_ONCE)
    for minute, truth in enumerate(history):
        telling.sees(truth, minute)
        assert telling.listener.believes == sorted_facts(truth)


@given(st.lists(st.tuples(truths, st.floats(0, 20)), min_size=1, max_size=8))
def test_once_it_holds_what_stands_is_what_is_true_within_the_tolerance(
    history: list[tuple[list[Fact], float]],
) -> None:
    telling = Telling()
    minute = 400.0
    for truth, wait in history:
        minute += wait
        telling.sees(truth, minute)
    truth = history[-1][0]
    telling.sees(truth, minute + 5)
    assert len(telling.listener.believes) == len(truth)
    assert telling.due_s is None
    assert all(any(_close(told, true) for true in truth) for told in telling.listener.believes)


@given(truths, st.randoms(use_true_random=False))
def test_the_order_in_which_facts_are_given_changes_nothing(truth: list[Fact], rng: random.Random) -> None:
    first, second = Telling(), Telling()
    for minute in (0, 6):
        first.sees(truth, minute)
        second.sees(rng.sample(truth, len(truth)), minute)
    assert sorted_facts([item.fact for item in first.notices]) == sorted_facts([item.fact for item in second.notices])


@given(st.lists(truths, min_size=1, max_size=8))
def test_revisions_count_up_by_one_and_nothing_follows_a_retraction(history: list[list[Fact]]) -> None:
    telling = Telling(AT_ONCE)
    for minute, truth in enumerate(history):
        telling.sees(truth, minute)
    by_story: dict[str, list[Notice]] = {}
    for notice in telling.notices:
        by_story.setdefault(notice.story, []).append(notice)
    for told in by_story.values():
        assert [item.revision for item in told] == list(range(1, len(told) + 1))
        assert [item.action is Action.TOLD for item in told] == [True] + [False] * (len(told) - 1)
        assert all(item.stands for item in told[:-1])


def _close(told: Fact, true: Fact) -> bool:
    return (told.kind, told.end_s is None) == (true.kind, true.end_s is None) and alike(told.body, true.body, CALM)
