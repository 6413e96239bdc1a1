"""The computer under the agent: what Linux and the Raspberry Pi's firmware say, and what is absent."""

from pathlib import Path

import pytest

from railbox_agent.health.machine import Machine, read_machine

MEMINFO = (
    "MemTotal:         948304 kB\nMemFree:   1 kB\nMemAvailable:     500000 kB\nHugePages_Total:       0\nodd line\n"
)


def put(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def throttled(root: Path, text: str) -> Machine:
    put(root, "sys/devices/platform/soc/soc:firmware/get_throttled", text)
    return read_machine(root, root)


def test_a_raspberry_pi_is_read_as_it_is(tmp_path: Path) -> None:
    put(tmp_path, "proc/meminfo", MEMINFO)
    put(tmp_path, "proc/self/statm", "9000 2500 1000 1 0 700 0\n")
    put(tmp_path, "sys/class/thermal/thermal_zone0/type", "cpu-thermal\n")
    put(tmp_path, "sys/class/thermal/thermal_zone0/temp", "48312\n")
    found = throttled(tmp_path, "0\n")
    assert found.mem_total_bytes == 948_304 * 1024
    assert found.mem_available_bytes == 500_000 * 1024
    assert found.rss_bytes == 2_500 * 4_096
    assert found.temp_c == 48.312
    assert (found.volts_low, found.slowed) == (False, False)
    assert found.disk_free_bytes
    assert found.disk_total_bytes
    assert found.disk_read_only is False


def test_what_a_machine_does_not_have_is_none(tmp_path: Path) -> None:
    found = read_machine(tmp_path / "not" / "yet" / "there", tmp_path)
    assert found.disk_total_bytes
    assert found == Machine(found.disk_free_bytes, found.disk_total_bytes, disk_read_only=False)


@pytest.mark.parametrize(
    ("text", "volts_low", "slowed"),
    [
        ("50005\n", True, True),
        ("10000\n", True, False),
        ("50000\n", True, False),
        ("1", True, False),
        ("20002", False, True),
        ("e0008", False, True),
    ],
)
def test_low_voltage_counts_also_when_it_was_since_the_last_look(
    tmp_path: Path, text: str, volts_low: bool, slowed: bool
) -> None:
    found = throttled(tmp_path, text)
    assert (found.volts_low, found.slowed) == (volts_low, slowed)


@pytest.mark.parametrize(("alarm", "low"), [("0\n", False), ("1\n", True), ("", None)])
def test_kernels_without_get_throttled_tell_by_their_voltage_sensor(
    tmp_path: Path, alarm: str, low: bool | None
) -> None:
    put(tmp_path, "sys/class/hwmon/hwmon0/name", "cpu_thermal\n")
    put(tmp_path, "sys/class/hwmon/hwmon1/name", "rpi_volt\n")
    put(tmp_path, "sys/class/hwmon/hwmon1/in0_lcrit_alarm", alarm)
    assert read_machine(tmp_path, tmp_path).volts_low is low


def test_the_processors_zone_counts_else_the_hottest(tmp_path: Path) -> None:
    for number, (kind, temp) in enumerate((("battery", "90000"), ("wifi", "30000"), ("gone", "no number"))):
        put(tmp_path, f"sys/class/thermal/thermal_zone{number}/type", kind)
        put(tmp_path, f"sys/class/thermal/thermal_zone{number}/temp", temp)
    assert read_machine(tmp_path, tmp_path).temp_c == 90.0
    put(tmp_path, "sys/class/thermal/thermal_zone9/type", "cpu-thermal")
    put(tmp_path, "sys/class/thermal/thermal_zone9/temp", "-12500")
    assert read_machine(tmp_path, tmp_path).temp_c == -12.5


def test_garbage_in_the_files_is_absence(tmp_path: Path) -> None:
    put(tmp_path, "proc/meminfo", "\xff MemAvailable lots kB\nMemAvailable:\n")
    put(tmp_path, "proc/self/statm", "\n")
    found = throttled(tmp_path, "throttled=0x0\n")
    assert (found.mem_available_bytes, found.rss_bytes, found.volts_low) == (None, None, None)


def test_this_machine_can_be_read() -> None:
    found = read_machine(Path("/"))
    assert found.mem_available_bytes
    assert found.rss_bytes
