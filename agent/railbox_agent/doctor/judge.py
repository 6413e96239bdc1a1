"""From facts to findings: what is good, what is not, and from which figure on. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from railbox_agent.clock import ClockQuality
from railbox_agent.doctor.facts import Heard, Port, Stored
from railbox_agent.doctor.findings import Finding, fail, ok, warn
from railbox_agent.health.machine import Machine
from railbox_agent.health.snapshot import OPEN, Snapshot, Vitals, ago, span
from railbox_telemetry import iso
from railbox_telemetry.counters import counted, worrying
from railbox_telemetry.values import Fix

MB: Final = 1_000_000
DISK_FAIL_MB: Final = 20
"""Less leaves no room for the outbox's write-ahead log and a system that still works."""
MEMORY_WARN_MB: Final = 50
RESIDENT_WARN_MB: Final = 100
"""The unit's MemoryMax is 160 MB; a tracker holds 35."""
HOT_C: Final = 80.0
"""From here on a Raspberry Pi slows itself down; at 85 °C to half (its documentation, "frequency management")."""
TOO_HOT_C: Final = 85.0
FULL: Final = 0.8
NO_FIX_S: Final = 600
CLOCK_OLD_S: Final = 86_400
WAITING_LONG_S: Final = 6 * 3_600
"""The server says hourly what it has committed."""

_SKY: Final = "give the antenna a free view of the sky, and check its plug"
_SUPPLY: Final = "a stronger supply, a shorter and thicker cable to it"
_CABLE: Final = "check its plug and cable (hardware/wiring.md)"


def agent(seen: Snapshot) -> Iterator[Finding]:
    """Of a running agent: what it says of itself, its loops and its connection."""
    vitals = seen.vitals
    yield ok("agent", f"{vitals.device} runs for {span(seen.up_s)}, version {vitals.version}")
    for name in seen.overdue:
        todo = "systemctl restart railbox-agent; journalctl -u railbox-agent tells where it was"
        yield fail("agent", f"{name} does not come round any more", todo)
    kb = (vitals.sent_bytes + vitals.received_bytes) / 1e3
    if vitals.trouble is not None:
        yield fail("login", f"no connection to the broker: {vitals.trouble}", "see what is said of the broker here")
    else:
        yield ok("login", f"connected to the broker; {kb:,.0f} kB on the air since the start")


def open_ports(vitals: Vitals, ports: Sequence[Port], there: Sequence[str]) -> Iterator[Finding]:
    """Of ports that a running agent holds. `there`: the serial ports that there are, for one that is not."""
    for port in ports:
        area = f"port {port.name}"
        state = vitals.ports.get(port.name, "not in the settings that the agent runs by: restart it")
        spoken = vitals.counters.get(f"{port.name}.{port.unit}", 0)
        if state != OPEN:
            yield _not_open(area, port.path, state, there)
        elif not spoken:
            yield fail(area, "open, and nothing sensible was ever heard", f"is it the right port and rate? {_CABLE}")
        else:
            yield ok(area, f"open, {spoken:,} {port.unit} heard")
    if any(port.kind == "gnss" for port in ports):
        yield _position(vitals.fix_s)


def _position(fix_s: int | None) -> Finding:
    if fix_s is None:
        return warn("position", "no trusted position yet", _SKY)
    if fix_s > NO_FIX_S:
        return warn("position", f"the last trusted one {ago(fix_s)}", _SKY)
    return ok("position", f"trusted, {ago(fix_s)}")


def heard(found: Heard, seconds: float, there: Sequence[str]) -> Iterator[Finding]:
    """Of a port that was listened to. `there`: the serial ports that there are, for one that is not."""
    area = f"port {found.port.name}"
    if not found.received_bytes:
        opened = "cannot" not in found.state
        yield _silent(area, found, seconds) if opened else _not_open(area, found.port.path, found.state, there)
    elif found.port.kind == "board":
        yield from _board(area, found)
    else:
        yield from _receiver(area, found)


