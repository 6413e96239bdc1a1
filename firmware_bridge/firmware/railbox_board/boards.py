"""The boards and which pin of each goes where: the one place that knows GPIO numbers (drawn in hardware/wiring.md).

The link has a UART of its own on every board, apart from the REPL's: nothing the host sends can interrupt the firmware.
"""

import sys


class Board:
    """One kind of board. Pins are GPIO numbers; None is what it lacks."""

    def __init__(
        self,
        name: str,
        *,
        uart: int,
        tx: int,
        rx: int,
        i2c: int,
        sda: int,
        scl: int,
        motion_int: int,
        door: int,
        light_adc: int,
        battery_adc: int,
        supply_adc: int,
        core_temp_adc: "int | None",
        led: "int | str | None",
    ) -> None:
        self.name = name
        self.uart = uart
        self.tx = tx
        self.rx = rx
        self.i2c = i2c
        self.sda = sda
        self.scl = scl
        self.motion_int = motion_int
        self.door = door
        self.light_adc = light_adc
        self.battery_adc = battery_adc
        self.supply_adc = supply_adc
        self.core_temp_adc = core_temp_adc
        self.led = led


BAUD = 115200

# Thousandths of the volts in front of the divider to those behind it. Dividers keep the ADC pin under 3.1 V:
# 470 kΩ / 100 kΩ for a battery up to 17 V, 1 MΩ / 68 kΩ for a supply up to 48 V.
BATTERY_RATIO = 5700
SUPPLY_RATIO = 15706
# TEPT5700 phototransistor: 75 µA at 100 lx (typical, data sheet), over 2.2 kΩ.
LIGHT_UV_PER_LUX = 1650

PICO = Board(
    "pico",
    uart=0,
    tx=0,
    rx=1,
    i2c=0,
    sda=4,
    scl=5,
    motion_int=6,
    door=7,
    light_adc=26,
    battery_adc=27,
    supply_adc=28,
    core_temp_adc=4,
    led="LED",
)

# GPIO 27 and 34 belong to the RTC, so that door and shock can wake the chip; the ADC pins are ADC1's.
ESP32 = Board(
    "esp32",
    uart=2,
    tx=17,
    rx=16,
    i2c=0,
    sda=21,
    scl=22,
    motion_int=34,
    door=27,
    light_adc=36,
    battery_adc=39,
    supply_adc=35,
    core_temp_adc=None,
    led=2,
)

# sys.platform of the port: board. Off-board the stand-ins for the hardware are wired like a Pico.
BOARDS = {"rp2": PICO, "esp32": ESP32}


def this_board() -> Board:
    return BOARDS.get(sys.platform, PICO)
