"""From visits and what the devices said to the custody of each span."""

from collections.abc import Iterable, Mapping, Sequence

from railbox_server.custody import incidents, series
from railbox_server.custody.model import DEFAULTS, Condition, Custody, DeviceLog, Incident, Limit, Settings, Span, Tally
from railbox_server.custody.series import Sample, Sums
from railbox_server.custody.spans import end_s, start_s
from railbox_telemetry.tables import CHANNEL_BY_NAME


def channels_heard(settings: Settings = DEFAULTS) -> tuple[int, ...]:
    """The channels whose readings custody is concluded from."""
    own = (CHANNEL_BY_NAME[name].bit for name in (*settings.channels, "shock_peak_g"))
    return tuple(sorted({*own, *incidents.COUNTERS.values()}))


def derive(
    spans: Iterable[Span],
    logs: Sequence[DeviceLog],
    now_s: int,
    where: incidents.Where = incidents.nowhere,
    settings: Settings = DEFAULTS,
    since_s: float | None = None,
) -> tuple[Custody, ...]:
    """A function of spans and logs as sets. A span begins at its estimated start, and ends before its end.

    `where` tells where an incident was; without it only the place or leg is known. `logs` may be cut to what `reach`
    asks for: then `since_s` is when the first reading of all came.
    """
    heard = _Heard(logs, where, settings, since_s)
    return tuple(heard.custody(span, now_s) for span in spans)


class _Heard:
    """What the devices said, in order; made once, asked for every span."""

    def __init__(
        self, logs: Sequence[DeviceLog], where: incidents.Where, settings: Settings, since_s: float | None
    ) -> None:
        self._settings = settings
        self._limits: Mapping[str, Limit] = {limit.channel: limit for limit in settings.limits}
        self._where = where
        ordered = sorted(_by_device(logs).items())
        self._series = {name: [_series(log, name) for _, log in ordered] for name in settings.channels}
        self._peaks = [_series(log, "shock_peak_g") for _, log in ordered]
        self._found = [(device, incidents.happened(log)) for device, log in ordered]
        self._counted = {kind: [incidents.increments(log, kind) for _, log in ordered] for kind in incidents.COUNTERS}
        times = (reading.time_s for log in logs for reading in log.readings)
        self._first_s = min(times, default=None) if since_s is None else since_s

    def custody(self, span: Span, now_s: int) -> Custody:
        from_s, to_s = start_s(span.start), end_s(span.end)
        found = [
            incident
            for device, own in self._found
            for incident in incidents.within(own, device, span, from_s, to_s, self._where)
        ]
        shocks = [
            incident.value for incident in found if incident.kind == incidents.SHOCK and incident.value is not None
        ]
        shocks += [value for peaks in self._peaks for time_s, value in peaks if from_s <= time_s < to_s and value > 0]
        return Custody(
            span=span,
            conditions={
                name: condition
                for name in self._settings.channels
                if (condition := self._condition(name, from_s, min(to_s, now_s))) is not None
            },
            shocks=self._tally(incidents.SHOCK, found, from_s, to_s),
            worst_shock_g=max(shocks, default=None),
            doors=self._tally(incidents.DOOR, found, from_s, to_s),
            incidents=tuple(sorted(found, key=lambda each: (each.time_s, each.kind, each.device, each.value or 0.0))),
        )

    def _condition(self, name: str, from_s: float, to_s: float) -> Condition | None:
        """None where no reading tells of the span."""
        limit, sums = self._limits.get(name), Sums()
        if self._first_s is not None:
            from_s = max(from_s, self._first_s)
        low, high = (limit.low, limit.high) if limit else (None, None)
        for samples in self._series[name]:
            series.add(sums, samples, (from_s, to_s), self._settings.gap_s, low, high)
        if not sums.values:
            return None
        known_s = series.covered_s(sums.known)
        return Condition(
            low=min(sums.values),
            mean=sums.mean,
            high=max(sums.values),
            known_s=round(known_s),
            unknown_s=max(0, round(to_s - from_s - known_s)),
            over_s=None if high is None else round(series.covered_s(sums.over)),
            under_s=None if low is None else round(series.covered_s(sums.under)),
        )

    def _tally(self, kind: str, found: Sequence[Incident], from_s: float, to_s: float) -> Tally:
        seen = [sum(each.device == device and each.kind == kind for each in found) for device, _ in self._found]
        return incidents.tally(seen, self._counted[kind], from_s, to_s)


def _by_device(logs: Sequence[DeviceLog]) -> dict[str, DeviceLog]:
    """One log a device, however many pieces it came in."""
    joined: dict[str, DeviceLog] = {}
    for log in logs:
        before = joined.get(log.device, DeviceLog(log.device, (), ()))
        joined[log.device] = DeviceLog(log.device, (*before.readings, *log.readings), (*before.events, *log.events))
    return joined


def _series(log: DeviceLog, name: str) -> list[Sample]:
    channel = CHANNEL_BY_NAME[name]
    return series.in_order(
        (float(reading.time_s), float(channel.in_unit(reading.value)))
        for reading in log.readings
        if reading.channel == channel.bit
    )
