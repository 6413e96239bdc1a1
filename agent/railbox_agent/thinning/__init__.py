"""Thinning: which fixes become knots, and when they are sent, so that every instant is known within 25 m after 60 s.

Pure: time comes with the fixes (docs/design.md, "Thinning"). `policy` says what a policy is and lists them all.
"""
