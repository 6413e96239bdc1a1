"""The link between the sensor board and its host: the same files on MicroPython and CPython.

Bytes and time go in, bytes and values come out: nothing here opens a port, sleeps, or asks the time.
`host_link.HostLink` is the Pi's end, `board_link.BoardLink` the board's; both stand on `frame` and `messages`.
"""
