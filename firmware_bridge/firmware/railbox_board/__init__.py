"""The sensor board's firmware, on MicroPython: it measures, watches and tells. `parts` says what it carries."""
