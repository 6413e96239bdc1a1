"""Shapes of what the routes of imports answer."""

from pydantic import BaseModel, ConfigDict, Field


class SkippedPoint(BaseModel):
    where: int = Field(description="The line of a CSV file, the number of the point in GPX")
    reason: str


class Imported(BaseModel):
    """What became of a track."""

    model_config = ConfigDict(populate_by_name=True)

    device: str
    unit: str | None
    epoch: int = Field(description="Drawn from the track itself: the same track has the same one")
    batches: int
    positions: int
    from_: str = Field(alias="from")
    to: str
    skipped: int
    skipped_examples: list[SkippedPoint]
