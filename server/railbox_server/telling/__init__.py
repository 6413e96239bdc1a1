"""Telling: what somebody is told of what the engine concluded, apart from the result itself (docs/telling.md).

facts → matching → notices decide, without I/O; ledger, teller and webhook are the edges.
"""
