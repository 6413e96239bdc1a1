"""Logs as files for tests: a short trip with both ports, as a recording."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from railbox_agent.recording import Chunk, Header, Writer, create
from railbox_bridge.board_link import BoardLink
from railbox_telemetry.tables import CHANNEL_BY_NAME, EVENT_BY_NAME
from support.nmea import gga, rmc

T0 = int(datetime(2026, 9, 21, 8, 30, tzinfo=UTC).timestamp())
UNIT = "CSQU3054383"
HEADER = Header(started_at_ms=T0 * 1000, unit=UNIT, place="Taftan, PK")


def trip_chunks(seconds: int = 130) -> list[Chunk]:
    """A receiver that needs 20 s to its first fix, and a board whose door opens before that."""
    board = BoardLink(5, "1.0", "test")
    chunks: list[Chunk] = []
    for at_s in range(seconds):
        if at_s == 2:
            board.event(EVENT_BY_NAME["door_opened"].code, 0, 2_000)
        if at_s % 10 == 5:
            board.sample(((CHANNEL_BY_NAME["temp_c"].bit, 200 + at_s % 100),))
        if data := board.due(at_s * 1000):
            chunks.append(Chunk("board", at_s * 1_000_000, data))
        if at_s >= 20:
            lat_deg = 29.1 + at_s * 1e-4
            chunks.append(
                Chunk(
                    "gnss",
                    at_s * 1_000_000 + 50_000,
                    rmc(T0 + at_s, lat_deg, knots=21.61, course=0.0) + gga(T0 + at_s, lat_deg),
                )
            )
    return chunks


def recording(path: Path, chunks: Sequence[Chunk] | None = None, header: Header = HEADER) -> Path:
    with create(path) as file:
        writer = Writer(file, header)
        for chunk in trip_chunks() if chunks is None else chunks:
            writer.write(chunk)
    return path
