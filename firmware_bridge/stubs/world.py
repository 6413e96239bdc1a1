"""The world around a simulated board: what there is to measure, and what happens when, by a script.

Knows no pin and no part; `wiring` connects them. Time is microseconds since the world began: it runs by itself, or
stands still but for what is slept and skipped.

A script is a list of [at_s, {name: value}]: from `at_s` on, the quantities named have these values. A value may be a
curve [[after_s, value], ...], linear in between. See DEFAULTS for the names.
"""

import time as _time

DEFAULTS = {
    "temp_c": 21.0,
    "humidity_pct": 45.0,
    "light_lux": 0.0,
    "battery_v": 12.6,
    "supply_v": 24.0,
    "board_temp_c": 30.0,
    "tilt_deg": 0.0,
    "rumble_mg": 0.0,  # vibration, root mean square
    "shock": None,  # {"peak_g": …, "lasts_ms": …}: one blow, when it is set
    "door": "closed",  # or "open"
    "bounce_ms": 6,  # how long the door's switch bounces
    "sht3x": "ok",  # or "absent", "nonsense", "bad_crc"
    "lis3dh": "ok",  # or "absent", "other"
    "bus": "ok",  # or "stuck" (until clocked free), "shorted" (for good), "hung" (a call never returns)
    "power": "on",  # set to "cycled": the board starts anew
    "skip_s": 0,  # when it is set, so much time passes at once
    "report": None,  # set to "heap": the board's process says on standard error what memory is in use
    "say": None,  # text that appears on the board's line, as from a REPL
}


def _monotonic_us() -> int:
    if hasattr(_time, "ticks_us"):
        return _time.ticks_us()  # 62 bits on the unix port: does not wrap
    return _time.monotonic_ns() // 1000


class World:
    """The quantities by name, and what is to be done when."""

    def __init__(self, script: "list[list[object]]", runs: bool = True) -> None:
        self._runs = runs
        self._zero_us = _monotonic_us() if runs else 0
        self._values = dict(DEFAULTS)
        self._set_us = dict.fromkeys(DEFAULTS, 0)
        self._agenda: "list[tuple[int, object]]" = []  # (when, what to call), in order
        self._instant_us: "int | None" = None  # set while something happens
        self._listeners: "dict[str, list[object]]" = {}
        self.on("skip_s", self._skip)
        for at_s, values in script:
            self.at(int(at_s * 1000000), lambda values=values: self.set(values))

    def now_us(self) -> int:
        """The present; while something happens, its instant."""
        return self.present_us() if self._instant_us is None else self._instant_us

    def present_us(self) -> int:
        """The present, also while something is caught up with."""
        return (_monotonic_us() if self._runs else 0) - self._zero_us

    def sleep(self, seconds: float) -> None:
        """Wait for time to pass."""
        if self._runs:
            _time.sleep(seconds)
        else:
            self.skip(seconds)

    def skip(self, seconds: float) -> None:
        """Let time pass at once."""
        self._skip(seconds)
        self.advance()

    def _skip(self, seconds: float) -> None:
        self._zero_us -= int(seconds * 1000000)

    def at(self, when_us: int, call: "object") -> None:
        """Call `call` at `when_us`."""
        place = len(self._agenda)
        while place and self._agenda[place - 1][0] > when_us:
            place -= 1
        self._agenda.insert(place, (when_us, call))

    def on(self, name: str, call: "object") -> None:
        """Call `call(value)` whenever `name` is set."""
        self._listeners.setdefault(name, []).append(call)

    def set(self, values: "dict[str, object]") -> None:
        """Give quantities new values now. Raises KeyError for a name not in DEFAULTS."""
        for name, value in values.items():
            if name not in DEFAULTS:
                raise KeyError("no such quantity: " + name)
            self._values[name] = value
            self._set_us[name] = self.now_us()
            for call in self._listeners.get(name, ()):
                call(value)

    def get(self, name: str) -> "object":
        """The present value of `name`."""
        value = self._values[name]
        if not isinstance(value, list):
            return value
        return _on_curve(value, (self.now_us() - self._set_us[name]) / 1e6)

    def advance(self) -> None:
        """Do what was to be done up to now, each at its instant. Everything that the firmware touches calls this."""
        if self._instant_us is not None:
            return
        present_us = self.present_us()
        while self._agenda and self._agenda[0][0] <= present_us:
            when_us, call = self._agenda.pop(0)
            self._instant_us = when_us
            try:
                call()
            finally:
                self._instant_us = None


def _on_curve(points: "list[list[float]]", after_s: float) -> float:
    before = points[0]
    for point in points:
        if point[0] > after_s:
            if point[0] == before[0]:
                return point[1]
            share = (after_s - before[0]) / (point[0] - before[0])
            return before[1] + max(0.0, share) * (point[1] - before[1])
        before = point
    return before[1]
