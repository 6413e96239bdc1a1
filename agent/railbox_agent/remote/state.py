"""What holds of remote configuration: a state, and what each happening makes of it.

A configuration is on trial from the moment it is applied until the broker acknowledges a result that was published
under it; without that in time the one before holds again. Pure: time is an argument, in milliseconds of one run.
"""

from dataclasses import dataclass, replace
from typing import Final

from railbox_telemetry.remote_messages import Configuration, Result, State

MAX_STARTS: Final = 3
"""A configuration under which the tracker started so often without being confirmed is what makes it end."""


@dataclass(frozen=True, slots=True)
class Trial:
    """`starts`: how often the tracker started during it."""

    wanted: Configuration
    until_ms: int
    starts: int = 0


@dataclass(frozen=True, slots=True)
class Remote:
    """`confirmed`: what held through its trial, None: the tracker's own file alone. `newest`: the highest version seen.

    `verdict`: what is to be told, or was; `told`: the broker acknowledged it.
    """

    confirmed: Configuration | None = None
    trial: Trial | None = None
    newest: int = 0
    verdict: Result | None = None
    told: bool = True

    @property
    def in_force(self) -> Configuration | None:
        return self.trial.wanted if self.trial else self.confirmed

    @property
    def untold(self) -> Result | None:
        """What the server is to hear now, with the version that holds."""
        if self.told or self.verdict is None:
            return None
        return replace(self.verdict, in_force=self.in_force and self.in_force.version)


def offered(remote: Remote, wanted: Configuration, until_ms: int) -> Remote:
    """A newer one that can be applied: it holds from now on, on trial."""
    verdict = Result(wanted.version, State.APPLIED)
    return Remote(remote.confirmed, Trial(wanted, until_ms), wanted.version, verdict, told=False)


def refused(remote: Remote, version: int | None, reason: str) -> Remote:
    """One that cannot be applied, or bytes that are none (no version): what held holds on."""
    newest = max(remote.newest, version or 0)
    return replace(remote, newest=newest, verdict=Result(version, State.REFUSED, reason), told=False)


def acknowledged(remote: Remote, result: Result) -> Remote:
    """The broker has the result. Published under the one on trial, it proves that the broker can be reached with it."""
    trial, verdict = remote.trial, remote.verdict
    if trial and result.in_force == trial.wanted.version:
        remote = replace(remote, confirmed=trial.wanted, trial=None)
    is_latest = verdict and (verdict.version, verdict.state) == (result.version, result.state)
    return replace(remote, told=True) if is_latest else remote


def waited(remote: Remote, now_ms: int, trial_ms: int) -> Remote:
    """Time has come to `now_ms`."""
    if remote.trial is None or now_ms < remote.trial.until_ms:
        return remote
    return taken_back(remote, f"the broker acknowledged nothing within {trial_ms // 1000} s of it")


def started(remote: Remote, until_ms: int) -> Remote:
    """The tracker starts. A trial that was interrupted begins again; one that is interrupted each time has failed."""
    trial = remote.trial
    if trial is None:
        return remote
    if trial.starts >= MAX_STARTS:
        return taken_back(remote, f"the tracker started {trial.starts + 1} times while trying it")
    return replace(remote, trial=Trial(trial.wanted, until_ms, trial.starts + 1), told=False)


def taken_back(remote: Remote, reason: str) -> Remote:
    """What holds does so no more, but what was confirmed before it; where that was it, the tracker's own file."""
    gone = remote.in_force
    if gone is None:
        return remote
    verdict = Result(gone.version, State.REVERTED, reason)
    return Remote(remote.confirmed if remote.trial else None, None, remote.newest, verdict, told=False)
