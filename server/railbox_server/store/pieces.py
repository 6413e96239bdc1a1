"""A long series some rows at a time, so that no more of it is held at once.

Knows no store: `read` gives the oldest rows of a span, at most so many.
"""

from collections.abc import Callable, Iterator, Sequence, Sized
from typing import Protocol, TypeVar

from railbox_server.fleet import Span

R = TypeVar("R", bound=Sized)


class Timed(Protocol):
    @property
    def time_s(self) -> int: ...


T = TypeVar("T", bound=Timed)


def pieces(
    read: Callable[[Span, int], R],
    time_s: Callable[[R, int], int],
    before: Callable[[R, int], R],
    span: Span,
    most: int,
) -> Iterator[R]:
    """All rows of a span, some at a time, ascending; rows of one second stay together. `time_s(rows, at)`: when the one
    at that place is of; `before(rows, time_s)`: those of earlier seconds."""
    while True:
        rows = read(span, most)
        if len(rows) < most:
            yield rows
            return
        last_s = time_s(rows, -1)
        if time_s(rows, 0) == last_s:  # a single second fills it: no tracker sends so, and nobody misses the rest
            yield rows
            last_s += 1
        else:
            yield before(rows, last_s)
        span = Span(last_s, span.to_s)


def rows(read: Callable[[Span, int], Sequence[T]], span: Span, most: int) -> Iterator[T]:
    """All rows of a span one by one, ascending."""
    for piece in pieces(read, time_at, rows_before, span, most):
        yield from piece


def time_at(rows: Sequence[Timed], at: int) -> int:
    return rows[at].time_s


def rows_before(rows: Sequence[T], time_s: int) -> Sequence[T]:
    return [row for row in rows if row.time_s < time_s]
