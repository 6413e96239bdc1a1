"""What is true of a unit and worth telling, from the rows that the engine derived. Pure; reads no store.

Facts carry the rows' own fields, so that what is told, and what the API shows, is in the same words.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from railbox_server.telling.model import INCIDENTS, Body, Fact, Kind
from railbox_telemetry import iso

Row = dict[str, Any]

_MOMENTS: Final = {"visit": ("entered", "exited"), "crossing": ("arrived", "departed")}
_JUDGEMENT: Final = ("limit_s", "flag", "certainty", "no_contact_since")
"""Told as flags, not with the visit or crossing."""
_DWELL: Final = ("dwell_min_s", "dwell_est_s", "dwell_max_s", "dwell_by_side")
_CONDITION: Final = ("kind", "place", "start", "end", "conditions", "shocks", "doors")


@dataclass(frozen=True, slots=True)
class Contact:
    """When a unit was last heard of, and whether it should be. `row`: that of /api/units."""

    row: Row | None
    is_assigned: bool
    now_s: int
    silence_s: float


class _Spans:
    """Custody's spans, asked by visit and by time."""

    def __init__(self, custody: Sequence[Row]) -> None:
        self._of_visit: dict[tuple[str, str], list[Row]] = {}
        self._by_time: list[tuple[int, int, Row]] = []
        for span in custody:
            if span["kind"] == "visit":
                self._of_visit.setdefault((span["place"], repr(span["start"])), []).append(span)
            if span["start"] is not None and span["end"] is not None:
                self._by_time.append((iso.to_s(span["start"]["est"]), iso.to_s(span["end"]["est"]), span))

    def of_visit(self, row: Row) -> Sequence[Row]:
        return self._of_visit.get((row["place"], repr(row["entered"])), ())

    def between(self, start_s: int, end_s: int) -> Iterator[Row]:
        """Those that lie in that time."""
        return (span for first_s, last_s, span in self._by_time if start_s <= first_s and last_s <= end_s)


def facts(
    unit: str, visits: Sequence[Row], crossings: Sequence[Row], custody: Sequence[Row], contact: Contact
) -> list[Fact]:
    """`visits` and `crossings` as journey.report, `custody` as custody.report gives them."""
    found: list[Fact] = []
    spans = _Spans(custody)
    for row in (*visits, *crossings):
        found.append(_of_stay(unit, row, spans))
        if row["flag"] != "none":
            found.append(_flag(unit, row))
    found += _incidents(unit, custody)
    found += _no_contact(unit, contact)
    return found


def _of_stay(unit: str, row: Row, spans: "_Spans") -> Fact:
    """A visit or crossing as such; of one that is over, with the condition meanwhile."""
    kind = Kind(row["type"])
    start_s, end_s = _span(row)
    left_out = {"type", "id", "unit", *_JUDGEMENT, *(_DWELL if end_s is None else ())}
    body = {name: value for name, value in row.items() if name not in left_out}
    if end_s is not None:
        own = spans.of_visit(row) if kind is Kind.VISIT else spans.between(start_s, end_s)
        body["condition"] = [{name: span[name] for name in _CONDITION} for span in own]
    return Fact(kind, unit, _places(row), start_s, end_s, body)


def _flag(unit: str, row: Row) -> Fact:
    """`of`: whether a visit or a crossing is too long."""
    start_s, end_s = _span(row)
    body = {name: value for name, value in row.items() if name not in {"type", "id", "unit"}}
    where = tuple(f"{row['type']} {place}" for place in _places(row))
    return Fact(Kind.FLAG, unit, where, start_s, end_s, {"of": row["type"], **body})


def _incidents(unit: str, custody: Iterable[Row]) -> Iterator[Fact]:
    """Each once, though nested places each have it."""
    told: dict[tuple[object, ...], Fact] = {}
    for span in custody:
        for item in span["incidents"]:
            key = item["event"], item["device"], item["time"], item["value"]
            body: Body = {**item, **{name: span[name] for name in ("place", "place_name", "country")}}
            if key not in told or told[key].body["place"] is None:
                time_s = iso.to_s(item["time"])
                told[key] = Fact(INCIDENTS[item["event"]], unit, (item["device"],), time_s, time_s, body)
    yield from told.values()


def _no_contact(unit: str, contact: Contact) -> Iterator[Fact]:
    last: Row | None = contact.row and contact.row["latest"]
    if contact.row is None or last is None or not contact.is_assigned:
        return
    since_s = iso.to_s(last["time"])
    if contact.now_s - since_s > contact.silence_s:
        at = {name: round(last[name], 5) for name in ("lat", "lon")}
        body = {"since": last["time"], **at, "place": contact.row["place"]}
        yield Fact(Kind.NO_CONTACT, unit, (unit,), since_s, None, body)


def _places(row: Row) -> tuple[str, ...]:
    if row["type"] == "visit":
        return (row["place"],)
    return tuple(row["candidates"]) if row["border"] is None else (row["border"],)


def _span(row: Row) -> tuple[int, int | None]:
    """The widest that it may have been."""
    first, last = (row[name] for name in _MOMENTS[row["type"]])
    start = first["earliest"] or first["est"] or first["latest"]
    end = last and (last["latest"] or last["est"] or last["earliest"])
    return iso.to_s(start), None if end is None else iso.to_s(end)
