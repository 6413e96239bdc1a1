"""The store: one interface (interface.py), implementations behind it (sqlite.py)."""
