"""Whether two bodies say the same, but for differences too small to bother anybody with. Pure; knows no kind."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from railbox_server.telling.model import Hysteresis
from railbox_telemetry import iso

TIMES: Final = frozenset({"earliest", "est", "latest", "since"})
"""Keys whose values are times that move with late data; other times are those of events, and exact."""
VALUES: Final = frozenset({"min", "mean", "max"})
PLACE_DEG: Final = 0.02
"""About 2 km: where a shock was is not told again for less."""
PLACES: Final = frozenset({"lat", "lon"})


def alike(a: object, b: object, calm: Hysteresis, key: str = "") -> bool:
    """`key`: the name under which they stand."""
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        left, right = cast("Mapping[str, Any]", a), cast("Mapping[str, Any]", b)
        return left.keys() == right.keys() and all(alike(left[name], right[name], calm, name) for name in left)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        first, second = cast("Sequence[object]", a), cast("Sequence[object]", b)
        return len(first) == len(second) and all(alike(x, y, calm) for x, y in zip(first, second, strict=True))
    if key in TIMES and isinstance(a, str) and isinstance(b, str):
        return abs(iso.to_s(a) - iso.to_s(b)) <= calm.revise_s
    if isinstance(a, int | float) and isinstance(b, int | float) and not isinstance(a, bool):
        return abs(a - b) <= _tolerance(key, calm)
    return a == b


def _tolerance(key: str, calm: Hysteresis) -> float:
    if key.endswith("_s"):
        return calm.revise_s
    if key in VALUES:
        return calm.revise_value
    return PLACE_DEG if key in PLACES else 0.0
