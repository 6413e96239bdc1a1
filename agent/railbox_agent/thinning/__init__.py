"""Thinning: which fixes become knots, and when they are sent, so that every instant is known within 25 m after 60 s.

Deferred dead reckoning with swing-door knots (docs/design.md, "Thinning"). Pure: time comes with the fixes.
"""
