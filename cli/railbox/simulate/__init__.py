"""`railbox simulate`: recordings of journeys along a corridor, and beside each the truth about its borders.

Everything comes from the seed, the flags and the end: no file here asks a clock, and only `command` writes.
"""
