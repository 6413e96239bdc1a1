"""A line's geometry attached to a corridor: from anybody's GeoJSON into the corridor's own document.

Pure: parsed documents in, a document out. Which lines are of use is way.py's word; the others are left out and counted.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from railbox_server.geo import reading
from railbox_server.geo.features import BadFeatureError
from railbox_server.geo.model import Corridor, Line
from railbox_server.geo.way import Way

LINES: Final = ("LineString", "MultiLineString")
DIGITS: Final = 5
"""Of a coordinate: 1 m."""

Labelled = Sequence[tuple[str, Mapping[str, Any]]]
"""GeoJSON features, each as an error message calls it."""


class BadLineError(ValueError):
    """A line that cannot be read, or none that leads along the corridor; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Attached:
    """The corridor's document with the lines; how many of those given are of use, and what they do to its length."""

    document: dict[str, Any]
    used: int
    given: int
    way_km: float
    before_km: float


def features_of(document: object) -> Labelled:
    """Of a FeatureCollection, a Feature or a bare geometry; raises BadLineError where it is none of them."""
    members: Mapping[str, Any] = cast("Mapping[str, Any]", document) if isinstance(document, dict) else {}
    raw: object = members.get("features") if members.get("type") == "FeatureCollection" else [members]
    if members.get("type") in LINES:
        raw = [{"type": "Feature", "properties": {}, "geometry": members}]
    if not isinstance(raw, list):
        raise BadLineError("features: expected a list")
    found: list[tuple[str, Mapping[str, Any]]] = []
    for number, feature in enumerate(cast("list[object]", raw), 1):
        if not isinstance(feature, dict) or not isinstance(cast("Mapping[str, Any]", feature).get("geometry"), dict):
            raise BadLineError(f"feature {number}: not a GeoJSON Feature with a geometry")
        found.append((f"feature {number}", cast("Mapping[str, Any]", feature)))
    return found


def of_kind(features: Labelled, kinds: Sequence[str]) -> Labelled:
    return [(label, feature) for label, feature in features if feature["geometry"].get("type") in kinds]


def attached(document: Mapping[str, Any], features: Labelled, attribution: str | None = None) -> Attached:
    """`document`: a sound corridor's; `features`: lines. Raises BadLineError."""
    corridor, _ = reading.read(document)
    assert corridor is not None
    given = [line for label, feature in features for line in _lines(label, feature)]
    way = Way(replace(corridor, lines=(*corridor.lines, *given)))
    of_use = [line for line in given if not any(line is other for other in way.unused_lines)]
    if not of_use:
        raise BadLineError(
            f"none of {len(given)} lines leads from a place of {corridor.name} to the next (within 9 km of both) "
            "better than what is drawn there already"
        )
    credits_ = [text for text in (document.get("attribution"), attribution) if text]
    made = {
        **document,
        **({"attribution": "; ".join(dict.fromkeys(credits_))} if credits_ else {}),
        "features": [*document["features"], *_as_features(corridor, of_use)],
    }
    return Attached(made, len(of_use), len(given), way.to_km - way.from_km, _length_km(corridor))


def _length_km(corridor: Corridor) -> float:
    way = Way(corridor)
    return way.to_km - way.from_km


def _lines(label: str, feature: Mapping[str, Any]) -> list[Line]:
    try:
        return reading.lines_of(None, feature["geometry"])
    except BadFeatureError as error:
        raise BadLineError(f"{label}: {error}") from error


def _as_features(corridor: Corridor, lines: Sequence[Line]) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, len(corridor.lines) + 1):
        coordinates = [[round(lon, DIGITS), round(lat, DIGITS)] for lat, lon in line.points]
        yield {
            "type": "Feature",
            "properties": {"kind": "line", "id": f"{corridor.name[:56]}-line-{number}"},
            "geometry": {"type": "LineString", "coordinates": coordinates},
        }
