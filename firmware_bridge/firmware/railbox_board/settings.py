"""The board's settings: the table of `railbox_bridge.commands`, as changed by the host, kept in flash.

A damaged or foreign file costs only what it says wrongly: those settings are the ones the firmware came with.
"""

import json
import os

from railbox_bridge.commands import SETTINGS, setting_fits

FILE = "settings.json"
NEW_FILE = "settings.new"  # renamed over FILE once it is whole, so that a power cut leaves one or the other


class Settings:
    """Setting numbers to values."""

    def __init__(self) -> None:
        self._values = {number: SETTINGS[number][2] for number in SETTINGS}
        for name, value in _load().items():
            number = int(name) if name.isdigit() else -1
            if isinstance(value, int) and setting_fits(number, value):
                self._values[number] = value

    def __getitem__(self, number: int) -> int:
        return self._values[number]

    def change(self, changes: "dict[int, int]") -> bool:
        """Take over and keep `changes`; if one does not fit, change nothing and say False. Raises OSError."""
        for number, value in changes.items():
            if not setting_fits(number, value):
                return False
        values = dict(self._values)
        values.update(changes)
        if values != self._values:
            _store(values)
            self._values = values
        return True

    def reset(self) -> None:
        """Go back to what the firmware came with."""
        self.change({number: SETTINGS[number][2] for number in SETTINGS})


def _load() -> "dict[str, object]":
    try:
        with open(FILE) as file:
            loaded = json.load(file)
    except (OSError, ValueError):
        return {}
    return loaded if isinstance(loaded, dict) else {}


def _store(values: "dict[int, int]") -> None:
    with open(NEW_FILE, "w") as file:
        json.dump({str(number): values[number] for number in values}, file)
    os.rename(NEW_FILE, FILE)
