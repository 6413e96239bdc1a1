"""A history kept up to date comes to what all knots at once do, whatever arrives when and in how many pieces."""

from collections.abc import Sequence
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from railbox_server.journey.conclude import Concluded
from railbox_server.journey.derive import Given, Remembered
from railbox_server.journey.history import History, Update
from railbox_server.journey.kept import ALWAYS, TimeSpan, joined
from railbox_server.journey.kept import Kept as Episode
from railbox_server.journey.model import FixKey, SeenKnot, Settings, Track
from railbox_server.journey.network import Network
from railbox_server.journey.path import ordered
from support.journeys import NETWORK, T0_S, journey, knot, lat_lon, sampled, track
from support.true_paths import TRUE_NETWORK, Point, seen_journeys

slow = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
NOW_S = T0_S + 9_999 * 60
JOIN_S = 3_600.0
"""As far apart in time, what arrives together is two changes."""


class Kept:
    """A history, fed piece by piece; and the rows of it, kept by what each update says is gone and new."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.memory = Remembered()
        self.arrived: dict[tuple[str, int], list[SeenKnot]] = {}
        self.said: dict[Episode, set[str]] = {}
        self.untrusted: dict[FixKey, str] = {}

    def take(self, pieces: Sequence[Track]) -> Update:
        changed: dict[str, list[TimeSpan]] = {}
        for piece in pieces:
            self.arrived.setdefault((piece.device, piece.epoch), []).extend(piece.knots)
            if piece.knots:
                times_s = joined(((one.time_s, one.time_s) for one in piece.knots), JOIN_S)
                changed.setdefault(piece.device, []).extend(times_s)
        history = self.history()
        update = history.update(changed)
        for each in update.gone:
            del self.said[each]
        for each in update.new:
            self.said[each] = _rows(history.concluded(each, self.memory.last, NOW_S))
        for device, (from_s, to_s) in update.judged:
            for key in [key for key in self.untrusted if key[0] == device and from_s <= key[2] <= to_s]:
                del self.untrusted[key]
            self.untrusted |= history.untrusted(device, (from_s, to_s))
        return update

    def tracks(self) -> list[Track]:
        return [Track(device, epoch, knots) for (device, epoch), knots in self.arrived.items()]

    def history(self) -> History:
        return History("UNIT", Given(ordered(self.tracks())), self.memory, self.network, Settings())

    def check(self) -> None:
        whole = journey(*self.tracks(), now_min=9_999, network=self.network)
        history = self.history()
        found = [history.concluded(kept, self.memory.last, NOW_S) for kept in self.memory.episodes(*ALWAYS)]
        assert {repr(visit) for each in found for visit in each.visits} == set(map(repr, whole.visits))
        assert {repr(each) for one in found for each in one.crossings} == set(map(repr, whole.crossings))
        assert {row for rows in self.said.values() for row in rows} == {
            *map(repr, whole.visits),
            *map(repr, whole.crossings),
        }
        assert self.memory.last == whole.last
        assert self.untrusted == whole.untrusted


def _rows(concluded: Concluded) -> set[str]:
    return {*map(repr, concluded.visits), *map(repr, concluded.crossings)}


def in_pieces(tracks: Sequence[Track], random: Random, most: int) -> list[list[Track]]:
    """The knots of all, each at least once, in any order and any number of pieces."""
    every = [(one, found) for one in tracks for found in one.knots]
    every += random.sample(every, len(every) // 5)
    if random.random() < 0.7:
        random.shuffle(every)
    pieces: list[list[Track]] = []
    while every:
        size = random.randint(1, max(1, most))
        some, every = every[:size], every[size:]
        keys = {(one.device, one.epoch) for one, _ in some}
        pieces.append(
            [Track(*key, [found for one, found in some if (one.device, one.epoch) == key]) for key in sorted(keys)]
        )
    return pieces


@slow
@given(seen_journeys(), st.randoms(use_true_random=False), st.integers(1, 60))
def test_whatever_arrives_when_it_comes_to_the_same(
    made: tuple[list[Point], list[SeenKnot]], random: Random, most: int
) -> None:
    _, knots = made
    kept = Kept(TRUE_NETWORK)
    pieces = in_pieces([track(knots, "A")], random, max(most, len(knots) // 12))
    for number, piece in enumerate(pieces):
        kept.take(piece)
        if number % 4 == 0:
            kept.check()
    kept.check()


@slow
@given(seen_journeys(), st.randoms(use_true_random=False), st.integers(1, 60))
def test_of_several_devices_and_outboxes_too(
    made: tuple[list[Point], list[SeenKnot]], random: Random, most: int
) -> None:
    _, knots = made
    cut = random.randint(0, len(knots))
    blurred = [one._replace(accuracy_m=random.choice([5, 30, 200])) for one in knots]
    tracks = [track(knots[:cut], "A", 1), track(knots[cut:], "A", 2), track(blurred[::3], "B", 1)]
    kept = Kept(TRUE_NETWORK)
    for piece in in_pieces(tracks, random, max(most, len(knots) // 12)):
        kept.take(piece)
    kept.check()


@slow
@given(
    seen_journeys(),
    st.lists(st.tuples(st.integers(0, 5_000), st.integers(1, 900), st.sampled_from([300, 900, -700])), max_size=4),
    st.randoms(use_true_random=False),
    st.integers(1, 60),
)
def test_trust_is_judged_again_when_neighbours_arrive(
    made: tuple[list[Point], list[SeenKnot]],
    leaps: list[tuple[int, int, int]],
    random: Random,
    most: int,
) -> None:
    _, knots = made
    for first_min, length_min, east_km in leaps:
        lon_e5 = round(lat_lon(east_km)[1] * 1e5)
        from_s, to_s = T0_S + first_min * 60, T0_S + (first_min + length_min) * 60
        knots = [one._replace(lon_e5=lon_e5) if from_s <= one.time_s <= to_s else one for one in knots]
    knots = [one._replace(accuracy_m=5_000) if random.random() < 0.02 else one for one in knots]
    kept = Kept(TRUE_NETWORK)
    for piece in in_pieces([track(knots, "A")], random, max(most, len(knots) // 12)):
        kept.take(piece)
    kept.check()


@slow
@given(
    st.lists(st.tuples(st.sampled_from([0, 50, 106, 180]), st.sampled_from([0, 0, 150, -150])), min_size=2, max_size=6),
    st.lists(st.tuples(st.integers(0, 3_000), st.integers(20, 900)), max_size=3),
    st.randoms(use_true_random=False),
)
def test_a_unit_lost_off_the_corridor_comes_to_the_same_too(
    places: list[tuple[int, int]], darks: list[tuple[int, int]], random: Random
) -> None:
    path = [(300.0 * number, float(east_km), float(north_km)) for number, (east_km, north_km) in enumerate(places)]
    knots = sampled(path, 10, dark=[(from_min, from_min + length_min) for from_min, length_min in darks])
    kept = Kept(NETWORK)
    for piece in in_pieces([track(knots, "A")], random, 20):
        kept.take(piece)
    kept.check()


def test_a_late_knot_in_a_long_visit_concerns_few_steps() -> None:
    stand = sampled([(0, 60), (34, 94), (9_000, 94)], 1)
    late = stand.pop(5_000)
    kept = Kept(NETWORK)
    kept.take([track(stand, "A")])
    update = kept.take([track([late], "A")])
    assert sum(map(len, update.paths)) == 2
    kept.check()


def test_a_cluster_that_lasts_comes_to_be_believed_and_takes_its_knots_with_it() -> None:
    stand = [*sampled([(0, 94), (1_500, 94)], 5), *(knot(minute, 900, seq=999) for minute in range(1_505, 2_400, 5))]
    kept = Kept(NETWORK)
    for at in range(0, len(stand), 10):
        kept.take([track(stand[at : at + 10], "A")])
        kept.check()
    assert kept.untrusted == {}
