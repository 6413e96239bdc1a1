"""The one base of this room's exceptions: what a person is told in one line, without a stack."""


class ServerError(Exception):
    """Says what failed, where, and what to do."""
