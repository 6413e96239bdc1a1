"""The sensor board's firmware: it measures, watches, and tells the host. Runs on MicroPython; see `parts` to add one."""

VERSION = "0.1.0"
