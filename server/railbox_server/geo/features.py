"""One feature of a GeoJSON file, and readers of its members that say what they expected.

Knows GeoJSON and the kinds of schema 1; what a place or a border needs is reading.py's.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar, cast

T = TypeVar("T")
Json = Mapping[str, Any]

KINDS: Final = ("place", "border", "leg", "line")
NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
"""Of corridors and ids: safe in file names and addresses."""
COUNTRY: Final = re.compile(r"[A-Z]{2}")
UNLOCODE: Final = re.compile(r"[A-Z]{2}[A-Z2-9]{3}")
LARGEST: Final = 1e9
"""No km, radius or hour is larger; keeps infinities and absurd integers out."""


class BadFeatureError(ValueError):
    """Cannot be read; the message is the reason."""


@dataclass(frozen=True, slots=True)
class Feature:
    """Members are looked up in `properties`; None stands for absent. Readers raise BadFeatureError."""

    label: str
    kind: str
    geometry: Json | None
    properties: Json

    def text(self, key: str, pattern: re.Pattern[str] | None = None) -> str | None:
        value = self.properties.get(key)
        if value is None:
            return None
        if not isinstance(value, str) or not value.strip():
            raise BadFeatureError(f"{key}: expected a text, found {value!r}")
        if pattern is not None and not pattern.fullmatch(value):
            raise BadFeatureError(f"{key}: {value!r} is not of the form {pattern.pattern}")
        return value

    def needed_text(self, key: str, pattern: re.Pattern[str] | None = None) -> str:
        return _need(key, self.text(key, pattern))

    def number(self, key: str, low: float = 0.0) -> float | None:
        value = self.properties.get(key)
        if value is None:
            return None
        if not _is_number(value) or value < low:
            raise BadFeatureError(f"{key}: expected a number of at least {low:g}, found {value!r}")
        return float(value)

    def needed_number(self, key: str) -> float:
        return _need(key, self.number(key))

    def list_of(self, key: str, kind: type[T]) -> tuple[T, ...]:
        value = self.properties.get(key, [])
        if not isinstance(value, list) or any(type(item) is not kind for item in cast("list[object]", value)):
            raise BadFeatureError(f"{key}: expected a list of {kind.__name__}, found {value!r}")
        return tuple(cast("list[T]", value))

    def point(self) -> tuple[float, float] | None:
        """(lat, lon) of a Point; None without geometry."""
        if self.geometry is None:
            return None
        if self.geometry.get("type") != "Point":
            raise BadFeatureError(f"geometry: expected a Point, found {self.geometry.get('type')!r}")
        lat_deg, lon_deg = position_of(self.geometry.get("coordinates"))
        if abs(lat_deg) > 90 or abs(lon_deg) > 180:
            raise BadFeatureError(
                f"geometry: [{lon_deg:g}, {lat_deg:g}] is not on the earth; coordinates are [lon, lat]"
            )
        return lat_deg, lon_deg


def feature_of(number: int, raw: object) -> Feature:
    """The `number`th feature of a file, counted from 1; raises BadFeatureError."""
    if not isinstance(raw, dict) or cast("Json", raw).get("type") != "Feature":
        raise BadFeatureError("not a GeoJSON Feature")
    members = cast("Json", raw)
    properties, geometry = members.get("properties"), members.get("geometry")
    if not isinstance(properties, dict) or not isinstance(geometry, dict | None):
        raise BadFeatureError("properties must be an object, and geometry an object or null")
    facts = cast("Json", properties)
    kind = facts.get("kind")
    if kind not in KINDS:
        raise BadFeatureError(f"kind: expected one of {', '.join(KINDS)}, found {kind!r}")
    label = f'{kind} "{facts["id"]}"' if "id" in facts else f"feature {number} ({kind})"
    return Feature(label, kind, cast("Json | None", geometry), facts)


def _need(key: str, value: T | None) -> T:
    if value is None:
        raise BadFeatureError(f"{key} is missing")
    return value


def position_of(value: object) -> tuple[float, float]:
    """(lat, lon) of a GeoJSON position, which is [lon, lat] and perhaps a height."""
    numbers = cast("list[object]", value) if isinstance(value, list) else []
    if len(numbers) not in (2, 3) or not all(_is_number(number) for number in numbers):
        raise BadFeatureError(f"geometry: expected [lon, lat], found {value!r}")
    lon_deg, lat_deg = cast("list[float]", numbers)[:2]
    return float(lat_deg), float(lon_deg)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and -LARGEST < value < LARGEST
