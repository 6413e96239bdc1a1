"""The borders that ship: each crossed both ways, and the ones that are unlike the others."""

import math
from functools import cache

import pytest

from railbox_server.geo.corridors import shipped
from railbox_server.geo.model import Border, Corridor, Place
from railbox_server.journey.derive import derive
from railbox_server.journey.ground import frame_at
from railbox_server.journey.model import Crossing, Journey, SeenKnot
from railbox_server.journey.network import Network
from railbox_telemetry.values import DEGREE_E5
from support.journeys import T0_S, only, track

MPS = 12.0
HOUR_S = 3_600
CORRIDORS = {corridor.name: corridor for corridor in shipped()}
BORDERS = {border.id: (corridor, border) for corridor in shipped() for border in corridor.borders}


@cache
def network() -> Network:
    return Network(shipped())


def spots(corridor: Corridor, around: Border | None = None) -> list[Place | Border]:
    """Places and borders in order of km; of one border, its own yards and three more each way."""
    along: list[Place | Border] = sorted(
        [*(place for place in corridor.places if place.km is not None), *corridor.borders],
        key=lambda spot: spot.km or 0.0,
    )
    if around is None:
        return along
    own = [
        i for i, spot in enumerate(along) if spot == around or (isinstance(spot, Place) and spot.border_id == around.id)
    ]
    return along[max(0, own[0] - 3) : own[-1] + 4]


def driven(way: list[Place | Border], stand_h: dict[str, float]) -> list[SeenKnot]:
    """A knot every five minutes along straight lines, standing for so many hours at some."""
    found: list[SeenKnot] = []
    time_s = float(T0_S)

    def add(lat_deg: float, lon_deg: float) -> None:
        lat_e5, lon_e5 = round(lat_deg * DEGREE_E5), round(lon_deg * DEGREE_E5)
        found.append(SeenKnot(round(time_s), lat_e5, lon_e5, 0, 5, len(found) + 1, round(time_s) + 10))

    for i, spot in enumerate(way):
        add(spot.lat_deg, spot.lon_deg)
        for _ in range(round(stand_h.get(spot.id, 0) * 12)):
            time_s += 300
            add(spot.lat_deg, spot.lon_deg)
        if i + 1 < len(way):
            to = way[i + 1]
            way_m = math.hypot(*frame_at(spot.lat_deg, spot.lon_deg).at(to.lat_deg, to.lon_deg))
            parts = math.ceil(way_m / MPS / 300)
            for part in range(1, parts):
                time_s += way_m / MPS / parts
                step = part / parts
                add(
                    spot.lat_deg + step * (to.lat_deg - spot.lat_deg), spot.lon_deg + step * (to.lon_deg - spot.lon_deg)
                )
            time_s += way_m / MPS / max(1, parts) if parts else 1.0
    return found


def journey(knots: list[SeenKnot], now_s: int | None = None) -> Journey:
    return derive("UNIT", [track(knots)], network(), now_s or knots[-1].time_s + 60)


def crossed(found: Journey, border_id: str) -> Crossing:
    return only(found.crossings, lambda one: one.border is not None and one.border.id == border_id)


@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize("border_id", sorted(BORDERS))
def test_each_border_is_crossed_once_each_way(border_id: str, back: bool) -> None:
    corridor, border = BORDERS[border_id]
    way = spots(corridor, border)
    yards = {spot.id: 10.0 for spot in way if isinstance(spot, Place) and spot.border_id == border_id}
    found = crossed(journey(driven(way[::-1] if back else way, yards)), border_id)
    first, second = reversed(border.sides) if back else border.sides
    assert (found.from_side, found.to_side, found.returned) == (first, second, False)
    assert found.corridor == corridor.name
    assert found.dwell.min_s >= 10 * len(yards) * HOUR_S
    assert None not in (found.left, found.crossed, found.reached, found.departed)


@pytest.mark.parametrize("name", sorted(CORRIDORS))
@pytest.mark.parametrize("back", [False, True])
def test_a_whole_corridor_is_its_borders_in_order(name: str, back: bool) -> None:
    corridor = CORRIDORS[name]
    way = spots(corridor)
    found = journey(driven(way[::-1] if back else way, {})).crossings
    ids = [border.id for border in corridor.borders]
    assert [one.border.id for one in found if one.border] == (ids[::-1] if back else ids)
    assert len(found) == len(ids)


