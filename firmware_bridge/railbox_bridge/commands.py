"""What a host may tell the board: commands, their results, and the board's settings with their bounds.

One table, read by both ends: the board checks by it, the host names things by it.
"""

SET = 1
GET = 2
SAMPLE_NOW = 3
RESTART = 4
IDENTIFY = 5
RESET_SETTINGS = 6
LEVEL = 7

# code: (name, what it does); argument and value are 0 where nothing is said of them
COMMANDS = {
    SET: ("set", "change the setting `argument` to `value` and keep it in flash"),
    GET: ("get", "answer with the value of the setting `argument`"),
    SAMPLE_NOW: ("sample_now", "measure and send a sample at once"),
    RESTART: ("restart", "restart the board after the answer"),
    IDENTIFY: ("identify", "blink the board's light for `value` seconds"),
    RESET_SETTINGS: ("reset_settings", "go back to the settings the firmware came with"),
    LEVEL: ("level", "take the present attitude as level, which tilt is measured from, and keep it"),
}

DONE = 0
UNKNOWN_COMMAND = 1
LACKING = 2
BAD_ARGUMENT = 3
FAILED = 4

RESULTS = {
    DONE: "done",
    UNKNOWN_COMMAND: "the board's firmware does not know this command",
    LACKING: "the board lacks the part this command is for",
    BAD_ARGUMENT: "no such setting, or a value outside its bounds",
    FAILED: "the board tried and failed",
}

SAMPLE_PERIOD = 1
SHOCK_THRESHOLD = 2
TILT_THRESHOLD = 3
LIGHT_THRESHOLD = 4
DOOR_DEBOUNCE = 5
LOW_POWER = 6
LEVEL_X = 7
LEVEL_Y = 8
LEVEL_Z = 9

# number: (name, unit, value it comes with, lowest, highest)
SETTINGS = {
    SAMPLE_PERIOD: ("sample_period_ms", "ms", 10000, 100, 3600000),
    SHOCK_THRESHOLD: ("shock_threshold_mg", "mg", 2000, 200, 15000),
    TILT_THRESHOLD: ("tilt_threshold_deg", "°", 30, 5, 180),
    LIGHT_THRESHOLD: ("light_threshold_lux", "lx", 50, 1, 100000),
    DOOR_DEBOUNCE: ("door_debounce_ms", "ms", 200, 10, 5000),
    LOW_POWER: ("low_power", "0/1", 0, 0, 1),
    LEVEL_X: ("level_x_mg", "mg", 0, -2000, 2000),
    LEVEL_Y: ("level_y_mg", "mg", 0, -2000, 2000),
    LEVEL_Z: ("level_z_mg", "mg", 1000, -2000, 2000),
}


def setting_fits(number: int, value: int) -> bool:
    """Say whether setting `number` exists and `value` lies within its bounds."""
    if number not in SETTINGS:
        return False
    _, _, _, low, high = SETTINGS[number]
    return low <= value <= high
