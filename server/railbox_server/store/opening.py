"""Which store a data folder has, opened by whoever needs it: the server, its engine, and the commands.

What the server was told is written beside the store, so that the others need not be told as well.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, cast

from railbox_server.store.influx.store import InfluxStore
from railbox_server.store.interface import Store, StoreError
from railbox_server.store.settings import InfluxSettings, StoreSettings
from railbox_server.store.sqlite import FILE, SqliteStore
from railbox_server.store.sqlite_books import SqliteBooks

NOTE: Final = "store.json"


def note(folder: Path, settings: StoreSettings) -> None:
    """Says what the folder's store is. Raises StoreError."""
    influx = asdict(settings.influxdb)
    influx["token_file"] = (
        None if settings.influxdb.token_file is None else str(settings.influxdb.token_file.absolute())
    )
    part = folder / f"{NOTE}.part"
    try:
        part.write_text(json.dumps({"kind": settings.kind, "influxdb": influx}, indent=2) + "\n", encoding="utf-8")
        part.replace(folder / NOTE)
    except OSError as error:
        raise StoreError(f"{part}: cannot be written: {error.strerror}") from error


def noted(folder: Path) -> StoreSettings:
    """What the server said; where none has run yet, the defaults. Raises StoreError."""
    path = folder / NOTE
    if not path.exists():
        return StoreSettings()
    try:
        raw = cast("dict[str, Any]", json.loads(path.read_text(encoding="utf-8")))
        influx: dict[str, Any] = raw["influxdb"]
        influx["token_file"] = influx["token_file"] and Path(influx["token_file"])
        return StoreSettings(kind=raw["kind"], influxdb=InfluxSettings(**influx))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{path}: {error}; the server writes it anew at its next start") from error


def open_store(folder: Path) -> Store:
    """The folder's store, as its server was told. Raises StoreError."""
    return store_of(folder, noted(folder))


def open_books(folder: Path) -> SqliteBooks:
    """Its books alone, for care; there must be a store. Raises StoreError."""
    if not (folder / FILE).is_file():
        raise StoreError(f"no store in {folder}; give the folder that the server's settings name as data")
    return store_of(folder, noted(folder))


def store_of(folder: Path, settings: StoreSettings) -> SqliteStore | InfluxStore:
    if settings.kind == "influxdb":
        return InfluxStore(folder, settings.influxdb, token_of(settings.influxdb))
    return SqliteStore(folder, spooled=settings.kind == "both")


def token_of(settings: InfluxSettings) -> str | None:
    """Raises StoreError, which never shows it."""
    if settings.token_file is None:
        return None
    try:
        return settings.token_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"store.influxdb.token_file = {settings.token_file}: cannot be read: {error}") from error
