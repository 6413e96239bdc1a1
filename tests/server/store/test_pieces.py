"""Long series in pieces."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from railbox_server.fleet import Span
from railbox_server.store import pieces


@dataclass(frozen=True)
class Item:
    time_s: int
    value: int


@given(st.lists(st.builds(Item, st.integers(0, 12), st.integers(0, 99)), max_size=40), st.integers(1, 9))
def test_pieces_are_the_whole_series_once(items: list[Item], most: int) -> None:
    ordered = sorted(items, key=lambda item: item.time_s)
    seconds = [item.time_s for item in ordered]
    most = max(most, max(map(seconds.count, seconds), default=0) + 1)
    sizes: list[int] = []

    def read(span: Span, limit: int) -> list[Item]:
        found = [item for item in ordered if item.time_s in span][:limit]
        sizes.append(len(found))
        return found

    assert list(pieces.rows(read, Span(), most)) == ordered
    assert max(sizes) <= most


def test_a_second_that_fills_a_piece_ends_with_it() -> None:
    items = [Item(1, value) for value in range(5)] + [Item(2, 9)]

    def read(span: Span, limit: int) -> list[Item]:
        return [item for item in items if item.time_s in span][:limit]

    assert list(pieces.rows(read, Span(), 3)) == [*items[:3], items[-1]]
