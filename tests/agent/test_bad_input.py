"""Bad input, one test a kind: it is counted, said once in words that help, and the tracker goes on.

Elsewhere: a full, read-only or damaged disk (test_outbox), a broker that refuses or never answers (test_uplink),
garbage as configuration (test_remote).
"""

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from railbox_agent import run
from railbox_agent.config import AgentConfig
from railbox_agent.gnss.receiver import UNINTELLIGIBLE_MS, GnssSettings
from railbox_agent.gnss.trust import Limits
from railbox_agent.outbox import Outbox
from railbox_agent.parts import pipeline_settings
from railbox_agent.pipeline import Pipeline, Settings, Trouble
from railbox_agent.ports import LONGEST_BACK_OFF_S, Ports, PortSpec
from railbox_agent.recording import Chunk
from railbox_telemetry.settings import parse
from railbox_telemetry.values import Fix
from support.brokers import free_port, wait_for
from support.nmea import gga, moment, rmc, sentence

T0 = 1_790_000_000
FLOOR_MS = 1_767_225_600_000  # 2026-01-01, as the settings have it
SERVICE = Settings(ports={"gnss": "gnss"}, gnss=GnssSettings(pivot_ms=T0 * 1000, limits=Limits(floor_ms=FLOOR_MS)))


@dataclass
class Line:
    """A receiver's line into a tracker: `good` seconds of it, and whatever else is put there."""

    pipeline: Pipeline = field(default_factory=lambda: Pipeline(SERVICE))
    second: int = 0
    fixes: list[Fix] = field(default_factory=list[Fix])
    troubles: list[Trouble] = field(default_factory=list[Trouble])

    def put(self, data: bytes) -> None:
        items = self.pipeline.feed(Chunk("gnss", self.second * 1_000_000, data))
        self.fixes += [item for item in items if isinstance(item, Fix)]
        self.troubles += self.pipeline.troubles()

    def good(self, seconds: int) -> None:
        for _ in range(seconds):
            self.second += 1
            self.put(rmc(T0 + self.second) + gga(T0 + self.second))

    def count(self, name: str) -> int:
        return self.pipeline.counters[f"gnss.{name}"]

    def said(self, name: str) -> str:
        """The first line that was said of it; at most one a minute is."""
        lines = [one.detail for one in self.troubles if one.counter == name]
        assert len(lines) <= 1 + self.second // 60
        return lines[0]

    @property
    def trusted(self) -> list[int]:
        return [fix.fix_time_ms // 1000 for fix in self.fixes if fix.trusted]


def around(bad: Callable[[Line], None]) -> Line:
    """Ten good seconds, the bad, and ten good ones more, all of which are there at the end."""
    line = Line()
    line.good(10)
    bad(line)
    line.good(10)
    line.put(b"")
    line.fixes += [item for item in line.pipeline.finish() if isinstance(item, Fix)]
    before, after = range(T0 + 1, T0 + 11), range(T0 + line.second - 9, T0 + line.second + 1)
    assert [*before] == line.trusted[:10]
    assert [*after] == line.trusted[-10:]
    return line


def test_an_endless_line() -> None:
    def endless(line: Line) -> None:
        for _ in range(2_000):
            line.put(b"$GPRMC," + b"A" * 900)

    line = around(endless)
    assert line.count("overlong") >= 1_000
    assert "latest b'GPRMC,AAAA" in line.said("overlong")
    assert len(line.said("overlong")) < 120


def test_flipped_bits() -> None:
    dice = random.Random(5)

    def flip(line: Line) -> None:
        for _ in range(200):
            line.second += 1
            data = bytearray(rmc(T0 + line.second) + gga(T0 + line.second))
            data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
            line.put(bytes(data))

    line = around(flip)
    assert line.count("bad_checksum") >= 100
    assert "so far, latest b'" in line.said("bad_checksum")
    assert all(fix.lat_deg == pytest.approx(29.1) and fix.lon_deg == pytest.approx(61.4) for fix in line.fixes)


def test_half_sentences() -> None:
    def cut(line: Line) -> None:
        for size in range(10, 60):
            line.second += 1
            line.put(rmc(T0 + line.second)[:size])

    line = around(cut)
    assert line.count("malformed") >= 48
    assert "latest b'GPRMC" in line.said("malformed")


def test_two_receivers_on_one_line() -> None:
    """Both speak at once, of places 100 km apart: no fix is a mixture of them, and it is said what is wrong."""

    def both(line: Line) -> None:
        for _ in range(100):
            line.second += 1
            ours, theirs = rmc(T0 + line.second), gga(T0 + line.second, 30.0, 62.0)
            line.put(ours[:20] + theirs[:30] + ours[20:] + theirs[30:] + ours + theirs)

    line = around(both)
    assert line.count("malformed") + line.count("bad_checksum") >= 100
    assert line.count("untrusted_positions_disagree") >= 50
    assert "the sentences of one epoch are at different places: two receivers" in line.said(
        "untrusted_positions_disagree"
    )
    assert {(round(fix.lat_deg, 3), round(fix.lon_deg, 3)) for fix in line.fixes if fix.trusted} == {(29.1, 61.4)}


def test_a_wrong_baud() -> None:
    """What a receiver at another rate looks like: bytes, and never a sentence."""
    dice = random.Random(7)

    def noise(line: Line) -> None:
        for _ in range(2 * UNINTELLIGIBLE_MS // 1000 + 1):
            line.second += 1
            line.put(dice.randbytes(60).replace(b"$", b"\x80"))

    line = around(noise)
    assert line.count("garbage_bytes") > 1_000
    assert line.count("unintelligible") == 2
    assert "is baud right? left out, it is found out" in line.said("unintelligible")


def test_a_receiver_that_is_understood_is_not_said_to_be_at_a_wrong_rate() -> None:
    line = Line()
    for _ in range(200):
        line.good(1)
        line.put(b"\xff\xfe noise after each")
    assert line.count("unintelligible") == 0


# --- clocks ----------------------------------------------------------------------------------------------------------


def dated(day: str, when_s: int) -> bytes:
    """A receiver that has a position and the time of day, and a wrong date."""
    return sentence(f"GPZDA,{moment(when_s):%H%M%S}.00,{day},00,00") + gga(when_s)


@pytest.mark.parametrize("day", ["06,01,1980", "22,11,2080"])
def test_a_receiver_whose_date_is_far_off(day: str) -> None:
    """Moved by whole rollovers it still is before this was built: neither a knot nor a date comes of it."""
    line = Line()
    for _ in range(20):
        line.second += 1
        line.put(dated(day, T0 + line.second))
    assert line.pipeline.boot_time.offset_ms is None
    assert line.count("untrusted_before_floor") >= 18
    assert "dated before this could have been built" in line.said("untrusted_before_floor")
    line.good(10)
    assert len(line.trusted) >= 9
    assert line.trusted == list(range(line.trusted[0], line.trusted[0] + len(line.trusted)))
    assert line.pipeline.boot_time.utc_ms(line.second * 1000) == (T0 + line.second) * 1000


def test_a_receiver_at_1970_says_no_date_at_all() -> None:
    line = Line()
    for _ in range(20):
        line.second += 1
        line.put(dated("01,01,1970", T0 + line.second))
    assert line.fixes == []
    assert line.count("bad_date") == 20
    assert "GPZDA" in line.said("bad_date")
    line.good(10)
    assert line.trusted == list(range(T0 + 1, T0 + line.second)), "dated when a date comes"


def test_the_settings_floor_is_that_of_the_receivers_fixes(tmp_path: Path) -> None:
    text = 'device = "TRK1"\nports = []\n[time]\nfloor = "2026-05-01T00:00:00Z"\n[uplink]\nurl = "mqtt://127.0.0.1"'
    made = pipeline_settings(parse(text, AgentConfig, "x"), 7, Outbox(tmp_path, 1_000_000))
    assert made.gnss.limits.floor_ms == 1_777_593_600_000


@pytest.mark.parametrize(("year", "now_s"), [(1970, 100), (2080, 3_500_000_000)])
def test_a_computer_whose_clock_is_far_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, year: int, now_s: int
) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: now_s * 10**9)
    text = f'device = "TRK1"\nports = []\n[outbox]\nfolder = "{tmp_path}"\n'
    agent = run.Agent(parse(text + f'[uplink]\nurl = "mqtt://127.0.0.1:{free_port()}"', AgentConfig, "x"))
    monkeypatch.setattr(agent, "_turn", lambda: agent._stop(0, None))  # pyright: ignore[reportPrivateUsage] - one turn
    monkeypatch.setattr("signal.signal", no_signal)
    with caplog.at_level(logging.WARNING):
        agent.run()
    assert f"this computer's clock says {year}-" in caplog.text
    assert agent._counters()["host_clock_wrong"] == 1  # pyright: ignore[reportPrivateUsage] - what its status says


