"""A set of batch numbers is a set, whatever is done to it, and its ranges ascend and lie apart."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from railbox_telemetry.seqset import SeqSet
from railbox_telemetry.values import SeqRange

STEPS = st.lists(st.tuples(st.booleans(), st.integers(1, 30), st.integers(0, 5)), max_size=80)


@given(STEPS)
def test_it_is_a_set_and_its_ranges_ascend_and_lie_apart(steps: list[tuple[bool, int, int]]) -> None:
    seqs, plain = SeqSet(), set[int]()
    for add, seq, more in steps:
        if add:
            seqs.add(seq, seq + more)
            plain |= set(range(seq, seq + more + 1))
        else:
            seqs.discard(seq)
            plain.discard(seq)
    assert list(seqs) == sorted(plain)
    assert len(seqs) == len(plain)
    assert [seq in seqs for seq in range(40)] == [seq in plain for seq in range(40)]
    assert all(left.last + 1 < right.first for left, right in pairwise(seqs.ranges))
    assert list(SeqSet(seqs.ranges)) == sorted(plain)
    assert seqs.highest == max(plain, default=0)
    if plain:
        assert seqs.lowest == min(plain)
    missing = [seq for item in seqs.missing(35) for seq in range(item.first, item.last + 1)]
    assert missing == [seq for seq in range(1, 36) if seq not in plain]


def test_the_lowest_ranges_are_taken_out() -> None:
    seqs = SeqSet([SeqRange(1, 3), SeqRange(5, 5), SeqRange(8, 9)])
    assert seqs.pop_ranges(2) == (SeqRange(1, 3), SeqRange(5, 5))
    assert list(seqs) == [8, 9]
    assert seqs.pop_ranges(2) == (SeqRange(8, 9),)
    assert seqs.pop_ranges(2) == ()
    assert len(seqs) == 0
