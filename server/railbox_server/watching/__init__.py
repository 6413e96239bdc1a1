"""Watching the server: whether it is ready, and its metrics."""
