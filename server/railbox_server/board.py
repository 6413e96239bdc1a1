"""The borders board: at each border, who stands where, since when, and whether that is too long.

Pure: from the corridors and the open rows that the engine derived to rows of /api/board.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from railbox_server.geo.model import Border, Corridor, Place
from railbox_server.store.values import Row

_DWELL: Final = ("dwell_min_s", "dwell_est_s", "dwell_max_s")


def board_rows(
    corridors: Sequence[Corridor],
    open_visits: Iterable[Row],
    open_crossings: Iterable[Row],
    recent_of: Callable[[str], Sequence[Row]],
) -> list[Row]:
    """Every border once, in the order of the corridors. `recent_of(border)`: its last crossings that are over."""
    yards = {place.id: place for corridor in corridors for place in corridor.places if place.border_id is not None}
    standing: dict[tuple[str, str], Row] = {}
    for visit in sorted(open_visits, key=_entered):
        if (yard := yards.get(visit["place"])) is not None:
            standing[visit["unit"], yard.border_id or ""] = visit
    going_on: dict[str, dict[str, Row]] = {}
    for crossing in open_crossings:
        going_on.setdefault(crossing["border"] or "", {})[crossing["unit"]] = crossing
    rows: list[Row] = []
    for border, names in _borders(corridors):
        open_here = going_on.get(border.id, {})
        here = {unit: visit for (unit, border_id), visit in standing.items() if border_id == border.id}
        rows_here = [_row(unit, open_here.get(unit), here.get(unit), yards) for unit in open_here.keys() | here.keys()]
        rows.append(
            {
                "border": border.id,
                "name": border.name,
                "corridors": names,
                "sides": list(border.sides),
                "limit_s": round(border.limit_h * 3600),
                "expected_s": round(border.expected_h * 3600),
                "rows": sorted(rows_here, key=lambda row: (row["since"]["latest"] or "", row["unit"])),
                "recent": list(recent_of(border.id)),
            }
        )
    return rows


def _borders(corridors: Sequence[Corridor]) -> list[tuple[Border, list[str]]]:
    found: dict[str, tuple[Border, list[str]]] = {}
    for corridor in corridors:
        for border in corridor.borders:
            found.setdefault(border.id, (border, []))[1].append(corridor.name)
    return list(found.values())


def _row(unit: str, crossing: Row | None, visit: Row | None, yards: dict[str, Place]) -> Row:
    """A unit at a border: how long is told of its whole stay there, from its arrival; where it is, by its yard."""
    whole = crossing or visit
    assert whole is not None
    return {
        "unit": unit,
        "place": visit and visit["place"],
        "place_name": visit and visit["place_name"],
        "side": yards[visit["place"]].side if visit else _side(crossing),
        "since": crossing["arrived"] if crossing else whole["entered"],
        **{key: whole[key] for key in _DWELL},
        "flag": whole["flag"],
        "certainty": whole["certainty"],
        "no_contact_since": whole["no_contact_since"],
        "open": True,
    }


def _side(crossing: Row | None) -> str | None:
    if crossing is None:
        return None
    return crossing["from_side"] if crossing["crossed"] is None else crossing["to_side"]


def _entered(visit: Row) -> str:
    return visit["entered"]["latest"] or ""
