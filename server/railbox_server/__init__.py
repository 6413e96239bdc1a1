"""The server: ingest, store, border engine and API.

`run` builds the parts; edges (broker, ingest/mqtt, store, api) do I/O; journey and geo decide, and know none of them.
"""
