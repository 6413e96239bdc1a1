"""Progress as a JSON row: what the API and `railbox` commands show."""

from typing import Any, Final

from railbox_server.journey.report import bounds_row
from railbox_server.progress.follow import Excursion, Stop
from railbox_server.progress.model import Ahead, Deviation, Eta, Progress, Transfer
from railbox_telemetry.iso import from_s

Row = dict[str, Any]

HEADINGS: Final = {1: "forward", -1: "backward", None: None}
"""With or against the corridor's km."""


def progress_row(progress: Progress) -> Row:
    mark = progress.mark
    return {
        "type": "progress",
        "unit": progress.unit,
        "corridor": progress.corridor,
        "time": from_s(mark.time_s),
        "km": round(progress.km, 1),
        "way_km": round(mark.way_km, 1),
        "off_m": round(mark.off_m),
        "off_since": _time(progress.off_since_s),
        "mode": progress.mode,
        "heading": HEADINGS[progress.heading],
        "standing_at": progress.standing_at,
        "next_border": _ahead_row(progress.next_border),
        "terminal": _ahead_row(progress.terminal),
        "timetable": _deviation_row(progress.deviation),
        "transfers": [_transfer_row(transfer) for transfer in progress.transfers],
        "excursions": [_excursion_row(excursion) for excursion in progress.excursions],
        "stops": [_stop_row(stop) for stop in progress.stops],
    }


def _ahead_row(ahead: Ahead | None) -> Row | None:
    if ahead is None:
        return None
    return {
        "id": ahead.id,
        "name": ahead.name,
        "km": round(ahead.km, 1),
        "distance_km": round(ahead.distance_km, 1),
        "eta": _eta_row(ahead.eta),
    }


def _eta_row(eta: Eta | None) -> Row | None:
    if eta is None:
        return None
    return {"p50": from_s(eta.p50_s), "p90": from_s(eta.p90_s), "observations": eta.observations}


def _deviation_row(deviation: Deviation | None) -> Row | None:
    if deviation is None:
        return None
    return {
        "late_min": deviation.late_min,
        "late_at_end_min": deviation.late_at_end_min,
        "assumed": deviation.assumed,
    }


def _transfer_row(transfer: Transfer) -> Row:
    visit = transfer.visit
    return {
        "place": visit.place.id,
        "place_name": visit.place.name,
        "from_mode": transfer.from_mode,
        "to_mode": transfer.to_mode,
        "entered": bounds_row(visit.entered),
        "exited": bounds_row(visit.exited),
        "dwell_min_s": visit.dwell.min_s,
        "dwell_est_s": visit.dwell.est_s,
        "dwell_max_s": visit.dwell.max_s,
    }


def _excursion_row(excursion: Excursion) -> Row:
    return {
        "from": from_s(excursion.from_s),
        "to": _time(excursion.to_s),
        "way_km": round(excursion.way_km, 1),
        "worst_m": round(excursion.worst_m),
    }


def _stop_row(stop: Stop) -> Row:
    return {
        "from": from_s(stop.from_s),
        "to": from_s(stop.to_s),
        "dark_s": stop.dark_s,
        "lat": round(stop.lat_deg, 5),
        "lon": round(stop.lon_deg, 5),
        "way_km": round(stop.way_km, 1),
    }


def _time(time_s: int | None) -> str | None:
    return None if time_s is None else from_s(time_s)
