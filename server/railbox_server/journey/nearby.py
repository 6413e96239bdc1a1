"""Where neighbours of a change are looked for: near it at first, then as far as the next knots, and beyond.

Knots are asked for a span at a time, so that a change in a long history reads little of it.
"""

from typing import Final, NamedTuple

from railbox_server.journey.kept import Knots, TimeSpan

FIRST_PAD_S: Final = 600.0
PAD_TIMES: Final = 9.0
"""How much farther beyond the next knot is looked when no neighbour was found."""


class Window(NamedTuple):
    """A span of time in which neighbours of a change are looked for."""

    from_s: float
    to_s: float
    pad_s: float
    is_first: bool
    """Whether no knot is before it."""
    is_last: bool


def first_window(knots: Knots, span: TimeSpan) -> Window:
    extents = knots.extents()
    from_s, to_s = span[0] - FIRST_PAD_S, span[1] + FIRST_PAD_S
    first_s = min((first for first, _ in extents), default=0.0)
    last_s = max((last for _, last in extents), default=0.0)
    return Window(from_s, to_s, FIRST_PAD_S, from_s <= first_s, to_s >= last_s)


def wider(knots: Knots, window: Window, device: str | None, *, before: bool, behind: bool) -> Window:
    """To the next knots (of one device, or of all) before or behind it, and farther and farther beyond them."""
    from_s, to_s, pad_s, is_first, is_last = window
    if before and not is_first:
        next_s = knots.last_before(from_s, device)
        from_s, is_first = (from_s, True) if next_s is None else (next_s - pad_s, False)
    if behind and not is_last:
        next_s = knots.first_after(to_s, device)
        to_s, is_last = (to_s, True) if next_s is None else (next_s + pad_s, False)
    return Window(from_s, to_s, PAD_TIMES * pad_s, is_first, is_last)
