"""A notice as JSON: what the webhook carries and /api/notices shows (docs/telling.md lists the fields). Pure."""

from typing import Any
from uuid import uuid5

from railbox_server.telling.model import Notice
from railbox_server.telling.notices import NAMES
from railbox_telemetry import iso


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
