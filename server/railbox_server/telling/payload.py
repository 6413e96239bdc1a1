"""A notice as JSON: what the webhook carries and /api/notices shows (docs/telling.md lists the fields). Pure."""

from typing import Any, Final
from uuid import UUID, uuid5

from railbox_server.telling.model import Notice
from railbox_telemetry import iso

NAMES: Final = UUID("6f1d7f0a-4a55-5c0e-9a1e-2f6d3b8c7e10")
"""Namespace of what is named after a notice."""


def payload(notice: Notice) -> dict[str, Any]:
    """`retracts`: the revision that is taken back, null where none is."""
    fact = notice.fact
    return {
        "type": f"{fact.kind}.{notice.action}",
        "notice": notice.story,
        "revision": notice.revision,
        "retracts": None if notice.stands else notice.revision - 1,
        "kind": fact.kind.value,
        "action": notice.action.value,
        "told_at": iso.from_s(notice.told_at_s),
        "unit": fact.unit,
        **fact.body,
    }


def message_id(story: str, revision: int) -> str:
    """The webhook-id: the same whenever this notice is sent again, and no other notice's."""
    return f"msg_{uuid5(NAMES, f'{story} {revision}').hex}"
