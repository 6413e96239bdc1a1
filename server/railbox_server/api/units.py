"""Routes of units: where they are, where they stood, and what is too long now."""

from fastapi import APIRouter, Request, Response

from railbox_server.api.answers import Paged, answer, seldom
from railbox_server.api.cursors import page_of
from railbox_server.api.examples import UnitPath
from railbox_server.api.models.custody import Custody
from railbox_server.api.models.journeys import Crossings, Flags, Visits
from railbox_server.api.models.units import LatestRows, UnitDetail, Units
from railbox_server.api.services import Services
from railbox_server.engine.rows import contact_at_time
from railbox_server.flags import Level, flag_rows
from railbox_server.store.values import Mark, Row
from railbox_telemetry import iso


def routes(services: Services) -> APIRouter:
    router = APIRouter(tags=["units"])
    store = services.store

    @router.get("/units", response_model=Units)
    def units(wish: Paged) -> Response:
        """Every unit: position, age, place, flag, condition and progress."""
        return wish.page("units", page_of(services.rows_of(), _by_unit, wish.limit, wish.after))

    @router.get("/latest", response_model=LatestRows)
    def latest() -> Response:
        """The newest trusted position of every unit that was ever seen, in one answer."""
        now_s, units = services.clock.now_s(), services.units()
        seen = (row for row in store.unit_rows() if row["latest"] is not None and row["unit"] in units)
        rows = [_latest_row(row, now_s, services.silence_s) for row in seen]
        return answer({"now": iso.from_s(now_s), "latest": rows})

    @router.get("/flags", response_model=Flags)
    def flags(wish: Paged, flag: Level | None = None) -> Response:
        """What is wrong now: stays and crossings that take too long, and units without contact."""
        rows = flag_rows(services.rows_of(), store.visits(open_only=True), store.crossings(open_only=True))
        chosen = [row for row in rows if flag is None or row["flag"] == flag]
        now = iso.from_s(services.clock.now_s())
        return wish.page("flags", page_of(chosen, _by_flag, wish.limit, wish.after), {"now": now})

    @router.get("/units/{unit}", response_model=UnitDetail)
    def unit(request: Request, unit: UnitPath) -> Response:
        """One unit with all its visits and crossings, transfers, excursions and stops."""
        name, _ = services.unit(unit)
        progress = store.progress(name)
        row: Row = {
            **services.rows_of([name])[0],
            "visits": store.visits(name),
            "crossings": store.crossings(name),
            **{key: progress[key] if progress else [] for key in ("transfers", "excursions", "stops")},
        }
        return seldom(request, row)

    @router.get("/units/{unit}/visits", response_model=Visits)
    def visits(wish: Paged, unit: UnitPath) -> Response:
        """The unit's stays at places, with bounds."""
        name, _ = services.unit(unit)
        return wish.page("visits", store.visit_page(name, wish.limit, wish.after))

    @router.get("/units/{unit}/crossings", response_model=Crossings)
    def crossings(wish: Paged, unit: UnitPath) -> Response:
        """The unit's passages of borders, with bounds and flags."""
        name, _ = services.unit(unit)
        return wish.page("crossings", store.crossing_page(name, wish.limit, wish.after))

    @router.get("/units/{unit}/custody", response_model=Custody)
    def custody(wish: Paged, unit: UnitPath) -> Response:
        """In which visit, or on which leg between two, what happened to the unit: condition, shocks, doors."""
        name, _ = services.unit(unit)
        numbered = list(enumerate(store.custody(name)))
        page = page_of(numbered, lambda item: (item[0],), wish.limit, wish.after)
        return wish.give("custody", [row for _, row in page.items], page.after, {"unit": name})

    _ = (units, latest, flags, unit, visits, crossings, custody)
    return router


def _latest_row(row: Row, now_s: int, silence_s: float) -> Row:
    place = row["place"]
    return {
        "unit": row["unit"],
        **row["latest"],
        **contact_at_time(row["latest"], now_s, silence_s),
        "place": place and place["id"],
        "flag": row["flag"],
        "certainty": row["certainty"],
    }


def _by_unit(row: Row) -> Mark:
    return (row["unit"],)


def _by_flag(row: Row) -> Mark:
    return (row["unit"], row["kind"], row["id"] or "")