def _not_open(area: str, path: str, state: str, there: Sequence[str]) -> Finding:
    if "No such file" in state:
        seen = f"there is {', '.join(there)}" if there else "there is no serial port at all"
        return fail(area, f"{path} is not there", f"plug it in, or correct its path; {seen}")
    if path.startswith("gpsd://"):
        return fail(area, f"{path}: {state}", "start gpsd there, or correct host and port")
    if "ermission" in state:
        return fail(area, state, "run this as root, or add the user to the group dialout")
    if "busy" in state or "lock" in state:
        return fail(area, state, "something else holds it: fuser -v PATH; gpsd and ModemManager like to")
    return fail(area, state, _CABLE)


def _silent(area: str, found: Heard, seconds: float) -> Finding:
    return fail(area, f"{found.port.path}: not a byte in {seconds:.0f} s", f"is it switched on? {_CABLE}")


def _receiver(area: str, found: Heard) -> Iterator[Finding]:
    at = f" at {found.rate} baud" if found.rate else ""
    sentences = found.counters.get("sentences", 0)
    if not sentences:
        todo = "leave baud out to have its rate found; more --seconds try more rates; binary modes must be off"
        yield fail(area, f"{found.received_bytes:,} bytes, and no sentence among them", todo)
        return
    yield ok(area, f"{sentences:,} sentences{at}")
    yield _fix(found.fix)


def _fix(fix: Fix | None) -> Finding:
    if fix is None:
        return warn("position", "the receiver has none", _SKY)
    where = f"{fix.lat_deg:.5f} {fix.lon_deg:.5f} at {iso.from_ms(fix.fix_time_ms)}"
    satellites = "" if fix.sats is None else f", {fix.sats} satellites"
    if not fix.trusted:
        return warn("position", f"{where}{satellites}: not trusted ({fix.reason})", _SKY)
    return ok("position", f"{where}{satellites}")


def _board(area: str, found: Heard) -> Iterator[Finding]:
    if found.hello is not None:
        yield ok(area, f"{found.hello.board}, firmware {found.hello.firmware}")
    elif found.counters.get("frames"):
        yield ok(area, f"{found.counters['frames']:,} frames; a board that sleeps introduces itself later")
    else:
        todo = "is it the board's port? railbox board flash puts the firmware on it"
        yield fail(area, f"{found.received_bytes:,} bytes, and no frame among them", todo)


def outbox(batches: int, used_bytes: int, cap_bytes: int, oldest_s: int | None, *, connected: bool) -> Finding:
    """`connected`: by now it should be emptying."""
    age = "" if oldest_s is None or not batches else f", the oldest {span(oldest_s)} old"
    wait = "1 batch waits" if batches == 1 else f"{batches:,} batches wait"
    says = f"{wait}{age}; {used_bytes / MB:.1f} of {cap_bytes / MB:.0f} MB"
    if used_bytes > FULL * cap_bytes:
        return warn("outbox", says, "it is nearly full: bring the tracker into coverage, or raise outbox.cap_mb")
    if connected and oldest_s is not None and oldest_s > WAITING_LONG_S:
        return warn("outbox", says, "the server does not say that it has them: is it up, and does it know this device?")
    return ok("outbox", says)


def stored(found: Stored, cap_bytes: int, now_s: int) -> Iterator[Finding]:
    """Of an outbox that no agent holds."""
    if found.error is not None:
        todo = "run this as root; if it is damaged, the agent sets it aside and saves what can be read"
        yield fail("outbox", found.error, todo)
    elif found.exists and not found.in_use:
        oldest_s = None if found.oldest_time_s is None else max(0, now_s - found.oldest_time_s)
        yield outbox(found.batches, found.used_bytes, cap_bytes, oldest_s, connected=False)
    elif not found.exists:
        yield ok("outbox", "not there yet: the agent's first start makes it")
    if found.damaged:
        todo = "the disk may be failing: replace it; when nobody needs them, delete outbox.damaged-*"
        yield warn("outbox", f"{found.damaged} damaged files were set aside", todo)


def machine(found: Machine, cap_bytes: int, used_bytes: int) -> Iterator[Finding]:
    yield _disk(found, cap_bytes, used_bytes)
    yield _memory(found)
    yield _temperature(found.temp_c)
    yield _voltage(found)


