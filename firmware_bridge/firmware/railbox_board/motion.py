"""What acceleration says: shocks with peak and duration, vibration, attitude. Pure: samples in, figures out.

Integer arithmetic where samples pass (400 a second), since floats are allocated on MicroPython.
"""

import math

GRAVITY_SHIFT = 8  # gravity is the mean of about the last 2^8 samples: 0.64 s at 400 Hz
QUIET_MS = 100  # a shock is over when this long nothing exceeds the threshold: ringing belongs to it


class Shock:
    """One blow: when it began, its greatest acceleration apart from gravity, and how long it exceeded the threshold."""

    def __init__(self, at_ms: int, peak_mg: int, lasted_ms: int) -> None:
        self.at_ms = at_ms
        self.peak_mg = peak_mg
        self.lasted_ms = lasted_ms


class Motion:
    """Follows acceleration in mg, sample by sample."""

    def __init__(self) -> None:
        self.in_shock = False
        self._began_ms = 0
        self._over_ms = 0
        self._peak_squared = 0
        self._gravity: "list[int] | None" = None  # mg << GRAVITY_SHIFT
        self._highest_squared = 0  # since the last `take_figures`, and so the next two
        self._sum_squared = 0
        self._count = 0

    def add(self, x_mg: int, y_mg: int, z_mg: int, at_ms: int, threshold_mg: int) -> "Shock | None":
        """Take one sample; return the shock that it shows to be over, if any."""
        if self._gravity is None:
            self._gravity = [x_mg << GRAVITY_SHIFT, y_mg << GRAVITY_SHIFT, z_mg << GRAVITY_SHIFT]
        gravity = self._gravity
        dx = x_mg - (gravity[0] >> GRAVITY_SHIFT)
        dy = y_mg - (gravity[1] >> GRAVITY_SHIFT)
        dz = z_mg - (gravity[2] >> GRAVITY_SHIFT)
        squared = dx * dx + dy * dy + dz * dz
        self._sum_squared += squared
        self._count += 1
        self._highest_squared = max(self._highest_squared, squared)
        if squared >= threshold_mg * threshold_mg:
            self._exceed(squared, at_ms)
            return None
        if self.in_shock:
            return self._end(at_ms)
        gravity[0] += dx
        gravity[1] += dy
        gravity[2] += dz
        return None

    def take_figures(self) -> "tuple[int, int] | None":
        """Return (peak, root mean square) in mg since the last call; None without samples."""
        if not self._count:
            return None
        figures = (_root(self._highest_squared), _root(self._sum_squared // self._count))
        self._highest_squared = self._sum_squared = self._count = 0
        return figures

    def attitude_mg(self) -> "tuple[int, int, int] | None":
        """Return which way gravity points, None before the first sample."""
        if self._gravity is None:
            return None
        x, y, z = self._gravity
        return x >> GRAVITY_SHIFT, y >> GRAVITY_SHIFT, z >> GRAVITY_SHIFT

    def _exceed(self, squared: int, at_ms: int) -> None:
        if not self.in_shock:
            self.in_shock = True
            self._began_ms = at_ms
            self._peak_squared = 0
        self._over_ms = at_ms
        self._peak_squared = max(self._peak_squared, squared)

    def _end(self, at_ms: int) -> "Shock | None":
        if at_ms - self._over_ms < QUIET_MS:
            return None
        self.in_shock = False
        return Shock(self._began_ms, _root(self._peak_squared), self._over_ms - self._began_ms)


def angle_deg(a: "tuple[int, int, int]", b: "tuple[int, int, int]") -> "int | None":
    """Return the angle between two vectors, None where one has no direction."""
    lengths = math.sqrt(_square(a)) * math.sqrt(_square(b))
    if lengths == 0:
        return None
    cosine = (a[0] * b[0] + a[1] * b[1] + a[2] * b[2]) / lengths
    return int(math.degrees(math.acos(max(-1.0, min(1.0, cosine)))) + 0.5)


def _square(vector: "tuple[int, int, int]") -> int:
    return vector[0] * vector[0] + vector[1] * vector[1] + vector[2] * vector[2]


def _root(squared: int) -> int:
    return int(math.sqrt(squared) + 0.5)
