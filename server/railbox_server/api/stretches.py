"""Series over time that several devices wrote for one unit, in pages.

Knows no store: `read` gives the oldest rows of a device in a span. A page ends within a second, so its mark says the
second and how many rows of it were given.
"""

from collections.abc import Callable, Iterable
from typing import TypeVar

from railbox_server.fleet import Assignment, Span
from railbox_server.store.values import Mark, Page

T = TypeVar("T")


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
