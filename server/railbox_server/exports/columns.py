"""What can be exported, as tables: the columns of each kind of row, and how a row of the API becomes one flat row.

Bounds become three columns, lists one text. Units are in the names, times ISO 8601 with `Z`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from railbox_telemetry.tables import CONDITION

Flat = dict[str, Any]
Type = Literal["text", "time", "integer", "number", "truth"]
LIST_SEPARATOR: Final = ";"
BOUNDS: Final = ("earliest", "est", "latest")


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    type: Type = "text"


@dataclass(frozen=True, slots=True)
class Table:
    """One kind of row. `flat` gives the values of `columns` of a row as the API shows it."""

    name: str
    columns: tuple[Column, ...]
    flat: Callable[[Mapping[str, Any]], Flat]
    summary: str


def _columns(type_: Type, *names: str) -> tuple[Column, ...]:
    return tuple(Column(name, type_) for name in names)


def _bounds_columns(*names: str) -> tuple[Column, ...]:
    return _columns("time", *(f"{name}_{bound}" for name in names for bound in BOUNDS))


def _flat_bounds(row: Mapping[str, Any], names: Sequence[str]) -> Flat:
    nothing: Flat = {}
    return {f"{name}_{bound}": (row[name] or nothing).get(bound) for name in names for bound in BOUNDS}


def _joined(items: Sequence[str]) -> str:
    return LIST_SEPARATOR.join(items)


_DWELL: Final = _columns("integer", "dwell_min_s", "dwell_est_s", "dwell_max_s", "limit_s")
_VERDICT: Final = (*_columns("text", "flag", "certainty"), Column("no_contact_since", "time"))
_STAY: Final = ("entered", "exited")
_MOMENTS: Final = ("arrived", "left", "crossed", "reached", "departed")
_ENDS: Final = ("start", "end")


def _flat_visit(row: Mapping[str, Any]) -> Flat:
    return {**row, **_flat_bounds(row, _STAY), "roles": _joined(row["roles"])}


def _flat_crossing(row: Mapping[str, Any]) -> Flat:
    return {**row, **_flat_bounds(row, _MOMENTS), "candidates": _joined(row["candidates"])}


def _flat_custody(row: Mapping[str, Any]) -> Flat:
    conditions = {
        f"{channel.name}_{what}": row["conditions"].get(channel.name, {}).get(what)
        for channel in CONDITION
        for what in _CONDITION_FIGURES
    }
    return {
        **row,
        **_flat_bounds(row, _ENDS),
        **conditions,
        "shocks": row["shocks"]["times"],
        "worst_shock_g": row["shocks"]["worst_g"],
        "door_openings": row["doors"]["times"],
    }


_CONDITION_FIGURES: Final = ("min", "mean", "max", "over_s", "under_s")

TABLES: Final = {
    table.name: table
    for table in (
        Table(
            "track",
            (
                *_columns("text", "unit", "device"),
                Column("time", "time"),
                *_columns("number", "lat", "lon"),
                Column("dark_s", "integer"),
                Column("trusted", "truth"),
                *_columns("number", "speed_mps", "course_deg", "accuracy_m"),
                Column("received_at", "time"),
            ),
            dict,
            "the kept positions; dark_s: seconds without a fix before this one",
        ),
        Table(
            "readings",
            (*_columns("text", "unit", "device"), Column("time", "time"), Column("channel"), Column("value", "number")),
            dict,
            "what sensors measured; the unit of a value is the end of its channel's name",
        ),
        Table(
            "events",
            (*_columns("text", "unit", "device"), Column("time", "time"), Column("event"), Column("value", "integer")),
            dict,
            "doors, shocks and what trackers noticed",
        ),
        Table(
            "visits",
            (
                *_columns("text", "unit", "place", "place_name", "country", "roles"),
                *_bounds_columns(*_STAY),
                Column("already_inside", "truth"),
                *_DWELL,
                *_VERDICT,
                Column("id"),
            ),
            _flat_visit,
            "stays at places, between their bounds",
        ),
        Table(
            "crossings",
            (
                *_columns("text", "unit", "corridor", "border", "border_name", "candidates", "from_side", "to_side"),
                *_bounds_columns(*_MOMENTS),
                *_DWELL,
                *_VERDICT,
                *_columns("truth", "gauge_change", "returned"),
                Column("id"),
            ),
            _flat_crossing,
            "passages of borders, between their bounds",
        ),
        Table(
            "custody",
            (
                *_columns("text", "unit", "kind", "place", "place_name", "country", "from_place", "to_place"),
                *_bounds_columns(*_ENDS),
                *(
                    Column(f"{channel.name}_{what}", "integer" if what.endswith("_s") else "number")
                    for channel in CONDITION
                    for what in _CONDITION_FIGURES
                ),
                Column("shocks", "integer"),
                Column("worst_shock_g", "number"),
                Column("door_openings", "integer"),
            ),
            _flat_custody,
            "condition, shocks and doors of each visit and each leg between two",
        ),
    )
}


def flat(table: Table, row: Mapping[str, Any]) -> Flat:
    """The row's values by column, in the order of the columns; absent is None."""
    values = table.flat(row)
    return {column.name: values.get(column.name) for column in table.columns}
