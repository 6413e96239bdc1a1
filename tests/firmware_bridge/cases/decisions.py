"""The firmware's pure parts: debouncing, thresholds, motion; and its settings, over good and damaged files."""

import os

import rigged  # noqa: F401 - puts the firmware on the path
from railbox_board.debounce import Debounce
from railbox_board.motion import Motion, angle_deg
from railbox_board.settings import FILE, Settings
from railbox_board.threshold import Threshold
from railbox_bridge import commands


def case_a_contact_counts_once_it_rests_and_by_its_first_edge():
    contact = Debounce(0, 200)
    contact.edge(1000)
    contact.edge(1005)
    assert contact.settle(1, 1100) is None
    assert contact.settle(1, 1204) is None
    assert contact.settle(1, 1205) == 1000
    assert contact.settle(1, 5000) is None


def case_a_contact_seen_moved_without_an_edge_counts_too():
    contact = Debounce(0, 200)
    assert contact.settle(1, 1000) is None
    assert contact.settle(1, 1200) == 1000


def case_a_contact_that_comes_back_has_not_changed():
    contact = Debounce(0, 200)
    contact.edge(1000)
    assert contact.settle(0, 1300) is None
    assert not contact.unsettled


def case_a_threshold_needs_its_time_and_tells_once():
    limit = Threshold(1000)
    assert limit.risen(60, 40, 50, 0) is None
    assert limit.risen(60, 40, 50, 999) is None
    assert limit.risen(60, 40, 50, 1000) == 0
    assert limit.risen(60, 40, 50, 5000) is None
    assert limit.risen(45, 40, 50, 6000) is None  # between: still over
    assert limit.risen(60, 40, 50, 9000) is None
    assert limit.risen(39, 40, 50, 10000) is None
    assert limit.risen(60, 40, 50, 11000) is None
    assert limit.risen(60, 40, 50, 12000) == 11000


def case_a_dip_starts_a_thresholds_time_anew():
    limit = Threshold(1000)
    limit.risen(60, 40, 50, 0)
    limit.risen(45, 40, 50, 900)
    assert limit.risen(60, 40, 50, 1000) is None
    assert limit.risen(60, 40, 50, 2000) == 1000


def feed(motion, samples, at_ms=0):
    shocks = []
    for x, y, z in samples:
        shock = motion.add(x, y, z, at_ms, 2000)
        if shock:
            shocks.append(shock)
        at_ms += 5
    return shocks


def case_ringing_belongs_to_its_blow():
    rest = [(0, 0, 1000)] * 40
    blow = [(3000, 0, 1000), (0, 0, 1000), (-4000, 0, 1000), (0, 0, 1000), (2500, 0, 1000)]
    (shock,) = feed(Motion(), rest + blow + rest)
    assert (shock.at_ms, shock.peak_mg, shock.lasted_ms) == (200, 4000, 20)


def case_two_blows_apart_are_two():
    rest = [(0, 0, 1000)] * 40
    shocks = feed(Motion(), rest + [(0, 3000, 1000)] + rest + [(0, 0, 6000)] + rest)
    assert [shock.peak_mg for shock in shocks] == [3000, 5000]


def case_gravity_is_no_shock_whichever_way_it_points():
    for resting in ((0, 0, 1000), (0, -1000, 0), (707, 0, -707)):
        assert feed(Motion(), [resting] * 400) == []


def case_angles_between_directions():
    up = (0, 0, 1000)
    assert angle_deg(up, up) == 0
    assert angle_deg(up, (1000, 0, 0)) == 90
    assert angle_deg(up, (0, 0, -980)) == 180
    assert angle_deg(up, (0, 0, 0)) is None


def case_settings_last_and_damage_costs_only_what_is_damaged():
    clean()
    settings = Settings()
    assert settings[commands.SAMPLE_PERIOD] == 10000
    assert settings.change({commands.SAMPLE_PERIOD: 2000, commands.LOW_POWER: 1})
    assert Settings()[commands.SAMPLE_PERIOD] == 2000
    for text in ("", "{", "[]", "null", '{"1": "soon", "99": 5, "x": 1, "6": 1}', '{"1": 5, "6": 1}'):
        with open(FILE, "w") as file:
            file.write(text)
        assert Settings()[commands.SAMPLE_PERIOD] == 10000, text
    assert Settings()[commands.LOW_POWER] == 1
    clean()


def case_settings_out_of_bounds_are_refused_as_a_whole():
    clean()
    settings = Settings()
    assert not settings.change({commands.LOW_POWER: 1, commands.SAMPLE_PERIOD: 1})
    assert not settings.change({99: 1})
    assert settings[commands.LOW_POWER] == 0
    settings.change({commands.TILT_THRESHOLD: 10})
    settings.reset()
    assert Settings()[commands.TILT_THRESHOLD] == 30
    clean()


def clean():
    try:
        os.remove(FILE)
    except OSError:
        return
