"""From a receiver's bytes to fixes: sentences, what they say, one fix an epoch, and whether to trust it.

Pure: bytes and monotonic milliseconds go in, fixes come out. No port, no clock.
"""
