"""Answers about now: the clock, and the server's own health."""

from typing import Literal

from pydantic import BaseModel, Field


class ClockRow(BaseModel):
    now: str
    mode: Literal["real", "replay"]


class Health(BaseModel):
    status: Literal["ok"]
    engine_pending: int = Field(description="Units and messages not judged yet; 0: every answer is up to date")
    ingest_waiting: int = Field(description="Messages taken from the broker and not stored yet")
    ingest: dict[str, int] = Field(description="Since the start: batches by what became of them, and troubles by name")


class Readiness(BaseModel):
    ready: bool
    parts: dict[str, str] = Field(description="By part: `ok`, or what is wrong with it")
