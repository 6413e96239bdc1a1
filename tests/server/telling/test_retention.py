"""What is let go of what was told: old and over, whole, counted, and never told again."""

from pathlib import Path

import pytest

from railbox_server.telling.ledger import Asked, NoticeLedger
from railbox_server.telling.model import Fact, Hysteresis, Keeping, Kind
from railbox_server.telling.notices import Now, step
from railbox_server.telling.settings import TellingSettings
from railbox_telemetry.settings import SettingsError
from support.told import T0_S, UNIT, stay

DAY_S = 86_400
CALM = Hysteresis(hold_s=0, settle_s=90 * DAY_S)
KEEPING = Keeping(keep_s=400 * DAY_S, most=1_000)
OVER, OPEN, RECENT = stay("yard", 0, 10), stay("taftan", 0, None), stay("mirjaveh", 700_000, 700_010)


def tell(ledger: NoticeLedger, day: int, *true: Fact, calm: Hysteresis = CALM, posted: Kind = Kind.FLAG) -> int:
    """Returns how many notices it came to."""
    now_s = T0_S + day * DAY_S
    stories = ledger.stories(UNIT)
    outcome = step(stories, true, Now(now_s, now_s, ledger.let_go_until_s), calm)
    ledger.record([(stories, outcome)], frozenset({posted}))
    return len(outcome.notices)


def let_go(ledger: NoticeLedger, day: int, keeping: Keeping = KEEPING) -> int:
    now_s = T0_S + day * DAY_S
    return ledger.let_go(keeping, now_s, now_s - CALM.settle_s)


def left(ledger: NoticeLedger) -> list[str]:
    return sorted({item.notice.fact.where[0] for item in ledger.notices(Asked())})


@pytest.fixture
def ledger(tmp_path: Path) -> NoticeLedger:
    return NoticeLedger(tmp_path)


def test_what_is_old_and_over_goes_and_what_may_be_revised_stays(ledger: NoticeLedger) -> None:
    tell(ledger, 1, OVER, OPEN, stay("gone", 0, 10))
    tell(ledger, 2, OVER, OPEN)  # retracts one
    assert let_go(ledger, 401) == 0
    assert let_go(ledger, 403) == 3
    assert (left(ledger), ledger.gone) == (["taftan"], 3)
    assert let_go(ledger, 403) == 0
    ledger.close()


def test_a_story_goes_whole_or_not_at_all(ledger: NoticeLedger) -> None:
    tell(ledger, 1, OPEN)
    tell(ledger, 100, stay("taftan", 0, 99 * 24 * 60))
    assert let_go(ledger, 450) == 0
    assert let_go(ledger, 501) == 2
    ledger.close()


def test_of_too_many_the_oldest_go_as_far_as_they_are_over(ledger: NoticeLedger) -> None:
    tell(ledger, 1, OVER, OPEN)
    tell(ledger, 2, OVER, OPEN, RECENT)
    assert let_go(ledger, 200, Keeping(KEEPING.keep_s, 3)) == 0
    assert let_go(ledger, 200, Keeping(KEEPING.keep_s, 1)) == 1
    assert left(ledger) == ["mirjaveh", "taftan"]
    ledger.close()


def test_what_waits_for_the_webhook_stays(ledger: NoticeLedger) -> None:
    tell(ledger, 1, OVER, posted=Kind.VISIT)
    assert let_go(ledger, 500) == 0
    (waiting,) = ledger.due(2**62)
    ledger.settle(waiting.number, "delivered", "204")
    assert let_go(ledger, 500) == 1
    ledger.close()


def test_what_was_let_go_is_no_news_though_it_be_settled_no_more(ledger: NoticeLedger) -> None:
    tell(ledger, 1, OVER)
    assert let_go(ledger, 500) == 1
    assert ledger.stories(UNIT) == []
    patient = Hysteresis(hold_s=0, settle_s=1_000 * DAY_S)
    assert tell(ledger, 500, OVER, calm=patient) == 0
    assert tell(ledger, 500, OVER, RECENT, calm=patient) == 1
    ledger.close()


def test_what_may_be_revised_cannot_be_let_go_by_the_settings() -> None:
    with pytest.raises(SettingsError, match="keep_days: 30 is less than settle_days, 90"):
        TellingSettings(keep_days=30)
