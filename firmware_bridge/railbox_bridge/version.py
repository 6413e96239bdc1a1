"""The firmware that these files belong to: a board says its own in HELLO, a host knows by this what it could flash.

Raise it with every change of what runs on the board.
"""

FIRMWARE_VERSION = "0.1.0"
