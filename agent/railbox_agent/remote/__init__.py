"""Remote configuration: what the server says is to be set, tried out, kept or taken back, and told.

`state` decides, `kept` is its file, `control` ties both to the broker and the running tracker.
"""
