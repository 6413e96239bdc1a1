"""The border engine: from what trackers said to visits, crossings and flags, with honest bounds.

Pure: no store, no broker, no clock. The result is a function of the knots, the corridors and the time that is passed
in, never of the order in which anything arrived (docs/design.md, "Border engine").
"""
