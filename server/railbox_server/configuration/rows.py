"""Rows of configurations, as the API and `railbox device` show them."""

from railbox_server.configuration.model import Wanted
from railbox_server.configuration.room import Known
from railbox_server.store.values import Row
from railbox_telemetry import iso
from railbox_telemetry.remote_keys import REMOTE_KEYS


def known_row(known: Known) -> Row:
    heard = known.heard
    return {
        "device": known.device,
        "wanted": known.wanted and wanted_row(known.wanted),
        "in_force": heard and heard.in_force,
        "heard_at": heard and iso.from_ms(heard.received_at_ms),
        "unreadable": heard and heard.unreadable,
    }


def wanted_row(wanted: Wanted) -> Row:
    return {
        "version": wanted.version,
        "settings": dict(wanted.settings),
        "wanted_at": iso.from_ms(wanted.wanted_at_ms),
        "state": wanted.stand.value,
        "reason": wanted.reason,
        "reported_at": None if wanted.reported_at_ms is None else iso.from_ms(wanted.reported_at_ms),
    }


def key_rows() -> list[Row]:
    """What can be set, and to what."""
    return [
        {"key": key.name, "type": key.expected, "default": key.default, "explanation": key.help} for key in REMOTE_KEYS
    ]
