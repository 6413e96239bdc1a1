"""A set of batch numbers is a set, whatever is done to it, and its ranges ascend and lie apart."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from railbox_agent.seqset import SeqSet

STEPS = st.lists(st.tuples(st.booleans(), st.integers(1, 30)), max_size=80)


@given(STEPS)
def test_it_is_a_set(steps: list[tuple[bool, int]]) -> None:
    seqs, plain = SeqSet(), set[int]()
    for add, seq in steps:
        (seqs.add if add else seqs.discard)(seq)
        (plain.add if add else plain.discard)(seq)
    assert list(seqs) == sorted(plain)
    assert len(seqs) == len(plain)
    assert [seq in seqs for seq in range(32)] == [seq in plain for seq in range(32)]
    if plain:
        assert (seqs.lowest, seqs.highest) == (min(plain), max(plain))


@given(STEPS)
def test_its_ranges_ascend_and_lie_apart(steps: list[tuple[bool, int]]) -> None:
    seqs = SeqSet()
    for add, seq in steps:
        (seqs.add if add else seqs.discard)(seq)
    assert all(item.first <= item.last for item in seqs.ranges)
    assert all(left.last + 1 < right.first for left, right in pairwise(seqs.ranges))
