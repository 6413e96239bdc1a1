"""Logs: recordings, plain NMEA and GPX, each also as `.gz`, as the items that a tracker would have made of them.

The same log gives the same items on any machine, any day: nothing here asks a clock. Reads files; knows nothing of
what becomes of the items.
"""

import itertools
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Final

from railbox_agent import AgentError, tracks
from railbox_agent.gnss.receiver import GnssSettings
from railbox_agent.gnss.trust import Seen
from railbox_agent.items import Item
from railbox_agent.pipeline import Pipeline, Settings
from railbox_agent.positions import Positions
from railbox_agent.recording import MAGIC, Header, Recording, RecordingError, header_line, open_log
from railbox_agent.thinning.policy import Thinning, policy_of
from railbox_agent.thinning.reckoning import ReckoningSettings

GPX_PERIOD_S: Final = tracks.GPX_DARK_AFTER_S / 3


class LogError(AgentError):
    """A log that cannot be read; the message names the file."""


@dataclass(frozen=True, slots=True)
class Step:
    """What became known at one moment, `at_s` after the log's beginning by its own clock."""

    at_s: float
    items: list[Item]


@dataclass(frozen=True, slots=True)
class Options:
    """How a log is read. `unit` and `device` overrule the log's own."""

    thinning: Thinning = field(default_factory=ReckoningSettings)
    readings_s: int = 60
    checksum_required: bool = True
    unit: str | None = None
    device: str | None = None


@dataclass(slots=True)
class Log:
    """A log opened: what it says of itself (`header`), and its items as `steps`, to be taken once.

    `kind` is "recording", "nmea" or "gpx"; the last two say nothing of themselves. `boot_id` is what its undated events
    belong to. `counters` are complete when the steps are through.
    """

    kind: str
    header: Header
    boot_id: int
    steps: Iterator[Step]
    counters: Counter[str] = field(default_factory=Counter[str])

    @property
    def items(self) -> Iterator[Item]:
        return itertools.chain.from_iterable(step.items for step in self.steps)


def items(path: str | Path, options: Options | None = None) -> Iterator[Item]:
    """All items of a log, in the order they became known. Raises LogError."""
    return load(path, options).items


def load(path: str | Path, options: Options | None = None) -> Log:
    """Open a log, told by its first bytes. Raises LogError, also from the steps, naming the file."""
    options = options or Options()
    try:
        file = open_log(path)
        head = file.peek(64)[:64]
        if head.startswith(MAGIC[:6]):
            log = _recording(Recording(file, str(path)), options)
        elif head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
            log = _gpx(file, options)
        else:
            log = _nmea(file, options)
    except OSError as error:
        raise LogError(f"{path}: {error.strerror or error}") from None
    except (EOFError, zlib.error) as error:
        raise LogError(f"{path}: damaged compression: {error}") from None
    except RecordingError as error:
        raise LogError(str(error)) from None
    log.header = replace(log.header, unit=options.unit or log.header.unit, device=options.device or log.header.device)
    log.steps = _closing(log.steps, file, path)
    return log


def _closing(steps: Iterator[Step], file: IO[bytes], path: str | Path) -> Iterator[Step]:
    with file:
        try:
            yield from steps
        except (OSError, EOFError, zlib.error) as error:
            raise LogError(f"{path}: damaged: {error}") from None
        except tracks.TrackError as error:
            raise LogError(f"{path}: {error}") from None


def _recording(recording: Recording, options: Options) -> Log:
    header = recording.header
    boot_id = zlib.crc32(header_line(header))
    has_gnss = "gnss" in header.ports.values()
    settings = Settings(
        ports=header.ports,
        fix_period_s=header.fix_period_s,
        readings_s=options.readings_s,
        boot_id=boot_id,
        # Where no receiver can date the log, its own date is the best there is.
        utc_offset_ms=None if has_gnss else header.started_at_ms,
        gnss=GnssSettings(options.checksum_required, header.started_at_ms),
        thinning=options.thinning,
    )
    log = Log("recording", header, boot_id, iter(()))
    log.steps = _recording_steps(recording, Pipeline(settings), log.counters)
    return log


def _recording_steps(recording: Recording, pipeline: Pipeline, counters: Counter[str]) -> Iterator[Step]:
    at_s = 0.0
    for chunk in recording:
        at_s = chunk.mono_us / 1e6
        if made := pipeline.feed(chunk):
            yield Step(at_s, made)
    if made := pipeline.finish():
        yield Step(at_s, made)
    counters.update(pipeline.counters)
    if recording.damaged:
        counters["damaged_lines"] = recording.damaged


def _nmea(file: IO[bytes], options: Options) -> Log:
    log = Log("nmea", Header(0, ports={"gnss": "gnss"}), 0, iter(()))
    fixes = tracks.nmea(file, options.checksum_required, log.counters)

    def steps() -> Iterator[Step]:
        first = list(itertools.islice(fixes, tracks.PERIOD_SAMPLE))
        period_s = tracks.period_s(first)
        positions = Positions(policy_of(options.thinning, period_s), period_s)
        yield from _track_steps(itertools.chain(first, fixes), positions)

    log.steps = steps()
    return log


def _gpx(file: IO[bytes], options: Options) -> Log:
    log = Log("gpx", Header(0, ports={"gnss": "gnss"}), 0, iter(()))
    positions = Positions(policy_of(options.thinning, GPX_PERIOD_S), GPX_PERIOD_S)
    log.steps = _track_steps(tracks.gpx(file, log.counters), positions)
    return log


def _track_steps(fixes: Iterable[Seen], positions: Positions) -> Iterator[Step]:
    start_ms: int | None = None
    at_s = 0.0
    for seen in fixes:
        start_ms = seen.fix.fix_time_ms if start_ms is None else start_ms
        at_s = max(at_s, (seen.fix.fix_time_ms - start_ms) / 1000)
        yield Step(at_s, positions.take(seen))
    if made := positions.finish():
        yield Step(at_s, made)
