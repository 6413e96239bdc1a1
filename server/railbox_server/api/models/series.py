"""Series over time: tracks, readings, events."""

from pydantic import BaseModel, Field


class TrackPoint(BaseModel):
    time: str
    lat: float
    lon: float
    dark_s: int = Field(description="Seconds without a trusted fix before this point; 0: the line to it is known")
    trusted: bool
    device: str


class Track(BaseModel):
    unit: str
    points: list[TrackPoint]


class ReadingRow(BaseModel):
    time: str
    channel: str = Field(description="Its name ends with its unit")
    value: float
    device: str


class Readings(BaseModel):
    unit: str
    readings: list[ReadingRow]


class EventRow(BaseModel):
    time: str
    event: str
    value: int
    device: str


class Events(BaseModel):
    unit: str
    events: list[EventRow]
