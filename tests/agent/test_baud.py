"""The hunt for a receiver's rate, as the pure thing it is."""

from collections.abc import Iterator

from railbox_agent.baud import LISTEN_US, LOST_US, MAX_KEPT_BYTES, RATES, Hunt
from railbox_agent.recording import Chunk
from support.nmea import rmc

SECOND_US = 1_000_000


def chunk(at_us: int, data: bytes) -> Chunk:
    return Chunk("gnss", at_us, data)


def hunted(hunt: Hunt, rate: int, *, every_us: int = SECOND_US, limit_us: int = 600 * SECOND_US) -> Iterator[Chunk]:
    """A receiver at `rate` that speaks once in `every_us`; ends when the hunt has locked."""
    for at_us in range(0, limit_us, SECOND_US // 10):
        if at_us % every_us == 0:
            data = rmc(1_790_000_000 + at_us / 1e6)
            yield from hunt.take(chunk(at_us, data if hunt.rate == rate else data[::-1]))
        hunt.turned(at_us)
        if hunt.locked:
            return


def test_every_common_rate_is_found_at_one_sentence_a_second() -> None:
    for rate in RATES:
        hunt = Hunt()
        heard = list(hunted(hunt, rate))
        assert hunt.locked, rate
        assert hunt.rate == rate
        assert len(heard) == 2, "what came before the lock, at this rate, is given out with it"


def test_a_rate_is_listened_to_for_two_seconds_and_a_half() -> None:
    hunt = Hunt()
    assert not hunt.turned(0)
    assert not hunt.turned(LISTEN_US - 1)
    assert hunt.turned(LISTEN_US)
    assert hunt.rate == RATES[1]


def test_one_sentence_may_be_chance_and_without_checksum_none_counts() -> None:
    hunt = Hunt()
    hunt.take(chunk(0, rmc(1_790_000_000)))
    assert not hunt.locked
    hunt.take(chunk(1, b"$GPRMC,no checksum\r\n" * 5))
    assert not hunt.locked
    hunt.take(chunk(2, rmc(1_790_000_001)))
    assert hunt.locked


def test_a_remembered_rate_comes_first_whatever_it_is() -> None:
    assert Hunt(230_400).rate == 230_400
    assert Hunt(921_600).rate == 921_600


def test_a_receiver_that_speaks_once_in_ten_seconds_is_found_in_a_later_round() -> None:
    hunt = Hunt()
    list(hunted(hunt, 4_800, every_us=10 * SECOND_US, limit_us=3_600 * SECOND_US))
    assert hunt.locked
    assert hunt.rate == 4_800


def test_a_receiver_that_changes_its_rate_is_hunted_again() -> None:
    hunt = Hunt()
    list(hunted(hunt, 9_600))
    at_us = 600 * SECOND_US
    hunt.take(chunk(at_us, b"\xff" * 100))
    assert not hunt.turned(at_us)
    assert not hunt.locked
    assert hunt.turned(at_us + LISTEN_US)
    assert hunt.rate != 9_600


def test_silence_shorter_than_half_a_minute_keeps_the_lock() -> None:
    hunt = Hunt()
    (*_, last) = hunted(hunt, 9_600)
    assert not hunt.turned(last.mono_us + LOST_US)
    assert hunt.locked


def test_garbage_that_never_ends_takes_no_more_memory() -> None:
    hunt = Hunt(9_600)
    for at in range(300):
        assert hunt.take(chunk(at, b"\x00$" * 2_000)) == []
    hunt.take(chunk(301, rmc(1_790_000_000)))
    kept = hunt.take(chunk(302, rmc(1_790_000_001)))
    assert sum(len(one.data) for one in kept) <= MAX_KEPT_BYTES + 200
