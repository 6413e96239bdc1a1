"""The file that remote configuration survives restarts in, next to the outbox.

Replaced whole, so that a power cut leaves the one before or the new one. A damaged one is set aside: then the tracker's
own settings count, until the broker's retained configuration comes again.
"""

import json
import logging
import os
from collections import Counter
from pathlib import Path
from typing import Any, Final, cast

from railbox_agent.remote.state import Remote, Trial
from railbox_telemetry.remote_messages import (
    MAX_BYTES,
    Configuration,
    decode_configuration,
    decode_result,
    encode_configuration,
    encode_result,
)

log = logging.getLogger(__name__)

NAME: Final = "remote.json"
DAMAGED: Final = "remote.damaged.json"
SCHEMA: Final = 1


class KeptFile:
    """`counters`: remote_set_aside, remote_not_kept."""

    def __init__(self, folder: Path) -> None:
        self.counters: Counter[str] = Counter()
        self._path = folder / NAME

    def load(self) -> Remote:
        """What was saved last; nothing when there is no file, or none that can be read."""
        try:
            return decode(self._path.read_bytes()[: 4 * MAX_BYTES])
        except FileNotFoundError:
            return Remote()
        except OSError as error:
            self.counters["remote_set_aside"] += 1
            log.error("%s: cannot be read: %s; the tracker's own settings count", self._path, error.strerror)
        except ValueError as error:
            self._put_aside(error)
        return Remote()

    def save(self, remote: Remote) -> None:
        """On disk when this returns; where the disk takes nothing it holds until the next start, and that is said."""
        new = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with new.open("wb") as file:
                file.write(encode(remote))
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._path)
            _sync(self._path.parent)
        except OSError as error:
            self.counters["remote_not_kept"] += 1
            log.error("%s: cannot be written: %s; holds until the next start only", self._path, error.strerror)

    def _put_aside(self, why: ValueError) -> None:
        self.counters["remote_set_aside"] += 1
        aside = self._path.with_name(DAMAGED)
        log.error("%s: damaged (%s), set aside as %s; the tracker's own settings count", self._path, why, aside.name)
        try:
            self._path.replace(aside)
        except OSError as error:
            log.error("%s: cannot be set aside: %s", self._path, error.strerror)


def encode(remote: Remote) -> bytes:
    trial = remote.trial
    body = {
        "schema": SCHEMA,
        "confirmed": _text(remote.confirmed),
        "trial": _text(trial and trial.wanted),
        "starts": trial.starts if trial else 0,
        "newest": remote.newest,
        "verdict": encode_result(remote.verdict).decode() if remote.verdict else None,
        "told": remote.told,
    }
    return json.dumps(body).encode()


def decode(data: bytes) -> Remote:
    """Raises ValueError, which says what is wrong. A trial has no end yet: `state.started` gives it one."""
    body: object = json.loads(data)
    if not isinstance(body, dict):
        raise ValueError("not a JSON object")
    fields = cast("dict[str, Any]", body)
    newest, starts, verdict, told = (fields.get(key) for key in ("newest", "starts", "verdict", "told"))
    if fields.get("schema") != SCHEMA:
        raise ValueError(f"schema {fields.get('schema')}, this tracker knows {SCHEMA}")
    if type(newest) is not int or type(starts) is not int or type(told) is not bool:
        raise ValueError("newest, starts or told is of the wrong type")
    trial = _configuration(fields.get("trial"))
    return Remote(
        confirmed=_configuration(fields.get("confirmed")),
        trial=Trial(trial, 0, starts) if trial else None,
        newest=newest,
        verdict=decode_result(verdict.encode()) if isinstance(verdict, str) else None,
        told=told,
    )


def _text(configuration: Configuration | None) -> str | None:
    """As it came: so it is read back by the same rules."""
    return encode_configuration(configuration).decode() if configuration else None


def _configuration(text: object) -> Configuration | None:
    return decode_configuration(text.encode()) if isinstance(text, str) else None


def _sync(folder: Path) -> None:
    """The new name itself is on disk when this returns."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
