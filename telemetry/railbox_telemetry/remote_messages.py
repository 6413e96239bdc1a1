"""The messages of remote configuration: `c` (what a tracker is to be set to) and `r` (what became of it), as JSON.

Pure and strict: bounded in size, no key twice, no number that is none. The keys are in `tables`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NoReturn, TypeGuard, cast

from railbox_telemetry import iso
from railbox_telemetry.remote_keys import check_remote
from railbox_telemetry.settings import SettingsError
from railbox_telemetry.tables import CONFIGURATION_KEYS, RESULT_KEYS

MAX_BYTES: Final = 8_192
"""Of either message: every key with a threshold on every channel takes 2 kB."""
MAX_VERSION: Final = 2**53 - 1
"""What every reader of JSON can count to."""
MAX_REASON: Final = 500


@dataclass(frozen=True, slots=True)
class Configuration:
    """`settings`: the keys that are given, in tables as in the tracker's file; it replaces all that was said before."""

    version: int
    settings: Mapping[str, object]


class State(StrEnum):
    """What became of a configuration at the tracker."""

    APPLIED = "applied"
    REFUSED = "refused"
    REVERTED = "reverted"


@dataclass(frozen=True, slots=True)
class Result:
    """`version`: None where what came had none. `in_force`: which version holds now, None: the tracker's own file.

    `sent_at_s`: None while the tracker has no clock.
    """

    version: int | None
    state: State
    reason: str | None = None
    in_force: int | None = None
    sent_at_s: int | None = None


class MessageError(ValueError):
    """What came is no such message: one line that says why; `version` names it where that could be read."""

    def __init__(self, reason: str, version: int | None = None) -> None:
        super().__init__(" ".join(reason.split())[:MAX_REASON])
        self.version = version


def encode_configuration(configuration: Configuration) -> bytes:
    """Raises MessageError when the tracker would refuse it: what is sent has passed the tracker's own checks."""
    body = {"version": configuration.version, "settings": configuration.settings}
    try:
        payload = json.dumps(body, separators=(",", ":"), allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise MessageError(f"settings: {error}", configuration.version) from error
    decode_configuration(payload)
    return payload


def decode_configuration(payload: bytes) -> Configuration:
    """Raises MessageError, one line that says what is wrong and, where a key is, which."""
    body = _object(payload)
    version = body.get("version")
    if not _is_version(version):
        raise MessageError(f"version: expected an integer from 1 to {MAX_VERSION}")
    if unknown := sorted(body.keys() - CONFIGURATION_KEYS.keys()):
        raise MessageError(f"{unknown[0][:60]}: no such key; known here: {', '.join(CONFIGURATION_KEYS)}", version)
    settings = body.get("settings")
    if not isinstance(settings, dict):
        raise MessageError("settings: expected an object", version)
    try:
        check_remote(cast("dict[str, object]", settings))
    except SettingsError as error:
        raise MessageError(str(error), version) from error
    return Configuration(version, cast("dict[str, object]", settings))


def encode_result(result: Result) -> bytes:
    fields = {
        "version": result.version,
        "state": result.state,
        "reason": None if result.reason is None else result.reason[:MAX_REASON],
        "in_force": result.in_force,
        "sent_at": None if result.sent_at_s is None else iso.from_s(result.sent_at_s),
    }
    return json.dumps(
        {key: value for key, value in fields.items() if value is not None}, separators=(",", ":")
    ).encode()


def decode_result(payload: bytes) -> Result:
    """Raises MessageError. Keys of a newer tracker are left out."""
    body = {key: value for key, value in _object(payload).items() if key in RESULT_KEYS}
    version, state, reason = body.get("version"), body.get("state"), body.get("reason")
    in_force, sent_at = body.get("in_force"), body.get("sent_at")
    if version is not None and not _is_version(version):
        raise MessageError("version: expected an integer")
    if state not in tuple(State):
        raise MessageError(f"state: expected one of {', '.join(State)}")
    if reason is not None and not isinstance(reason, str):
        raise MessageError("reason: expected text")
    if in_force is not None and not _is_version(in_force):
        raise MessageError("in_force: expected an integer")
    return Result(version, State(state), reason and reason[:MAX_REASON], in_force, _time_s(sent_at))


def _object(payload: bytes) -> dict[str, Any]:
    if len(payload) > MAX_BYTES:
        raise MessageError(f"{len(payload)} bytes are over {MAX_BYTES}")
    try:
        body: object = json.loads(payload, object_pairs_hook=_once, parse_constant=_no_number)
    except MessageError:
        raise
    except (ValueError, RecursionError) as error:
        raise MessageError(f"not JSON: {error}") from error
    if not isinstance(body, dict):
        raise MessageError("not a JSON object")
    return cast("dict[str, Any]", body)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MessageError("a key is there twice")
    return found


def _no_number(name: str) -> NoReturn:
    raise MessageError(f"{name} is no number")


def _is_version(value: object) -> TypeGuard[int]:
    return type(value) is int and 1 <= value <= MAX_VERSION


def _time_s(value: object) -> int | None:
    if value is None:
        return None
    try:
        return iso.to_s(cast("str", value))
    except (TypeError, ValueError, OverflowError) as error:
        raise MessageError("sent_at: expected an ISO 8601 time with zone") from error
