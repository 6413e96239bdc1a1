"""What both ends share: values, the wire, topics and tables.

Standard library only, no I/O, no clock: both the tracker and the server are built on it, and neither is known here.
"""
