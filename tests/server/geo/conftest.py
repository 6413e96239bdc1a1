"""A small sound corridor to spoil, and how it is written and read back."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from railbox_server.geo import corridors
from railbox_server.geo.model import Corridor, Problem

Document = dict[str, Any]
Inspect = Callable[[Document], tuple[Corridor | None, tuple[Problem, ...]]]


def feature(point: tuple[float, float] | None, **properties: object) -> Document:
    """`point` is (lat, lon)."""
    geometry = {"type": "Point", "coordinates": [point[1], point[0]]} if point else None
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def yard(place_id: str, country: str, point: tuple[float, float], km: float, **more: object) -> Document:
    facts: dict[str, object] = {"border_id": "aa-bb", "radius_m": 2000, "roles": ["border-yard"], **more}
    return feature(point, kind="place", id=place_id, name=place_id, country=country, km=km, **facts)


@pytest.fixture
def document() -> Document:
    """Terminal a0 and yard a1 in AA, border, yard b1 and station b2 in BB, some 10 km apart each."""
    return {
        "type": "FeatureCollection",
        "schema": 1,
        "name": "small",
        "title": "A small corridor",
        "attribution": "nobody",
        "features": [
            feature(
                (10.0, 20.0), kind="place", id="a0", name="a0", roles=["terminal"], country="AA", km=0, radius_m=1500
            ),
            yard("a1", "AA", (10.1, 20.0), 12),
            yard("b1", "BB", (10.2, 20.0), 24),
            feature((10.3, 20.0), kind="place", id="b2", name="b2", roles=["station"], country="BB", km=36),
            feature(None, kind="border", id="aa-bb", name="a1 / b1", sides=["AA", "BB"]),
        ],
    }


@pytest.fixture
def inspect(tmp_path: Path) -> Inspect:
    def run(document: Document) -> tuple[Corridor | None, tuple[Problem, ...]]:
        path = tmp_path / "small.geojson"
        path.write_text(json.dumps(document))
        return corridors.inspect(path)

    return run
