"""The plot: one page that a browser shows by itself, with the errors that the thinning made."""

from html.parser import HTMLParser
from pathlib import Path

import pytest

from railbox_agent import replay
from railbox_agent.judging import judged, spread
from railbox_agent.plot import page
from railbox_agent.thinning.reckoning import DeadReckoning, ReckoningSettings
from railbox_telemetry.values import Fix
from support.drives import drive
from support.logs import recording, trip_chunks


class Elements(HTMLParser):
    """Names of all elements, and whatever the page would fetch."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.fetched: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.fetched += [value or "" for name, value in attrs if name in ("src", "href")]


def test_a_plot_is_one_page_that_needs_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "plot.html"
    log = recording(tmp_path / "trip <1>", trip_chunks(700))
    assert replay.main([str(log), "--plot", str(out)]) == 0
    assert "plot.html" in capsys.readouterr().out
    text = out.read_text()
    elements = Elements(text)
    assert elements.names.count("svg") == 2
    assert elements.fetched == []
    assert "680 fixes became" in text
    assert "trip &lt;1&gt;" in text


@pytest.mark.parametrize(("options", "promised"), [([], True), (["--interval", "60"], False)])
def test_only_dead_reckoning_promises_anything(tmp_path: Path, options: list[str], promised: bool) -> None:
    out = tmp_path / "plot.html"
    assert replay.main([str(recording(tmp_path / "trip", trip_chunks(400))), "--plot", str(out), *options]) == 0
    assert ("promised: 25 m" in out.read_text()) == promised


def test_a_log_without_a_fix_is_drawn_as_such(tmp_path: Path) -> None:
    log, out = tmp_path / "empty.nmea", tmp_path / "plot.html"
    log.write_bytes(b"")
    assert replay.main([str(log), "--plot", str(out)]) == 0
    assert "No trusted fix" in out.read_text()


def test_a_picture_is_refused_for_there_are_only_pages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_info:
        replay.main([str(tmp_path / "log"), "--plot", "out.png"])
    assert exit_info.value.code == 2
    assert ".html" in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = recording(tmp_path / "trip")
    assert replay.main([str(log), "--plot", str(tmp_path / "no" / "where.html")]) == 1
    assert "where.html" in capsys.readouterr().err


def test_errors_are_told_of_the_track_and_of_the_fixes_themselves() -> None:
    fixes = drive(5, 600, lost=range(200, 260))
    policy = DeadReckoning(ReckoningSettings())
    reports = [report for fix in fixes for report in [policy.add(fix)] if report]
    judgement = judged([*fixes, *reports])
    found, raw = spread(judgement.errors), spread(judgement.raw_errors)
    assert found is not None
    assert raw is not None
    assert found.worst_m <= 25
    assert 0 < found.median_m <= found.p95_m <= found.p999_m <= found.worst_m
    assert raw.count == sum(fix.fix_time_ms // 1000 <= fixes[-1].fix_time_ms // 1000 - 60 for fix in fixes)
    assert 'class="dark"' in page(judgement, "drive", 25.0)


def test_nothing_known_has_no_spread() -> None:
    assert spread([]) is None
    assert judged([Fix(0, 1.0, 1.0, trusted=False)]).raw == ()
