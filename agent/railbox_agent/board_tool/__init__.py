"""`railbox board`: what a person at the bench does with the sensor board.

Talks over the link to the firmware that runs, and over USB to the MicroPython under it. Knows nothing of the tracker.
"""
