"""The file of planned journeys, read again whenever somebody has changed it.

Edge: the disk. A file that cannot be used is told of once, and what was known before holds.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

from railbox_server.geo.model import Corridor
from railbox_server.progress.plans import NO_PLANS, PlannedJourney, Plans, faults, planned
from railbox_telemetry.settings import SettingsError, load

log = logging.getLogger(__name__)


def read(path: Path | None, corridors: Sequence[Corridor]) -> Plans:
    """Raises SettingsError with everything that is wrong in one line."""
    if path is None:
        return NO_PLANS
    plans = load(path, Plans)
    if wrong := list(faults(plans, corridors)):
        raise SettingsError(f"{path}: {'; '.join(wrong)}")
    return plans


class PlanFile:
    """`refresh` now and then; `of` answers from what was read last."""

    def __init__(self, path: Path | None, corridors: Sequence[Corridor]) -> None:
        self._path = path
        self._corridors = corridors
        self._plans = NO_PLANS
        self._seen: object = None
        self.refresh()

    def of(self, unit: str, time_s: int) -> PlannedJourney | None:
        return planned(self._plans, unit, time_s)

    def refresh(self) -> frozenset[str]:
        """The units whose plans are others than they were."""
        before = self._plans
        if self._path is not None and (state := _state(self._path)) != self._seen:
            self._seen = state
            try:
                self._plans = read(self._path, self._corridors)
            except SettingsError as error:
                log.error("planned journeys: %s; what was planned before holds", error)
        if self._plans is before:
            return frozenset()
        changed = set(before.journeys).symmetric_difference(self._plans.journeys)
        return frozenset(journey.number for journey in changed)


def _state(path: Path) -> object:
    try:
        stat = path.stat()
    except OSError as error:
        return error.errno
    return stat.st_mtime_ns, stat.st_size, stat.st_ino
