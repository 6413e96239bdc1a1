"""Addresses as people write them, and what listening on them takes."""

import pytest

from railbox_server.addresses import AddressError, BrokerAddress, Listen, parse_broker, parse_listen
from railbox_server.exposure import exposures


@pytest.mark.parametrize(
    ("text", "listen", "loopback"),
    [
        ("127.0.0.1:8080", Listen("127.0.0.1", 8080), True),
        ("127.8.9.1:0", Listen("127.8.9.1", 0), True),
        ("localhost:1", Listen("localhost", 1), True),
        ("[::1]:80", Listen("::1", 80), True),
        ("0.0.0.0:80", Listen("0.0.0.0", 80), False),
        ("[::]:80", Listen("::", 80), False),
        ("railbox.example:80", Listen("railbox.example", 80), False),
        ("192.168.1.4:80", Listen("192.168.1.4", 80), False),
    ],
)
def test_an_address_to_listen_on(text: str, listen: Listen, loopback: bool) -> None:
    assert parse_listen(text) == listen
    assert listen.is_loopback == loopback
    assert str(listen) == text


@pytest.mark.parametrize("text", ["", "80", "127.0.0.1", ":80", "a:b", "a:70000", "http://a:80", "a:80/x", "u@a:80"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(AddressError):
        parse_listen(text)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("mqtt://broker.example", BrokerAddress("broker.example", 1883)),
        ("mqtts://broker.example", BrokerAddress("broker.example", 8883, None, tls=True)),
        ("mqtt://me@[::1]:99", BrokerAddress("::1", 99, "me")),
    ],
)
def test_a_broker_to_go_to(text: str, address: BrokerAddress) -> None:
    assert parse_broker(text) == address
    assert parse_broker(str(address)) == address


@pytest.mark.parametrize("text", ["broker:1883", "http://broker", "mqtt://", "mqtt://b/path", "mqtt://u:secret@b"])
def test_what_is_no_broker_is_refused_without_showing_a_password(text: str) -> None:
    with pytest.raises(AddressError) as raised:
        parse_broker(text)
    assert "secret" not in str(raised.value)


HERE, AWAY = Listen("127.0.0.1", 1), Listen("0.0.0.0", 1)


@pytest.mark.parametrize(
    ("http", "broker", "token", "credentials", "missing"),
    [
        (HERE, HERE, False, False, []),
        (HERE, None, False, False, []),
        (AWAY, HERE, False, False, ["http.token_file"]),
        (AWAY, HERE, True, False, []),
        (HERE, AWAY, True, False, ["broker.device_credentials"]),
        (HERE, AWAY, False, True, []),
        (AWAY, AWAY, False, False, ["http.token_file", "broker.device_credentials"]),
    ],
)
def test_what_must_be_set_before_others_may_speak(
    http: Listen, broker: Listen | None, token: bool, credentials: bool, missing: list[str]
) -> None:
    reasons = list(exposures(http, broker, has_token=token, has_credentials=credentials))
    assert [key for key, reason in zip(missing, reasons, strict=True) if f"set {key}" in reason] == missing