def test_a_gauge_break_inside_a_border_adds_half_a_day_to_its_limit() -> None:
    limits = {border.id: border.limit_h for corridor in shipped() for border in corridor.borders}
    assert limits["ir-tm-sarakhs-serakhs"] == limits["kp-ru-tumangang-khasan"] == 60
    assert limits["pk-ir-taftan-mirjaveh"] == 48
    corridor, border = BORDERS["ir-tm-sarakhs-serakhs"]
    stand = {"ir-sarakhs": 40.0, "tm-serakhs": 19.0}
    within = crossed(journey(driven(spots(corridor, border), stand)), border.id)
    assert within.gauge_change
    assert within.flag.level == "none"
    over = crossed(journey(driven(spots(corridor, border), {**stand, "tm-serakhs": 22.0})), border.id)
    assert (over.flag.level, over.flag.certainty) == ("over", "certain")


def test_ganyushkino_and_aksaraiskaya_are_one_border_a_day_apart() -> None:
    corridor, border = BORDERS["kz-ru-ganyushkino-aksaraiskaya"]
    found = crossed(journey(driven(spots(corridor, border), {"kz-ganyushkino": 5, "ru-aksaraiskaya": 7})), border.id)
    assert found.dwell_by_side["KZ"].est_s == pytest.approx(5 * HOUR_S, abs=900)
    assert found.dwell_by_side["RU"].est_s == pytest.approx(7 * HOUR_S, abs=900)
    assert found.dwell.est_s > 14 * HOUR_S


@pytest.mark.parametrize("back", [False, True])
def test_at_torkham_the_one_yard_about_the_line_is_where_lorries_stand(back: bool) -> None:
    corridor, border = BORDERS["af-pk-torkham"]
    way = spots(corridor, border)
    found = crossed(journey(driven(way[::-1] if back else way, {"af-torkham": 30})), border.id)
    assert found.dwell.min_s > 30 * HOUR_S
    assert found.flag.level == "none"


def test_at_torkham_a_lorry_first_seen_in_the_yard_was_not_surely_before_the_line() -> None:
    corridor, border = BORDERS["af-pk-torkham"]
    found = crossed(journey(driven(spots(corridor, border)[::-1], {})[13:]), border.id)
    assert (found.from_side, found.to_side, found.arrived.earliest_s) == ("PK", "AF", None)
    assert found.dwell_by_side["PK"].min_s == 0


def test_iletsk_has_its_dwell_before_the_line_a_hundred_kilometres_on() -> None:
    corridor, border = BORDERS["ru-kz-iletsk"]
    found = crossed(journey(driven(spots(corridor, border), {"ru-iletsk": 30})), border.id)
    assert found.dwell_by_side["RU"].est_s == pytest.approx(30 * HOUR_S, abs=900)
    assert found.dwell_by_side["KZ"].est_s == 0


def test_dark_from_bafq_to_bereket_it_was_sarakhs_or_incheh_borun() -> None:
    corridor = CORRIDORS["karachi-moscow"]
    way = spots(corridor)
    names = [spot.id for spot in way]
    seen = driven(way, {})
    bafq, bereket = (way[names.index(name)] for name in ("ir-bafq", "tm-bereket"))
    first = next(i for i, one in enumerate(seen) if one.lat_e5 == round(bafq.lat_deg * DEGREE_E5))
    last = next(i for i, one in enumerate(seen) if one.lat_e5 == round(bereket.lat_deg * DEGREE_E5))
    hidden = [*seen[: first + 1], SeenKnot(*_dark(seen[last])), *seen[last + 1 :]]
    found = journey(hidden).crossings
    assert [one.border.id if one.border else one.candidates for one in found] == [
        "pk-ir-taftan-mirjaveh",
        ("ir-tm-incheh-borun-akyayla", "ir-tm-sarakhs-serakhs"),
        "tm-kz-serhetyaka-bolashak",
        "kz-ru-ganyushkino-aksaraiskaya",
    ]
    assert (found[1].from_side, found[1].to_side) == ("IR", "TM")
    assert (found[1].dwell.min_s, found[1].limit_s) == (0, 60 * HOUR_S)


def test_dark_through_iran_no_border_of_afghanistan_was_crossed() -> None:
    way = spots(CORRIDORS["karachi-moscow"])
    seen = driven(way, {})
    at_line = {spot.id: (round(spot.lat_deg * DEGREE_E5), round(spot.lon_deg * DEGREE_E5)) for spot in way}
    first, last = (
        next(i for i, one in enumerate(seen) if (one.lat_e5, one.lon_e5) == at_line[name])
        for name in ("pk-spezand-jn", "tm-tejen")
    )
    found = journey([*seen[: first + 1], SeenKnot(*_dark(seen[last])), *seen[last + 1 :]]).crossings
    assert [(one.from_side, one.to_side) for one in found] == [("PK", "IR"), ("IR", "TM"), ("TM", "KZ"), ("KZ", "RU")]


def _dark(one: SeenKnot) -> tuple[int, int, int, int, int | None, int, int]:
    return one.time_s, one.lat_e5, one.lon_e5, 1, one.accuracy_m, one.seq, one.received_at_s
