"""What several answers are made of: bounds, dwells, levels, a page of a list, and errors."""

from typing import Literal

from pydantic import BaseModel, Field

Level = Literal["none", "over", "critical"]
Certainty = Literal["certain", "possible"]


class Problem(BaseModel):
    """RFC 9457: what is wrong, and what to do."""

    type: str
    title: str
    status: int
    detail: str = Field(description="What is wrong, where, and what to do")


class Listed(BaseModel):
    """A page of a list."""

    next: str | None = Field(description="Send it as `cursor` for the rows after these; null: there are no more")


class BoundsRow(BaseModel):
    earliest: str | None
    est: str | None
    latest: str | None


class DwellRow(BaseModel):
    dwell_min_s: int
    dwell_est_s: int
    dwell_max_s: int | None


class JudgedRow(DwellRow):
    limit_s: int
    flag: Level
    certainty: Certainty | None
    no_contact_since: str | None
