"""A corridor as a picture (SVG) that any browser shows: its course, places, zones to scale, and borders. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from math import cos, radians
from typing import Final

from railbox_server.geo.earth import MEAN_RADIUS_M
from railbox_server.geo.model import Border, Corridor, Place

WIDTH: Final = 1_400.0
EDGE: Final = 60.0
LEAST_PX: Final = 2.5
"""A zone is never drawn smaller: on a whole corridor it would vanish."""
STYLE: Final = """
 text { font: 9px sans-serif; fill: #222 } .title { font-size: 16px } .note { fill: #777 }
 .way { fill: none; stroke: #bbb; stroke-dasharray: 4 3 } .line { fill: none; stroke: #555; stroke-width: 1.2 }
 .zone { fill: #2a78b4; fill-opacity: .35; stroke: #2a78b4 } .yard { fill: #d2691e; stroke: #d2691e }
 .station { fill: #fff; stroke: #888 } .border { fill: #c00 }
"""


@dataclass(frozen=True, slots=True)
class _Map:
    """Degrees to pixels: flat about the corridor's middle latitude, north up."""

    west_deg: float
    north_deg: float
    east_px: float
    north_px: float

    def at(self, lat_deg: float, lon_deg: float) -> tuple[float, float]:
        return EDGE + (lon_deg - self.west_deg) * self.east_px, 2 * EDGE + (self.north_deg - lat_deg) * self.north_px

    def pixels(self, metres: float) -> float:
        return metres / radians(MEAN_RADIUS_M) * self.north_px


def svg(corridor: Corridor) -> str:
    points = [(place.lat_deg, place.lon_deg) for place in corridor.places]
    points += [point for line in corridor.lines for point in line.points]
    lats, lons = [lat for lat, _ in points], [lon for _, lon in points]
    squeeze = cos(radians((min(lats) + max(lats)) / 2))
    east_px = (WIDTH - 4 * EDGE) / max(max(lons) - min(lons), (max(lats) - min(lats)) / squeeze, 0.1)
    chart = _Map(min(lons), max(lats), east_px, east_px / squeeze)
    height = chart.at(min(lats), 0)[1] + EDGE
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:.0f} {height:.0f}"><style>{STYLE}</style>'
    title = f'<text class="title" x="{EDGE}" y="30">{escape(corridor.title)}, {corridor.km:.0f} km</text>'
    note = f'<text class="note" x="{EDGE}" y="46">{escape(corridor.attribution)}</text>'
    return "\n".join([head, title, note, *_course(corridor, chart), *_marks(corridor, chart), "</svg>\n"])


def _course(corridor: Corridor, chart: _Map) -> Iterator[str]:
    along = [(place.lat_deg, place.lon_deg) for place in corridor.places if place.km is not None]
    yield _path("way", along, chart)
    for line in corridor.lines:
        yield _path("line", line.points, chart)


def _path(style: str, points: list[tuple[float, float]] | tuple[tuple[float, float], ...], chart: _Map) -> str:
    corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in (chart.at(*point) for point in points))
    return f'<polyline class="{style}" points="{corners}"/>'


def _marks(corridor: Corridor, chart: _Map) -> Iterator[str]:
    for place in corridor.places:
        yield _place(place, chart)
    for border in corridor.borders:
        yield _border(border, chart)


def _place(place: Place, chart: _Map) -> str:
    x, y = chart.at(place.lat_deg, place.lon_deg)
    style = "zone yard" if place.border_id else "zone" if place.is_zone else "station"
    shape = f'<circle class="{style}" cx="{x:.1f}" cy="{y:.1f}" r="{_radius_px(place, chart):.1f}"/>'
    if place.polygon is not None:
        corners = " ".join(f"{px:.1f},{py:.1f}" for px, py in (chart.at(*corner) for corner in place.polygon))
        shape = f'<polygon class="{style}" points="{corners}"/>'
    km = "" if place.km is None else f" {place.km:.0f}"
    return f'{shape}<text x="{x + 5:.1f}" y="{y + 3:.1f}">{escape(place.name)}<tspan class="note">{km}</tspan></text>'


def _radius_px(place: Place, chart: _Map) -> float:
    return max(LEAST_PX, chart.pixels(place.radius_m or 0.0))


def _border(border: Border, chart: _Map) -> str:
    x, y = chart.at(border.lat_deg, border.lon_deg)
    said = f"{'/'.join(border.sides)}: limit {border.limit_h:g} h"
    title = f"<title>{escape(border.name)} {said}</title>"
    return f'<rect class="border" x="{x - 2:.1f}" y="{y - 2:.1f}" width="4" height="4">{title}</rect>'
