"""Remote configuration of trackers."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from railbox_server.api import examples
from railbox_server.api.models.common import Listed

Setting = bool | int | float | str | None


class WantedRow(BaseModel):
    version: int = Field(description="Rises with every change; what is not newer a tracker ignores")
    settings: dict[str, Any] = Field(description="What is set; all else is as the tracker's own file says")
    wanted_at: str
    state: Literal["pending", "applied", "refused", "reverted"] = Field(
        description="pending: nothing heard yet; refused: it never took effect; reverted: the tracker could not reach "
        "the broker under it, and took it back"
    )
    reason: str | None = Field(description="Why it was refused or reverted, as the tracker says")
    reported_at: str | None


class ConfigurationRow(BaseModel):
    device: str
    wanted: WantedRow | None
    in_force: int | None = Field(description="The version that holds there; null: the tracker's own file alone")
    heard_at: str | None = Field(description="Since when it says so; null: it never said anything")
    unreadable: str | None = Field(description="Why what reached it last was no configuration: who else writes to it?")


class KeyRow(BaseModel):
    key: str = Field(description="Dots lead into tables; [] is a list of them")
    type: str
    default: Setting = Field(description="What holds where the tracker's own file does not say either")
    explanation: str


class ConfigurationDetail(ConfigurationRow):
    earlier: list[WantedRow] = Field(description="What was wanted before, the newest first")
    keys: list[KeyRow] = Field(description="What can be set")


class ConfigurationRows(Listed):
    configurations: list[ConfigurationRow]


class Settings(BaseModel):
    """What a tracker is to be set to, from now on: it takes the place of all that was wanted before."""

    settings: dict[str, Any] = Field(
        description="As in the tracker's file, in tables; `keys` of a device's configuration lists what can be set. "
        "Empty: its own file alone holds again",
        examples=[{"thinning": {"deadline_s": 300}, "uplink": {"keepalive_s": 600}}],
    )


class SettingsOfMany(Settings):
    devices: list[str] = Field(
        min_length=1,
        max_length=10_000,
        description="All of them, or none if one is not known",
        examples=[[examples.DEVICE]],
    )
