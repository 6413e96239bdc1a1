"""A committed message claims no more than the ledger, and the ledger misses nothing."""

from hypothesis import given
from hypothesis import strategies as st

from railbox_server.ledger import Ledger
from railbox_telemetry.committed import MAX_BEYOND, Committed, committed_of, decode_committed, encode_committed
from railbox_telemetry.seqset import SeqSet
from railbox_telemetry.values import SeqRange


@given(st.sets(st.integers(1, 40)), st.sets(st.integers(1, 40)), st.sets(st.integers(1, 40)))
def test_committed_is_what_is_stored_quarantined_or_discarded(
    stored: set[int], quarantined: set[int], discarded: set[int]
) -> None:
    def seqs(numbers: set[int]) -> SeqSet:
        return SeqSet(SeqRange(number, number) for number in numbers)

    ledger = Ledger(seqs(stored), seqs(quarantined), seqs(discarded))
    committed = decode_committed(encode_committed(committed_of(7, ledger.settled())))
    assert {seq for seq in range(1, 60) if committed.covers(seq)} == stored | quarantined | discarded


def test_a_ledger_full_of_holes_gives_a_short_message_that_claims_less() -> None:
    ledger = Ledger(SeqSet(SeqRange(seq, seq) for seq in range(1, 50_000, 2)))
    committed = committed_of(7, ledger.settled())
    assert (committed.contiguous, len(committed.beyond)) == (1, MAX_BEYOND)
    assert all(item.first in ledger.stored for item in committed.beyond)
    assert len(encode_committed(committed)) < 4_000


def test_an_empty_ledger_claims_nothing() -> None:
    assert committed_of(7, Ledger().settled()) == Committed(7, 0)
