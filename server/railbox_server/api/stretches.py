"""Series over time that several devices wrote for one unit: pages of them, and the whole of them piece by piece.

Knows no store: `read` gives the oldest rows of a device in a span. A page ends within a second, so its mark says the
second and how many rows of it were given.
"""

from collections.abc import Callable, Iterable, Iterator, Sized
from typing import Final, TypeVar

from railbox_server.fleet import Assignment, Span
from railbox_server.store.values import Mark, Page

T = TypeVar("T")
R = TypeVar("R", bound=Sized)

PIECE: Final = 200_000
"""Rows held at once while a long series is read to be thinned."""


def page(
    read: Callable[[Assignment, Span, int], Iterable[T]],
    time_s: Callable[[T], int],
    assignments: Iterable[Assignment],
    span: Span,
    limit: int,
    after: Mark | None,
) -> Page[T]:
    """The next `limit` rows of all devices, by time, then in the order of the assignments."""
    first_s, given = (None, 0) if after is None else (int(after[0]), int(after[1]))
    asked = span.both(Span(first_s))
    rows = [row for item in assignments for row in read(item, item.span.both(asked), given + limit + 1)]
    rows.sort(key=time_s)
    rest = rows[given:]
    if len(rest) <= limit:
        return Page(tuple(rest))
    found, end_s = rest[:limit], time_s(rest[limit - 1])
    before = given if end_s == first_s else 0
    return Page(tuple(found), (end_s, before + sum(time_s(row) == end_s for row in found)))


def pieces(
    read: Callable[[Span, int], R],
    time_s: Callable[[R, int], int],
    before: Callable[[R, int], R],
    span: Span,
    most: int = PIECE,
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
