"""wiring.md, the harness drawings and the firmware say the same, and the sums of the power budget are right.

The WireViz sources are read here as far as this project writes them: flow lists only, one a line.
"""

import hashlib
import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from railbox_agent.board_tool import command

ROOT = Path(__file__).parents[2]
HARNESS = ROOT / "hardware" / "harness"
WIRING = (ROOT / "hardware" / "wiring.md").read_text(encoding="utf-8")
FIRMWARE: dict[str, Any] = runpy.run_path(str(ROOT / "firmware_bridge" / "firmware" / "railbox_board" / "boards.py"))
SOURCES = sorted(HARNESS.glob("*.yml"))

COLOURS = {
    "BK": "black", "BN": "brown", "RD": "red", "OG": "orange", "YE": "yellow", "GN": "green", "BU": "blue",
    "VT": "violet", "GY": "grey", "WH": "white", "PK": "pink", "TQ": "turquoise",
}  # fmt: skip

# Where a GPIO comes out: Pico data sheet, figure 2; ESP32-DevKitC V4 guide, header tables.
PICO_HEADER = {0: "1", 1: "2", 4: "6", 5: "7", 6: "9", 7: "10", 26: "31", 27: "32", 28: "34"}
DEVKITC_HEADER = {
    36: "J2-3", 39: "J2-4", 34: "J2-5", 35: "J2-6", 27: "J2-11",
    22: "J3-3", 21: "J3-6", 17: "J3-11", 16: "J3-12",
}  # fmt: skip
PI_HEADER = {
    "1": "3V3", "2": "5V", "4": "5V", "6": "GND", "7": "GPIO4 TXD", "8": "GPIO14 TXD", "9": "GND", "10": "GPIO15 RXD",
    "14": "GND", "20": "GND", "29": "GPIO5 RXD",
}  # fmt: skip

# (name on the drawings, prefix of a GPIO there, header, firmware's board, column of the table)
BOARDS = [
    pytest.param("PICO", "GP", PICO_HEADER, FIRMWARE["PICO"], "Pico", id="pico"),
    pytest.param("ESP32", "IO", DEVKITC_HEADER, FIRMWARE["ESP32"], "ESP32", id="esp32"),
]
# What a pin is called on the drawings, and in the firmware's pin map.
PURPOSES = {
    "TX": "tx", "RX": "rx", "SDA": "sda", "SCL": "scl", "INT": "motion_int", "DOOR": "door", "LIGHT": "light_adc",
    "BATTERY": "battery_adc", "SUPPLY": "supply_adc",
}  # fmt: skip

Wire = tuple[str, str, str, str]
"""Cable, colour, board's or first part's pin, `PART pin` at the far end."""


def words(line: str) -> list[str]:
    """The items of the flow list on a line of a source."""
    listed = re.search(r"\[(.*)\]", line)
    return [item.strip() for item in listed[1].split(",")] if listed else []


def labels(source: Path) -> dict[str, dict[str, str]]:
    """For each connector of a source that labels its pins: pin to label."""
    found: dict[str, dict[str, str]] = {}
    for block in re.finditer(r"^  (\w+):\n((?:    .*\n)+)", source.read_text(encoding="utf-8"), re.MULTILINE):
        pins = re.search(r"^    pins: .*$", block[2], re.MULTILINE)
        named = re.search(r"^    pinlabels: .*$", block[2], re.MULTILINE)
        if pins and named:
            found[block[1]] = dict(zip(words(pins[0]), words(named[0]), strict=True))
    return found


def wires(source: Path, start: str) -> Iterator[Wire]:
    """Every wire of a source that begins at the connector `start`, followed to its far end."""
    text = source.read_text(encoding="utf-8")
    colours = {
        block[1]: words(block[2])
        for block in re.finditer(r"^  (\w+):\n(?:    .*\n)*?    colors: (.*)\n", text, re.MULTILINE)
    }
    for chain in text.partition("connections:\n")[2].split("  -\n")[1:]:
        links = [(entry[1], words(entry[2])) for entry in re.finditer(r"    - (\w+): (\[.*\])", chain)]
        cables = [(name, numbers) for name, numbers in links if name in colours]
        if links[0][0] != start:
            continue
        cable, numbers = cables[-1]
        end, end_pins = links[-1]
        for pin, number, end_pin in zip(links[0][1], numbers, end_pins, strict=True):
            yield cable, COLOURS[colours[cable][int(number) - 1]], pin, f"{end} {end_pin}"


