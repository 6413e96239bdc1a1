"""The splitter: whatever comes on the line, sentences are found, the rest is counted, and memory stays bounded."""

from hypothesis import given
from hypothesis import strategies as st

from railbox_agent.gnss.sentences import MAX_SENTENCE_BYTES, Splitter, checksum
from support.nmea import gga, rmc, sentence

ONE = sentence("GPGLL,2906.00000,N,06124.00000,E,083000.00,A,A")
BODY = b"GPGLL,2906.00000,N,06124.00000,E,083000.00,A,A"


def split(data: bytes, splitter: Splitter | None = None) -> list[bytes]:
    splitter = splitter or Splitter()
    return splitter.feed(data) + splitter.finish()


def test_the_checksum_is_the_published_one() -> None:
    assert checksum(b"GPGGA,184353.07,1929.045,S,02410.506,E,1,04,2.6,100.00,M,-33.9,M,,0000") == 0x6D


@given(st.binary(max_size=250))
def test_folding_gives_the_same_checksum_as_xoring_byte_by_byte(data: bytes) -> None:
    expected = 0
    for byte in data:
        expected ^= byte
    assert checksum(data) == expected


def test_a_sentence_is_found_however_it_is_cut() -> None:
    data = ONE * 3
    for size in range(1, len(ONE) + 2):
        splitter = Splitter()
        bodies = [body for at in range(0, len(data), size) for body in splitter.feed(data[at : at + size])]
        assert bodies == [BODY] * 3, f"pieces of {size} bytes"


def test_any_line_end_will_do_and_the_last_needs_none() -> None:
    bare = ONE.strip()
    assert split(bare + b"\n" + bare + b"\r\n" + bare + b"\r" + bare + bare) == [BODY] * 5


def test_a_sentence_is_given_as_soon_as_its_line_ends() -> None:
    for end in (b"\r", b"\n", b"\r\n"):
        assert Splitter().feed(ONE.strip() + end) == [BODY]


def test_a_wrong_checksum_is_counted_with_an_excerpt() -> None:
    splitter = Splitter()
    assert split(ONE.replace(b"2906", b"2907") + ONE, splitter) == [BODY]
    assert splitter.counters["bad_checksum"] == 1
    assert splitter.excerpts["bad_checksum"].startswith(b"GPGLL,2907")


def test_the_dollar_inside_a_bad_line_begins_the_next_sentence() -> None:
    splitter = Splitter()
    assert split(b"$GPGGA,0830" + ONE + b"$GPRMC,08$$" + ONE, splitter) == [BODY, BODY]
    assert splitter.counters["malformed"] == 4


def test_binary_between_sentences_is_skipped_and_counted() -> None:
    splitter = Splitter()
    assert split(b"\xb5\x62\x01\x07" + ONE + b"\x00\xff\xfe!AIVDM" + ONE, splitter) == [BODY, BODY]
    assert splitter.counters["garbage_bytes"] == 13


def test_a_line_without_a_checksum_is_taken_only_where_that_is_set() -> None:
    bare = b"$" + BODY + b"\r\n"
    strict, lenient = Splitter(), Splitter(checksum_required=False)
    assert split(bare, strict) == []
    assert strict.counters["no_checksum"] == 1
    assert split(bare, lenient) == [BODY]


def test_a_truncated_line_is_not_taken_even_without_checksums() -> None:
    assert split(b"$GPGLL,2906.00000,N,061" + ONE, Splitter(checksum_required=False)) == [BODY]


def test_a_wrong_checksum_is_wrong_also_where_none_is_required() -> None:
    assert split(ONE.replace(b"2906", b"2907"), Splitter(checksum_required=False)) == []


def test_an_endless_line_takes_no_memory_and_the_next_sentence_is_found() -> None:
    splitter = Splitter()
    for _ in range(2_000):
        assert splitter.feed(b"$" + b"A" * 999) == []
        assert len(splitter._open) <= MAX_SENTENCE_BYTES + 10  # pyright: ignore[reportPrivateUsage] - what is bounded
    assert splitter.feed(ONE) == [BODY]
    assert splitter.counters["overlong"] >= 1_000
    assert len(splitter.excerpts["overlong"]) <= 60


def test_two_receivers_on_one_line_cost_only_the_sentences_that_they_mix_up() -> None:
    mixed = b"$GPRMC,08300" + gga(1_790_000_000) + b"0.00,A,2906" + rmc(1_790_000_000)
    assert [body[2:5] for body in split(mixed)] == [b"GGA", b"RMC"]


@given(st.lists(st.sampled_from([ONE, b"$", b"*", b"\r\n", b"GPGLL", b"*6", b"\x00", b"," * 300])))
def test_every_whole_sentence_is_found_in_any_mixture(parts: list[bytes]) -> None:
    data = b"".join(parts)
    assert len(split(data)) == data.count(ONE)


@given(st.binary(), st.integers(1, 64))
def test_no_bytes_crash_it_and_pieces_do_not_matter(data: bytes, size: int) -> None:
    whole, pieces = Splitter(), Splitter()
    cut = [body for at in range(0, len(data), size) for body in pieces.feed(data[at : at + size])] + pieces.finish()
    assert split(data, whole) == cut
