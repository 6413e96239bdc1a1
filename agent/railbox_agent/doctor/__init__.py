"""`railbox doctor`: looks at a tracker from its settings to the broker, and says of each part how it is and what to do.

The edges (`ask`, `listen`, `broker`, `files`, `store`, `service`) find facts, `judge` makes findings of them.
"""
