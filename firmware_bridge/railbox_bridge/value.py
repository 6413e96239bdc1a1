"""What the link's values have in common: equality and a readable form, by their attributes.

MicroPython has no dataclasses; a value is a plain class whose `__init__` lists its fields. Treat values as frozen.
"""


class BridgeError(Exception):
    """Base of all errors this package raises."""


class MessageError(BridgeError):
    """A payload that does not say what its type promises, or a number that does not fit its field."""


class Value:
    """A value is equal to another of its class with equal attributes."""

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash(repr(self))

    def __repr__(self) -> str:
        fields = ", ".join([name + "=" + repr(self.__dict__[name]) for name in sorted(self.__dict__)])
        return type(self).__name__ + "(" + fields + ")"
