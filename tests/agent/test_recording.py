"""Recordings: written and read back whole, and read as far as they go when damaged."""

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from railbox_agent.recording import Chunk, Header, RecordingError, Writer, create, header_line, parse_header, read

HEADER = Header(
    started_at_ms=1_790_000_000_000,
    fix_period_s=10.0,
    unit="CSQU3054383",
    ports={"gnss": "gnss", "board": "board"},
    place="Taftan, PK",
    device="trk-1",
    uplink_down=((60, 3_600), (7_200, 9_000)),
)
CHUNKS = (
    Chunk("gnss", 0, b"$GPRMC,"),
    Chunk("board", 1_500, bytes(range(256))),
    Chunk("gnss", 2_000_000, b""),
)


def write(path: Path, chunks: tuple[Chunk, ...] = CHUNKS, header: Header = HEADER) -> Path:
    with create(path) as file:
        writer = Writer(file, header)
        for chunk in chunks:
            writer.write(chunk)
    return path


@pytest.mark.parametrize("name", ["log.rbrec", "log.rbrec.gz"])
def test_what_is_written_is_read_back(tmp_path: Path, name: str) -> None:
    with read(write(tmp_path / name)) as recording:
        assert recording.header == HEADER
        assert tuple(recording) == CHUNKS
        assert recording.damaged == 0


@given(
    st.builds(
        Header,
        started_at_ms=st.integers(0, 4_102_444_800_000),
        fix_period_s=st.floats(0.01, 1e6),
        unit=st.none() | st.text(),
        place=st.none() | st.text(),
    )
)
def test_any_header_comes_back(header: Header) -> None:
    line = header_line(header)
    assert b"\n" not in line
    assert parse_header(line) == header


def test_the_file_begins_as_the_format_says(tmp_path: Path) -> None:
    first, second = write(tmp_path / "log", CHUNKS[:1]).read_bytes().splitlines()
    assert first.startswith(b'RBREC 1 {"started_at": "2026-09-21T14:13:20Z", "fix_period_s": 10.0, ')
    assert second == b"0 gnss JEdQUk1DLA=="


def test_compressed_recordings_do_not_depend_on_the_day(tmp_path: Path) -> None:
    write(tmp_path / "a.gz")
    first = (tmp_path / "a.gz").read_bytes()
    assert first[4:8] == bytes(4), "the date in the gzip head"
    write(tmp_path / "a.gz")
    assert (tmp_path / "a.gz").read_bytes() == first


@pytest.mark.parametrize(
    "damage",
    [
        b"garbage\n",
        b"\xff\xfe\x00\n",
        b"12 gnss !!!!\n",
        b"-5 gnss AAAA\n",
        b"7 elsewhere AAAA\n",
        b"7 gnss AAAA more\n",
        b"\n",
        b"9" * 40 + b" gnss AAAA\n",
        b"7 gnss " + b"A" * 3_000_000 + b"\n",
    ],
)
def test_a_damaged_line_is_counted_and_the_rest_is_read(tmp_path: Path, damage: bytes) -> None:
    lines = write(tmp_path / "log").read_bytes().splitlines(keepends=True)
    (tmp_path / "log").write_bytes(lines[0] + lines[1] + damage + lines[2] + lines[3])
    with read(tmp_path / "log") as recording:
        assert tuple(recording) == CHUNKS
        assert recording.damaged == 1


def test_a_cut_off_last_line_is_damage(tmp_path: Path) -> None:
    path = write(tmp_path / "log", CHUNKS[:2])
    path.write_bytes(path.read_bytes()[:-5])
    with read(path) as recording:
        assert tuple(recording) == CHUNKS[:1]
        assert recording.damaged == 1


def test_cut_off_compression_is_damage_not_a_crash(tmp_path: Path) -> None:
    chunks = tuple(Chunk("gnss", at, bytes(str(at**7), "ascii")) for at in range(5_000))
    path = write(tmp_path / "log.gz", chunks)
    path.write_bytes(path.read_bytes()[:-20_000])
    with read(path) as recording:
        seen = tuple(recording)
        assert 0 < len(seen) < len(chunks)
        assert seen == chunks[: len(seen)]
        assert recording.damaged >= 1


@pytest.mark.parametrize(
    "first_line",
    [
        b"",
        b"$GPRMC,1\n",
        b"RBREC 2 {}\n",
        b"RBREC 1 nonsense\n",
        b"RBREC 1 []\n",
        b"RBREC 1 {}\n",
        b'RBREC 1 {"started_at": "2026-01-01T00:00:00", "ports": {}}\n',
        b'RBREC 1 {"started_at": "2026-01-01T00:00:00Z"}\n',
        b'RBREC 1 {"started_at": "2026-01-01T00:00:00Z", "ports": {"gnss": "radar"}}\n',
        b'RBREC 1 {"started_at": "2026-01-01T00:00:00Z", "ports": {"a b": "gnss"}}\n',
        b'RBREC 1 {"started_at": "2026-01-01T00:00:00Z", "ports": {}, "fix_period_s": 0}\n',
        b'RBREC 1 {"started_at": "2026-01-01T00:00:00Z", "ports": {}, "fix_period_s": NaN}\n',
        b'RBREC 1 {"started_at": "2026-01-01T00:00:00Z", "ports": {}, "unit": 7}\n',
        b'RBREC 1 {"started_at": "2026-01-01T00:00:00Z", "ports": {}, "uplink_down": [[5, 1]]}\n',
        b"RBREC 1 " + b"[" * 100_000,
    ],
)
def test_a_file_that_is_no_recording_says_so_with_its_name(tmp_path: Path, first_line: bytes) -> None:
    path = tmp_path / "log"
    path.write_bytes(first_line)
    with pytest.raises(RecordingError, match="log"):
        read(path)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="No such file"):
        read(tmp_path / "absent")


def test_keys_of_later_versions_are_ignored() -> None:
    line = header_line(dataclasses.replace(HEADER, unit=None)).replace(b'"unit"', b'"weather": [1], "unit"')
    assert parse_header(line) == dataclasses.replace(HEADER, unit=None)


@given(st.binary(max_size=300))
def test_no_bytes_crash_the_reader(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.rbrec"
    path.write_bytes(header_line(HEADER) + b"\n" + data)
    with read(path) as recording:
        assert all(chunk.port in HEADER.ports for chunk in recording)