def _disk(found: Machine, cap_bytes: int, used_bytes: int) -> Finding:
    if found.disk_free_bytes is None or found.disk_total_bytes is None:
        return warn("disk", "cannot be looked at", "run this as root")
    says = f"{found.disk_free_bytes / MB:,.0f} of {found.disk_total_bytes / MB:,.0f} MB free where the outbox is"
    if found.disk_read_only:
        return fail("disk", "read-only where the outbox is", "mount a writable disk there (agent/deploy/install.md)")
    if found.disk_free_bytes < DISK_FAIL_MB * MB:
        return fail("disk", says, "free space: journalctl --vacuum-size=50M, apt-get clean")
    if found.disk_free_bytes < cap_bytes - used_bytes:
        return warn("disk", says, "the outbox cannot grow to its outbox.cap_mb: free space, or lower that")
    return ok("disk", says)


def _memory(found: Machine) -> Finding:
    own = "" if found.rss_bytes is None else f"; the agent holds {found.rss_bytes / MB:.0f}"
    if found.mem_available_bytes is None:
        return ok("memory", f"not known on this computer{own}")
    says = f"{found.mem_available_bytes / MB:,.0f} MB to spare{own}"
    if found.rss_bytes is not None and found.rss_bytes > RESIDENT_WARN_MB * MB:
        return warn("memory", says, "that is too much: restart the agent, and please report it")
    if found.mem_available_bytes < MEMORY_WARN_MB * MB:
        return warn("memory", says, "see what else runs here: top -o %MEM")
    return ok("memory", says)


def _temperature(temp_c: float | None) -> Finding:
    if temp_c is None:
        return ok("temperature", "no sensor on this computer")
    says = f"{temp_c:.0f} °C"
    if temp_c >= TOO_HOT_C:
        return fail("temperature", says, "give the computer air or shade: it will wear out")
    if temp_c >= HOT_C:
        return warn("temperature", says, "give the computer air or shade: it slows itself down")
    return ok("temperature", says)


def _voltage(found: Machine) -> Finding:
    if found.volts_low is None:
        return ok("voltage", "not measured on this computer")
    if found.volts_low:
        return fail("voltage", "the supply is, or was a moment ago, too low", _SUPPLY)
    if found.slowed:
        return warn("voltage", "enough; but the processor is slowed down", "see the temperature")
    return ok("voltage", "enough")


def low_spells(count: int | None) -> Iterator[Finding]:
    if count:
        yield warn("voltage", f"too low {count} times since the agent started", _SUPPLY)


def clock(quality: ClockQuality) -> Finding:
    """Of a running agent."""
    if not quality.known:
        return warn("clock", "no receiver has told the time yet; what happens is dated when one does", _SKY)
    if quality.age_s is None:
        return ok("clock", "known")
    says = f"by the receiver, {ago(quality.age_s)}; may be {quality.error_s or 0:.1f} s off by now"
    return warn("clock", says, _SKY) if quality.age_s > CLOCK_OLD_S else ok("clock", says)


def host_clock(host_s: int, floor_s: int, fix: Fix | None) -> Finding:
    """Of the computer, while no agent runs. The agent does well without it; TLS does not."""
    now = iso.from_s(host_s)
    todo = "the tracker does without, but TLS does not: let it ask for the time (systemd-timesyncd), or give it a clock"
    if host_s < floor_s:
        return warn("clock", f"this computer says {now}, before it can be", todo)
    if fix is not None and fix.trusted and abs(fix.fix_time_ms / 1000 - host_s) > 60:
        off = span(abs(fix.fix_time_ms / 1000 - host_s))
        return warn("clock", f"this computer says {now}, {off} off the receiver", todo)
    return ok("clock", f"this computer says {now}")


def counts(counters: Mapping[str, int]) -> Iterator[Finding]:
    """Of everything that was skipped, dropped or retried: a line each, a warning where somebody should do something."""
    worries = worrying(counters)
    for counter, count in sorted(counters.items()):
        entry = counted(counter)
        says = f"{counter} {count:,}: {entry.meaning}"
        if counter in worries:
            yield warn("counted", says, entry.todo)
        elif count and not entry.flow:
            yield ok("counted", says)
