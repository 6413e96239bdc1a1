"""Batch numbers as ranges behave as a set of numbers, and a committed message claims no more than the ledger."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from railbox_server.seqs import MAX_BEYOND, Ledger, SeqSet, committed_of
from railbox_telemetry.committed import Committed, decode_committed, encode_committed
from railbox_telemetry.values import SeqRange

RANGES = st.tuples(st.booleans(), st.integers(1, 30), st.integers(0, 4))


@given(st.lists(RANGES, max_size=60))
def test_it_is_a_set(steps: list[tuple[bool, int, int]]) -> None:
    seqs, plain = SeqSet(), set[int]()
    for add, first, more in steps:
        if add:
            seqs.add(first, first + more)
            plain |= set(range(first, first + more + 1))
        else:
            seqs.remove(first)
            plain.discard(first)
    assert [seq in seqs for seq in range(40)] == [seq in plain for seq in range(40)]
    assert (len(seqs), seqs.highest) == (len(plain), max(plain, default=0))
    assert all(left.last + 1 < right.first for left, right in pairwise(seqs.ranges))
    missing = [seq for item in seqs.missing(35) for seq in range(item.first, item.last + 1)]
    assert missing == [seq for seq in range(1, 36) if seq not in plain]


@given(st.sets(st.integers(1, 40)), st.sets(st.integers(1, 40)), st.sets(st.integers(1, 40)))
def test_committed_is_what_is_stored_quarantined_or_discarded(
    stored: set[int], quarantined: set[int], discarded: set[int]
) -> None:
    def seqs(numbers: set[int]) -> SeqSet:
        return SeqSet(SeqRange(number, number) for number in numbers)

    ledger = Ledger(seqs(stored), seqs(quarantined), seqs(discarded))
    committed = decode_committed(encode_committed(committed_of(7, ledger)))
    assert {seq for seq in range(1, 60) if committed.covers(seq)} == stored | quarantined | discarded
    assert {item.first for item in ledger.without_data()}.isdisjoint(stored)


def test_a_ledger_full_of_holes_gives_a_short_message_that_claims_less() -> None:
    ledger = Ledger(SeqSet(SeqRange(seq, seq) for seq in range(1, 50_000, 2)))
    committed = committed_of(7, ledger)
    assert (committed.contiguous, len(committed.beyond)) == (1, MAX_BEYOND)
    assert all(item.first in ledger.stored for item in committed.beyond)
    assert len(encode_committed(committed)) < 4_000


def test_an_empty_ledger_claims_nothing() -> None:
    assert committed_of(7, Ledger()) == Committed(7, 0)
