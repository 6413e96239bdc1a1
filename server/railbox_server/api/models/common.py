"""What several answers are made of: bounds, dwells, levels, and a page of a list."""

from typing import Literal

from pydantic import BaseModel

Level = Literal["none", "over", "critical"]
Certainty = Literal["certain", "possible"]


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
