"""Stations as somebody lists them, in a table (CSV) or as GeoJSON points with the same columns as properties.

Pure: text or a parsed document in, stations out. Columns: corridor, name, country, lat, lon, role (several with `;`);
and where they are known unlocode, gauge_mm (`1435/1520`, `road`), tz, source, and km, for all stations of a corridor or
for none: then they are reckoned along the straight line from one to the next.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import Any, Final, cast

from railbox_server.geo import survey
from railbox_server.geo.earth import distance_m
from railbox_server.geo.features import NAME, BadFeatureError, position_of

ROLE_OF: Final[Mapping[str, str]] = {
    "border": "border-yard",
    "gauge-break": "gauge-break",
    "terminal": "terminal",
    "rail-road": "transfer",
    "junction": "yard",
    "station": "station",
    "road-waypoint": "station",
}
BORDER_LINE: Final = "border-line"
"""The role of a row that is a point on the line, not a place."""

Row = Mapping[str, str]


class TableError(ValueError):
    """A row that cannot be used; the message names line and reason."""


@dataclass(frozen=True, slots=True)
class Station:
    """One row; `short` is what ids and border names are made of."""

    corridor: str
    name: str
    short: str
    country: str
    point: tuple[float, float]
    unlocode: str | None
    gauges_mm: tuple[int, ...]
    tz: str | None
    roles: tuple[str, ...]
    km: float | None
    source: str

    @property
    def at_km(self) -> float:
        """Every station that was read has one."""
        return self.km or 0.0

    @property
    def id(self) -> str:
        return slug(self.country, self.short)

    @property
    def is_yard(self) -> bool:
        return "border-yard" in self.roles

    @property
    def is_zone(self) -> bool:
        return self.roles not in (("station",), (BORDER_LINE,))


def of_csv(text: str) -> list[Station]:
    """In the table's order; raises TableError, which names the line."""
    rows = csv.DictReader(io.StringIO(text))
    found = (
        (f"line {rows.line_num}", {key: value.strip() for key, value in row.items() if isinstance(value, str)})
        for row in rows
    )
    return _stations(found)


def of_points(features: Iterable[tuple[str, Mapping[str, Any]]], corridor: str) -> list[Station]:
    """Of labelled GeoJSON features that are points, in the order of their `order`, else as they stand.

    `corridor`: of those that name none. Raises TableError, which names the feature.
    """
    rows = [(label, {"corridor": corridor, **_row_of_point(label, feature)}) for label, feature in features]
    if all(_is_number(row.get("order", "")) for _, row in rows):
        rows.sort(key=lambda item: float(item[1]["order"]))
    return _stations(rows)


def slug(*words: str) -> str:
    """`PK`, `Nok Kundi` -> `pk-nok-kundi`."""
    plain = unicodedata.normalize("NFKD", " ".join(words)).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def _row_of_point(label: str, feature: Mapping[str, Any]) -> dict[str, str]:
    try:
        lat_deg, lon_deg = position_of(feature["geometry"].get("coordinates"))
    except BadFeatureError as error:
        raise TableError(f"{label}: {error}") from error
    said = cast("Mapping[str, Any]", feature.get("properties") or {})
    if "role" not in said and "roles" in said:
        said = {**said, "role": said["roles"]}
    return {**{key: _text(key, value) for key, value in said.items()}, "lat": str(lat_deg), "lon": str(lon_deg)}


def _text(key: str, value: object) -> str:
    """A property as a table would have it."""
    if isinstance(value, list):
        return ("/" if key == "gauge_mm" else ";").join(map(str, cast("list[object]", value)))
    return "" if value is None else str(value).strip()


def _stations(rows: Iterable[tuple[str, Row]]) -> list[Station]:
    found: list[tuple[str, Station]] = []
    for label, row in rows:
        try:
            found.append((label, _station(row)))
        except (KeyError, ValueError) as error:
            reason = f"no value in column {error}" if isinstance(error, KeyError) else str(error)
            raise TableError(f"{label}: {reason}") from error
    names = dict.fromkeys(station.corridor for _, station in found)
    return [station for name in names for station in _with_km([item for item in found if item[1].corridor == name])]


def _with_km(stations: Sequence[tuple[str, Station]]) -> Iterator[Station]:
    """As listed; where none is listed, along the straight line."""
    blank = [label for label, station in stations if station.km is None]
    if blank and len(blank) < len(stations):
        raise TableError(f"{blank[0]}: km: expected a number, as others have one; or leave all of them out")
    own = [station for _, station in stations]
    steps_km = [distance_m(a.point, b.point) / 1000 for a, b in pairwise(own)]
    for station, km in zip(own, accumulate(steps_km, initial=0.0), strict=True):
        yield replace(station, km=round(km, 1)) if blank else station


def _station(row: Row) -> Station:
    # What stands in parentheses after a role is a remark.
    roles = [re.sub(r"\s*\(.*\)$", "", role.strip()) for role in row["role"].split(";")]
    roles = [_NAMED.get(role, role) for role in roles]
    if unknown := [role for role in roles if role not in ROLE_OF and role != BORDER_LINE]:
        raise ValueError(f"role: {', '.join(unknown)} unknown; known are {', '.join(ROLE_OF)}, {BORDER_LINE}")
    if not NAME.fullmatch(row["corridor"]):
        raise ValueError(f"corridor: {row['corridor']!r} is not of the form {NAME.pattern}")
    gauge_mm = row.get("gauge_mm", "")
    gauges = [] if gauge_mm in ("", "road") else gauge_mm.split("/")
    return Station(
        corridor=row["corridor"],
        name=survey.NAMES.get(row["name"], row["name"]),
        short=survey.SHORT_NAMES.get(row["name"]) or re.sub(r"\s*\(.*?\)", "", row["name"]),
        country=row["country"],
        point=(float(row["lat"]), float(row["lon"])),
        unlocode=row.get("unlocode") or None,
        gauges_mm=tuple(int(gauge) for gauge in gauges),
        tz=row.get("tz") or None,
        roles=tuple(ROLE_OF.get(role, role) for role in roles),
        km=float(row["km"]) if row.get("km") else None,
        source=row.get("source", ""),
    )


_NAMED: Final = {role: name for name, role in reversed(ROLE_OF.items())}
"""A corridor's own words for roles are understood too."""


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
