"""What `benchmarks/journeys.py` asks of the border engine: all that the knots tell, and nothing that they do not."""

import journeys

from support.shared import shared


def test_a_crossing_that_was_over_when_the_tracker_first_saw_the_sky_need_not_be_found() -> None:
    """Khasan, seed 66: over the line in the dark, then shunted over it and back in sight."""
    shared("corridors", "rail_lines.geojson")
    held = journeys.one(("pyongyang-moscow", False, 66))
    assert (held.missed, held.invented, held.outside, held.far, held.order) == ([], [], [], [], [])
    assert (held.crossings, held.unseen) == (2, 8)
