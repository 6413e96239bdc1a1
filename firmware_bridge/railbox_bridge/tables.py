"""Channel numbers and event codes the board speaks, with the bounds a true value lies in.

The numbers are those of the wire tables of telemetry (a test holds them together) and are never reused; this copy is
here because telemetry does not run on MicroPython. Values are integers in the unit named.
"""

TEMP = 0
HUMIDITY = 1
BATTERY = 2
DOOR_OPEN = 3
SHOCK_PEAK = 4
LIGHT = 5
SUPPLY = 6
TILT = 7
VIBRATION = 8
SHOCK_COUNT = 9
DOOR_COUNT = 10
BOARD_TEMP = 11

# number: (name, unit, lowest, highest); outside the bounds it is not a measurement
CHANNELS = {
    TEMP: ("temp_c", "0.1 °C", -600, 1250),
    HUMIDITY: ("humidity_pct", "%", 0, 100),
    BATTERY: ("battery_v", "0.01 V", 0, 6000),
    DOOR_OPEN: ("door_open", "0/1", 0, 1),
    SHOCK_PEAK: ("shock_peak_g", "0.01 g", 0, 40000),
    LIGHT: ("light_lux", "lx", 0, 200000),
    SUPPLY: ("supply_v", "0.01 V", 0, 6000),
    TILT: ("tilt_deg", "°", 0, 180),
    VIBRATION: ("vibration_mg", "mg", 0, 20000),
    SHOCK_COUNT: ("shock_count", "1", 0, 0xFFFFFFFF),
    DOOR_COUNT: ("door_count", "1", 0, 0xFFFFFFFF),
    BOARD_TEMP: ("board_temp_c", "0.1 °C", -600, 1250),
}

DOOR_OPENED = 1
DOOR_CLOSED = 2
SHOCK = 3
LIGHT_BREACH = 4
TILTED = 5

EVENT_CODES = {
    DOOR_OPENED: "door_opened",
    DOOR_CLOSED: "door_closed",
    SHOCK: "shock",  # value: peak in 0.01 g
    LIGHT_BREACH: "light_breach",  # value: lx
    TILTED: "tilt",  # value: degrees
}

# What HELLO says of a channel.
OK = 0
MISSING = 1
FAILING = 2
IMPLAUSIBLE = 3

STATUSES = {
    OK: "ok",
    MISSING: "missing",  # never answered since boot
    FAILING: "failing",  # answered once, does not now
    IMPLAUSIBLE: "implausible",  # answers, with values outside the channel's bounds
}


def plausible(channel: int, value: int) -> bool:
    """Say whether `value`, in the unit of a known `channel`, can be a measurement."""
    _, _, low, high = CHANNELS[channel]
    return low <= value <= high