def tables(heading: str) -> list[list[dict[str, str]]]:
    """The tables of a section of wiring.md, as rows by column."""
    section = re.split(r"^#+ ", WIRING.partition(f"# {heading}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
    assert section, f"wiring.md has no section {heading!r}"
    found: list[list[dict[str, str]]] = []
    for block in re.findall(r"(?:^\|.*\|\n)+", section, re.MULTILINE):
        rows = [[cell.strip() for cell in line.strip("|\n").split("|")] for line in block.splitlines()]
        found.append([dict(zip(rows[0], row, strict=True)) for row in rows[2:]])
    return found


def number(cell: str) -> float:
    return float(cell.replace(",", ""))


@pytest.mark.parametrize(("name", "prefix", "header", "board", "column"), BOARDS)
def test_the_drawings_show_the_pins_the_firmware_uses(
    name: str, prefix: str, header: dict[int, str], board: Any, column: str
) -> None:
    drawn = (
        labels(HARNESS / f"link-{column.lower()}.yml")[name] | labels(HARNESS / f"sensors-{column.lower()}.yml")[name]
    )
    for word, attribute in PURPOSES.items():
        gpio: int = getattr(board, attribute)
        assert drawn.get(header[gpio]) == f"{prefix}{gpio} {word}", f"{name}: {attribute} of the firmware is {gpio}"


@pytest.mark.parametrize(("name", "prefix", "header", "board", "column"), BOARDS)
def test_the_pin_table_agrees_with_the_drawings(
    name: str, prefix: str, header: dict[int, str], board: Any, column: str
) -> None:
    sources = (HARNESS / f"link-{column.lower()}.yml", HARNESS / f"sensors-{column.lower()}.yml")
    drawn = {wire for source in sources for wire in wires(source, name)}
    told: set[Wire] = set()
    for row in tables("3.1 Board")[0]:
        pin, label = row[column].split()
        told.add((row["Wire"], row["Colour"], pin, row["Goes to"]))
        if label.startswith(prefix):
            assert header[int(label.removeprefix(prefix))] == pin
    power = {wire for wire in told if wire[0] == "W14"}
    assert told - power <= drawn
    # What the carrier holds beside the two dividers' outputs has a table of its own, without pins.
    carrier = {wire for wire in drawn if wire[0] == "W7"}
    assert drawn - carrier <= told
    assert {colour for _, colour, _, _ in power} == {"red", "black"}


def test_the_pi_table_agrees_with_the_drawings_and_with_the_pi() -> None:
    told = {(row["Pi pin"], row["Name"], row["Wire"], row["Colour"]) for row in tables("3.3 Raspberry Pi")[0]}
    drawn: set[tuple[str, str, str, str]] = set()
    starts = {"link-pico": "PICO", "link-esp32": "ESP32", "gnss-pi4-pi5": "GNSS", "power-out": "CONVERTER"}
    for source, start in starts.items():
        pi = labels(HARNESS / f"{source}.yml")["PI"]
        for cable, colour, _, end in wires(HARNESS / f"{source}.yml", start):
            part, pin = end.split()
            if part == "PI":
                drawn.add((pin, pi[pin], cable, colour))
    assert told == drawn
    assert {pin: name for pin, name, _, _ in told} == PI_HEADER


def test_every_wire_has_one_number_and_the_document_lists_them() -> None:
    listed = set(re.findall(r"W\d+", " ".join(row["Wires"] for row in tables("4. Harness drawings")[0])))
    drawn = {name for source in SOURCES for name in re.findall(r"^  (W\d+):", source.read_text("utf-8"), re.MULTILINE)}
    assert listed == drawn - {"W0"}, "W0 is W1's piece between board and resistor"


def test_the_dividers_and_the_light_are_those_the_firmware_reckons_with() -> None:
    ohms = {"R5": 470e3, "R6": 100e3, "R7": 1e6, "R8": 68e3, "R4": 2200}
    parts = " ".join(row["Parts"] for row in tables("3.2 On the carrier (W7)")[0])
    for text in ("R5 470 kΩ", "R6 100 kΩ", "R7 1 MΩ", "R8 68 kΩ", "R4 2.2 kΩ"):
        assert text in parts
    assert round(1000 * (1 + ohms["R5"] / ohms["R6"])) == FIRMWARE["BATTERY_RATIO"]
    assert round(1000 * (1 + ohms["R7"] / ohms["R8"])) == FIRMWARE["SUPPLY_RATIO"]
    assert round(75 / 100 * ohms["R4"]) == FIRMWARE["LIGHT_UV_PER_LUX"]
    assert f"{FIRMWARE['BAUD']:,} baud" in WIRING


@pytest.mark.parametrize("source", SOURCES, ids=[source.stem for source in SOURCES])
def test_a_drawing_is_of_its_source_as_it_stands(source: Path) -> None:
    drawing = source.with_suffix(".svg").read_text(encoding="utf-8")
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    assert digest in drawing, f"{source.name} was changed: run hardware/draw"
    assert len(drawing) < 100_000
    assert not re.search(r"/(home|root|tmp|work|usr)/", drawing)


def test_whatever_the_document_points_at_exists() -> None:
    for target in re.findall(r"\]\((?!http)([^)]+)\)", WIRING):
        path, _, anchor = target.partition("#")
        assert not path or (ROOT / "hardware" / path).is_file(), target
        titles = re.findall(r"^#+ (.*)$", WIRING, re.MULTILINE)
        anchors = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
        assert not anchor or anchor in anchors, target


def test_the_power_of_each_part_is_its_current_times_its_voltage() -> None:
    for row in tables("6.1 What each part draws")[0]:
        assert number(row["mA"]) * number(row["V"]) / 1000 == pytest.approx(number(row["W"]), abs=0.0006), row["Key"]


def test_a_day_of_each_policy_adds_up() -> None:
    watts = {row["Key"]: number(row["W"]) for row in tables("6.1 What each part draws")[0]}
    parts = ("Pi", "Receiver", "Board", "Modem waiting", "Messages")
    rows = tables("6.3 A day of each policy")[0]
    for row in rows:
        assert sum(number(row[part]) for part in parts) == pytest.approx(number(row["Sum"]), abs=0.06), row["Policy"]
        assert number(row["Sum"]) / 0.85 == pytest.approx(number(row["From the battery"]), abs=0.06), row["Policy"]
    message_wh = (2 * watts["M3"] + 10 * 0.5) / 3600
    for row in rows:
        if "satellite" not in row["Policy"]:
            messages_wh = number(row["Messages a day"]) * message_wh
            assert messages_wh == pytest.approx(number(row["Messages"]), abs=0.06), row["Policy"]
        if "switched off" not in row["Policy"]:
            assert watts["Z2"] * 24 == number(row["Pi"])
            assert watts["G1"] * 24 == pytest.approx(number(row["Receiver"]))
            assert watts["B1"] * 24 == pytest.approx(number(row["Board"]), abs=0.06)


def test_batteries_and_panels_follow_from_the_day() -> None:
    batteries, suns, _ = tables("6.4 What supply that takes")
    for row in batteries:
        need_wh = number(row["at 30.5 Wh a day"].split()[0])
        assert need_wh == pytest.approx(30.5 * int(row["Journey"].split()[0]))
        warm, cold, low = (row[column] for column in list(row)[2:])
        assert need_wh / 0.8 == pytest.approx(number(warm.split()[0]), abs=1)
        assert need_wh / 0.8 / 0.6 == pytest.approx(number(cold.split()[0]), abs=1)
        assert 1.9 * int(row["Journey"].split()[0]) / 0.48 == pytest.approx(number(low.split()[0]), abs=1)
        for cell in (warm, cold):
            wh, amp_hours = number(cell.split()[0]), number(cell.split()[-2])
            assert wh / 12.8 == pytest.approx(amp_hours, abs=0.6)
    for row in suns:
        above, share, panel, gives, full, low = (number(cell.split()[0]) for cell in list(row.values())[1:])
        assert above * share == pytest.approx(panel, abs=0.01)
        assert panel * 0.7 == pytest.approx(gives, abs=0.01)
        assert 30.5 / gives == pytest.approx(full, abs=0.6)
        assert 1.9 / gives == pytest.approx(low, abs=0.4)


def test_every_command_and_file_that_is_named_is_there() -> None:
    named = set(re.findall(r"railbox board (\w+)", WIRING))
    assert {"flash", "info", "settings", "monitor", "level"} <= named
    for name in named:
        with pytest.raises(SystemExit) as ended:
            command.main([name, "--help"])
        assert ended.value.code == 0, name
    for path in re.findall(r"`((?:agent|firmware_bridge|hardware)/[\w./-]+)`", WIRING):
        assert (ROOT / path).exists(), path
