"""Other settings while it runs: what is collected stays, and nothing of what was promised is lost between the two."""

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from railbox_agent.items import Report
from railbox_agent.pipeline import Pipeline, Settings
from railbox_agent.recording import Chunk
from railbox_agent.thinning.interval import IntervalSettings
from railbox_agent.thinning.known import misses
from railbox_agent.thinning.policy import Thinning
from railbox_agent.thinning.reckoning import ReckoningSettings
from railbox_agent.thresholds import Threshold
from railbox_bridge import tables as board_tables
from railbox_bridge.board_link import BoardLink
from railbox_telemetry.tables import CHANNEL_BY_NAME, EVENT_BY_NAME
from railbox_telemetry.values import Event, Fix, Reading
from support.drives import drive, smoothed_track
from support.nmea import gga, rmc

PROMISE_M = 25.0
PROMISE_S = 60
KNOT_MPS = 1852 / 3600
LOOSE = ReckoningSettings(deadline_s=900, heartbeat_moving_s=7_200, heartbeat_stopped_s=7_200, live_error_m=500.0)
EXACT = ReckoningSettings()


class Tracker:
    """A pipeline with a receiver and a board, driven by the second."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.pipeline = Pipeline(settings)
        self.board = BoardLink(1, "1.0", "test")
        self.trusted: list[Fix] = []
        self.reports: list[Report] = []

    def play(self, fixes: list[Fix]) -> None:
        for fix in fixes:
            assert fix.speed_mps is not None
            place = (fix.fix_time_ms / 1000, fix.lat_deg, fix.lon_deg)
            data = rmc(*place, knots=fix.speed_mps / KNOT_MPS, course=fix.course_deg or 0.0) + gga(*place)
            self._note(self.pipeline.feed(Chunk("gnss", (fix.fix_time_ms - START_MS) * 1000, data)))

    def go_on_by(self, **changes: object) -> None:
        self.settings = replace(self.settings, **changes)  # pyright: ignore[reportArgumentType] - what a test says
        self._note(self.pipeline.go_on_by(self.settings))

    def sample(self, at_s: float, **values: int) -> list[object]:
        numbers = {name: number for number, (name, *_) in board_tables.CHANNELS.items()}
        self.board.sample(tuple((numbers[name], value) for name, value in values.items()))
        data = self.board.due(round(at_s * 1000))
        return list(self.pipeline.feed(Chunk("board", round(at_s * 1e6), data)))

    def _note(self, items: Sequence[object]) -> None:
        now_s = max((fix.fix_time_ms // 1000 for fix in self.trusted), default=0)
        for item in items:
            if isinstance(item, Fix) and item.trusted:
                self.trusted.append(item)
            elif isinstance(item, Report):
                self.reports.append(replace(item, time_s=max(now_s, item.knots[-1].time_s)))


START_MS = drive(1, 1)[0].fix_time_ms


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("before", [LOOSE, IntervalSettings(600, 600)], ids=["loose", "interval"])
def test_the_promise_holds_from_the_very_fix_at_which_thinning_changes(seed: int, before: Thinning) -> None:
    fixes, at = drive(seed, 900), random.Random(seed).randrange(200, 700)
    tracker = Tracker(Settings(ports={"gnss": "gnss"}, thinning=before))
    tracker.play(fixes[:at])
    count = len(tracker.trusted)
    tracker.go_on_by(thinning=EXACT)
    last = tracker.trusted[-1]
    assert tracker.reports[-1].knots[-1].time_s == round(last.fix_time_ms / 1000)
    tracker.play(fixes[at:])
    track = list(smoothed_track(tracker.trusted[count:]))
    errors = [miss.error_m for miss in misses(track, tracker.reports, PROMISE_S)]
    assert len(errors) > 100
    assert all(error is not None and error <= PROMISE_M for error in errors)


def test_the_step_between_two_policies_is_one_of_the_receiver() -> None:
    tracker = Tracker(Settings(ports={"gnss": "gnss"}, thinning=LOOSE))
    fixes = drive(3, 400)
    tracker.play(fixes[:200])
    tracker.go_on_by(thinning=IntervalSettings(10, 10))
    tracker.play(fixes[200:])
    knots = [knot for report in tracker.reports for knot in report.knots]
    assert len({knot.time_s for knot in knots}) == len(knots)
    changed = next(at for at, knot in enumerate(knots) if at and knot.dark_s)
    assert knots[changed].dark_s == 1
    assert knots[changed].time_s - knots[changed - 1].time_s <= 2
    assert sum(1 for knot in knots[1:] if knot.dark_s) == 1


def test_the_same_thinning_again_is_no_news() -> None:
    tracker = Tracker(Settings(ports={"gnss": "gnss"}, thinning=EXACT))
    tracker.play(drive(3, 200))
    before = len(tracker.reports)
    tracker.go_on_by(thinning=ReckoningSettings(), readings_s=30)
    assert len(tracker.reports) == before


def test_readings_that_were_collected_go_out_with_the_first_row_of_the_new_interval() -> None:
    tracker = Tracker(Settings(ports={"board": "board"}, readings_s=3_600, utc_offset_ms=START_MS))
    temp = CHANNEL_BY_NAME["temp_c"].bit
    assert tracker.sample(1, temp_c=200)
    for at_s, value in ((2, 210), (3, 230)):
        assert not [item for item in tracker.sample(at_s, temp_c=value) if isinstance(item, Reading)]
    tracker.go_on_by(readings_s=1)
    rows = [item for item in tracker.sample(4, temp_c=250) if isinstance(item, Reading)]
    assert [(row.channel, row.value) for row in rows if row.channel == temp] == [(temp, 230)]


def test_a_bound_that_is_taken_away_is_cleared_and_one_that_comes_is_heeded() -> None:
    temp = CHANNEL_BY_NAME["temp_c"].bit
    settings = Settings(ports={"board": "board"}, utc_offset_ms=START_MS, thresholds=(Threshold(temp, above=100),))
    tracker = Tracker(settings)

    def events(at_s: int, value: int) -> list[int]:
        return [item.code for item in tracker.sample(at_s, temp_c=value) if isinstance(item, Event)]

    exceeded, cleared = (EVENT_BY_NAME[f"threshold_{what}"].code for what in ("exceeded", "cleared"))
    assert events(1, 150) == [exceeded]
    tracker.go_on_by(thresholds=())
    assert events(2, 150) == [cleared]
    tracker.go_on_by(thresholds=(Threshold(temp, above=140),))
    assert events(3, 150) == [exceeded]


def test_checksums_are_required_from_the_next_sentence_on() -> None:
    settings = Settings(ports={"gnss": "gnss"}, gnss=replace(Settings().gnss, checksum_required=False))
    tracker = Tracker(settings)
    bare = rmc(START_MS / 1000).split(b"*")[0] + b"\r\n"
    tracker.pipeline.feed(Chunk("gnss", 0, bare))
    assert tracker.pipeline.counters["gnss.sentences"] == 1
    tracker.go_on_by(gnss=replace(settings.gnss, checksum_required=True))
    tracker.pipeline.feed(Chunk("gnss", 1_000_000, bare))
    assert tracker.pipeline.counters["gnss.no_checksum"] == 1
