import logging
from pathlib import Path

import pytest

from railbox_server.config import ServerSettings, webhook_secret
from railbox_server.telling.ledger import FILE, Asked, NoticeLedger
from railbox_server.telling.model import Hysteresis, Kind
from railbox_server.telling.notices import Now, step
from railbox_server.telling.settings import HOW_TO_MAKE, WebhookSettings, check_secret
from railbox_telemetry.settings import SettingsError, parse, render
from support.told import T0_S, UNIT, stay

AT_ONCE = Hysteresis(hold_s=0)
FLAG = stay("taftan", 0, None, Kind.FLAG, flag="over")


def tell(ledger: NoticeLedger, minute: int, *facts: object) -> None:
    stories = ledger.stories(UNIT)
    outcome = step(stories, facts, Now(T0_S + minute * 60, T0_S), AT_ONCE)  # pyright: ignore[reportArgumentType] - facts
    ledger.record([(stories, outcome)], frozenset({Kind.FLAG}))


def test_stories_and_notices_are_there_after_a_restart(tmp_path: Path) -> None:
    first = NoticeLedger(tmp_path)
    tell(first, 0, FLAG)
    stories = first.stories(UNIT)
    first.close()
    second = NoticeLedger(tmp_path)
    assert second.stories(UNIT) == stories
    tell(second, 1)
    assert [item.notice.action.value for item in second.notices(Asked())] == ["retracted", "told"]
    assert second.stories(UNIT) == []
    assert second.units() == frozenset()
    second.close()


def test_notices_are_found_by_unit_kind_delivery_and_page(tmp_path: Path) -> None:
    ledger = NoticeLedger(tmp_path)
    tell(ledger, 0, FLAG, stay("yard", 0, 10))
    tell(ledger, 1, stay("yard", 0, 60))
    (newest, *_), everything = ledger.notices(Asked(limit=1)), ledger.notices(Asked())
    assert len(everything) == 4
    assert ledger.notices(Asked(before=newest.number)) == everything[1:]
    assert {item.delivery for item in ledger.notices(Asked(kinds=(Kind.FLAG,)))} == {"waiting"}
    assert {item.notice.fact.kind for item in ledger.notices(Asked(delivery="kept"))} == {Kind.VISIT}
    assert [item.notice.fact for item in ledger.notices(Asked(standing=True))] == [stay("yard", 0, 60)]
    assert ledger.notices(Asked(unit="TOLU4734787")) == []
    assert [notice.revision for notice in ledger.told_of((Kind.VISIT,), [UNIT])] == [1, 2]
    ledger.close()


def test_damage_met_while_running_is_set_aside_at_the_next_start(tmp_path: Path) -> None:
    ledger = NoticeLedger(tmp_path)
    for minute in range(40):
        tell(ledger, minute, *([FLAG] if minute % 2 else []))
    ledger.close()
    path = tmp_path / FILE
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    path.with_name(f"{FILE}.suspect").touch()
    ledger = NoticeLedger(tmp_path)
    assert ledger.notices(Asked()) == []
    assert len(list(tmp_path.glob("telling.db.damaged-*"))) == 1
    assert not path.with_name(f"{FILE}.suspect").exists()
    ledger.close()


def test_a_damaged_file_is_set_aside_and_telling_begins_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / FILE).write_bytes(b"no database at all " * 500)
    with caplog.at_level(logging.ERROR):
        ledger = NoticeLedger(tmp_path)
    tell(ledger, 0, FLAG)
    assert len(ledger.notices(Asked())) == 1
    assert not ledger.has_begun
    assert [path.read_bytes()[:11] for path in tmp_path.glob("telling.db.damaged-*")] == [b"no database"]
    assert "set aside" in caplog.text
    ledger.close()


# --- settings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('url = "ftp://erp.example/x"', "begins with ftp: expected http:// or https://"),
        ('url = "erp.example"', "begins with no http://"),
        ('url = "https://"', "names no host"),
        ('url = "http://[::1/x"', "not a URL"),
        ('url = "https://erp.example:99999/x"', "not a URL"),
        ('url = "https://erp.example/x"', "needs secret_file too"),
        ('events = ["flags"]', "no kind 'flags'; known: flag, no_contact"),
        ("timeout_s = 0", "expected a number from 0.1 to 120.0"),
    ],
)
def test_a_webhook_that_cannot_be_is_told_by_key_and_reason(text: str, reason: str) -> None:
    with pytest.raises(SettingsError, match="webhook") as caught:
        parse(f"[webhook]\n{text}\n", ServerSettings, "server.toml")
    assert reason in str(caught.value)
    assert "erp.example" not in str(caught.value)


def test_the_defaults_are_shown_and_read_back() -> None:
    assert parse(render(ServerSettings()), ServerSettings, "shown") == ServerSettings()


@pytest.mark.parametrize("secret", ["short", "whsec_c2hvcnQ=", "not base64 at all!", "whsec_" + "QUFB" * 30])
def test_a_secret_that_cannot_sign_is_refused_without_being_shown(tmp_path: Path, secret: str) -> None:
    path = tmp_path / "secret"
    path.write_text(secret)
    settings = WebhookSettings(url="https://erp.example", secret_file=path)
    with pytest.raises(SettingsError, match="secret_file") as caught:
        webhook_secret(settings)
    assert secret not in str(caught.value)


def test_a_secret_as_openssl_makes_it_signs(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("whsec_UmFpbGJveCdzIHdlYmhvb2sgc2VjcmV0IGZvciB0ZXN0cw==\n")
    assert webhook_secret(WebhookSettings(url="https://erp.example", secret_file=path)) is not None
    assert check_secret("UmFpbGJveCdzIHdlYmhvb2sgc2VjcmV0IGZvciB0ZXN0cw")
    assert "openssl" in HOW_TO_MAKE
    assert webhook_secret(WebhookSettings()) is None
