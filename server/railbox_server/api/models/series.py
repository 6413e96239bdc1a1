"""Series over time: tracks, readings, events, and what was within a box."""

from pydantic import BaseModel, Field

from railbox_server.api.models.common import Listed


class TrackPoint(BaseModel):
    time: str
    lat: float
    lon: float
    dark_s: int = Field(description="Seconds without a trusted fix before this point; 0: the line to it is known")
    trusted: bool = Field(description="False: stored and shown, and counted for nothing")
    device: str


class Track(Listed):
    unit: str
    points: list[TrackPoint]


class ReadingRow(BaseModel):
    time: str
    channel: str = Field(description="Its name ends with its unit")
    value: float
    device: str


class Readings(Listed):
    unit: str
    readings: list[ReadingRow]


class EventRow(BaseModel):
    time: str
    event: str
    value: int
    device: str


class Events(Listed):
    unit: str
    events: list[EventRow]


class BoxPoint(TrackPoint):
    unit: str | None = Field(description="Null: the device was fixed to nothing then")


class BoxPoints(Listed):
    points: list[BoxPoint]


class BoxUnit(BaseModel):
    unit: str
    device: str
    first: str = Field(description="When it was first within the box: by a fix, or by the line between two")
    last: str = Field(description="And when last; in between it may have been outside")
    points: int = Field(description="Trusted fixes there; 0: it passed between two")


class BoxUnits(Listed):
    units: list[BoxUnit]
