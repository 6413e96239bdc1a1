"""What a tracker says of itself on topic `s`: JSON to a status, or the reason why it is none.

Pure. The keys are `tables.STATUS_KEYS`; others are left out.
"""

import json
from typing import Any, Final, cast

from railbox_server.store.values import Status
from railbox_telemetry.tables import STATUS_KEYS

MAX_STATUS_BYTES: Final = 16_384


class StatusError(ValueError):
    """Not a status; the message says why."""


def parse_status(device: str, payload: bytes, received_at_ms: int) -> Status:
    """Raises StatusError."""
    if len(payload) > MAX_STATUS_BYTES:
        raise StatusError(f"{len(payload)} bytes are over {MAX_STATUS_BYTES}")
    try:
        raw: object = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise StatusError(f"not JSON: {error}") from error
    if not isinstance(raw, dict):
        raise StatusError("not a JSON object")
    body = {key: value for key, value in cast("dict[str, Any]", raw).items() if key in STATUS_KEYS}
    if not isinstance(body.get("online"), bool):
        raise StatusError("online is not true or false")
    if not _is_number_or_absent(body.get("epoch")):
        raise StatusError("epoch is not a number")
    return Status(device, received_at_ms, body["online"], body)


def _is_number_or_absent(value: object) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63)
