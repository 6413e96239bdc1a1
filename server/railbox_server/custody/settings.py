"""What an operator may set of custody: the channels whose condition is told, and between which values they belong."""

from dataclasses import dataclass

from railbox_server.custody.model import DEFAULTS, Limit, Settings
from railbox_telemetry.settings import required, setting
from railbox_telemetry.tables import CHANNEL_BY_NAME


@dataclass(frozen=True, kw_only=True, slots=True)
class LimitSettings:
    """What one channel should keep within; how long it did not is told of each visit and leg."""

    channel: str = required(f"one of {', '.join(CHANNEL_BY_NAME)}", example="temp_c")
    low: float | None = setting(None, "the lowest value that is well, in the channel's unit", example=2.0)
    high: float | None = setting(None, "the highest value that is well, in the channel's unit", example=8.0)

    def __post_init__(self) -> None:
        _check_channel(self.channel)
        if self.low is None and self.high is None:
            raise ValueError(f"{self.channel}: expected low, high or both")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(f"{self.channel}: low {self.low:g} is not below high {self.high:g}")


@dataclass(frozen=True, kw_only=True, slots=True)
class CustodySettings:
    channels: tuple[str, ...] = setting(
        DEFAULTS.channels, "of which least, mean and most are told of each visit and leg; those with limits are too"
    )
    gap_s: int = setting(
        DEFAULTS.gap_s, "between readings farther apart than this nobody knows the condition, in seconds", low=1
    )
    limits: tuple[LimitSettings, ...] = setting((), "how long a channel was beyond these is told", example=())

    def __post_init__(self) -> None:
        for channel in self.channels:
            _check_channel(channel)
        limited = [limit.channel for limit in self.limits]
        for channel in limited:
            if limited.count(channel) > 1:
                raise ValueError(f"limits: {channel} has several")

    def for_engine(self) -> Settings:
        limits = tuple(Limit(limit.channel, limit.low, limit.high) for limit in self.limits)
        channels = dict.fromkeys((*self.channels, *(limit.channel for limit in limits)))
        return Settings(tuple(channels), limits, self.gap_s)


def _check_channel(name: str) -> None:
    if name not in CHANNEL_BY_NAME:
        raise ValueError(f"no channel {name!r}; there are {', '.join(CHANNEL_BY_NAME)}")
