"""Ingest: from what the broker delivers to what is durable, in visible ordered steps (steps.py, worker.py)."""