def no_signal(_number: int, _handler: object) -> None:
    """This process belongs to the tests."""


# --- ports -----------------------------------------------------------------------------------------------------------


def test_a_port_that_vanishes_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is tried less and less often, for good; it is said that it is away, and why."""
    waits: list[float] = []
    monkeypatch.setattr("railbox_agent.ports.FIRST_BACK_OFF_S", 0.0001)
    monkeypatch.setattr("railbox_agent.ports.LONGEST_BACK_OFF_S", 0.01)
    with Ports([PortSpec("gnss", str(tmp_path / "gone"), "gnss", 9_600)]) as ports:
        reader = ports._readers["gnss"]  # pyright: ignore[reportPrivateUsage] - how long it waits
        wait = reader._stopping.wait  # pyright: ignore[reportPrivateUsage] - as above

        def noted(timeout: float | None = None) -> bool:
            waits.append(timeout or 0.0)
            return wait(timeout)

        monkeypatch.setattr(reader._stopping, "wait", noted)  # pyright: ignore[reportPrivateUsage] - as above
        wait_for(lambda: ports.counters["gnss.open_failures"] >= 20, "many tries")
        assert "cannot be opened" in ports.state["gnss"]
        assert "No such file or directory" in ports.state["gnss"]
    assert waits == sorted(waits)
    assert waits[-1] == 0.01
    assert LONGEST_BACK_OFF_S == 30.0
