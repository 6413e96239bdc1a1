"""The drivers against parts simulated at register level: what they read and see, and what they make of failure."""

import rigged  # first: it puts the simulated board in place
from railbox_board import boards
from railbox_board.bus import Bus
from railbox_board.drivers.core_temp import CoreTemp
from railbox_board.drivers.light import Light
from railbox_board.drivers.lis3dh import Lis3dh
from railbox_board.drivers.reed_door import ReedDoor
from railbox_board.drivers.sht3x import Sht3x, crc8
from railbox_board.drivers.voltage import Voltage
from railbox_board.nap import nap
from railbox_board.station import Station
from railbox_board.ticks import Ticks
from railbox_bridge import commands, tables
from rigged import wait, world

BOARD = boards.this_board()
ticks = Ticks()


class Chosen:
    """Settings that are not kept anywhere."""

    def __init__(self, **changes):
        self.values = {number: row[2] for number, row in commands.SETTINGS.items()}
        self.values.update({getattr(commands, name): value for name, value in changes.items()})

    def __getitem__(self, number):
        return self.values[number]


def watch(part, seconds, every_s=0.02):
    """Let time pass and return what `part` saw happen."""
    seen = []
    for _ in range(int(seconds / every_s)):
        world.skip(every_s)
        seen.extend(part.watch(ticks.now_ms()))
    return seen


def fails(call):
    try:
        call()
    except OSError:
        return True
    return False


def sht3x():
    part = Sht3x(Bus(BOARD))
    part.start()
    return part


def lis3dh(**settings):
    part = Lis3dh(Bus(BOARD), BOARD, Chosen(**settings))
    part.start()
    watch(part, 0.5)
    return part


def case_sht3x_reads_what_the_air_has():
    part = sht3x()
    for temp_c, humidity_pct in ((21.0, 45.0), (-40.0, 0.0), (70.0, 100.0), (0.04, 33.3)):
        world.set({"temp_c": temp_c, "humidity_pct": humidity_pct})
        expected = [(tables.TEMP, round(temp_c * 10)), (tables.HUMIDITY, round(humidity_pct))]
        assert wait(part.read()) == expected, wait(part.read())


def case_sht3x_checks_with_the_data_sheets_example():
    assert crc8(b"\xbe\xef") == 0x92


def case_sht3x_absent_or_damaged_is_an_error():
    part = sht3x()
    for state in ("absent", "bad_crc"):
        world.set({"sht3x": state})
        assert fails(lambda: wait(part.read()))
        world.set({"sht3x": "ok"})
        part.start()
        assert len(wait(part.read())) == 2


def case_lis3dh_at_rest_shows_no_shock_no_tilt_little_vibration():
    part = lis3dh()
    assert watch(part, 2) == []
    assert wait(part.read()) == [(tables.SHOCK_PEAK, 0), (tables.VIBRATION, 0), (tables.TILT, 0)]


def case_lis3dh_shock_has_its_peak_its_length_and_its_time():
    part = lis3dh()
    began_ms = ticks.now_ms()
    world.set({"shock": {"peak_g": 5, "lasts_ms": 50}})
    (shock,) = watch(part, 1)
    assert shock.code == tables.SHOCK
    assert abs(shock.value - 500) <= 10, shock.value
    assert 20 <= shock.lasted_ms <= 50, shock.lasted_ms
    assert 0 <= shock.at_ms - began_ms <= 20, shock.at_ms - began_ms
    assert abs(dict(wait(part.read()))[tables.SHOCK_PEAK] - 500) <= 10
    assert dict(wait(part.read())).get(tables.SHOCK_PEAK, 0) <= 10  # the peak since the last reading


def case_lis3dh_blows_under_the_threshold_are_no_shock():
    part = lis3dh(SHOCK_THRESHOLD=6000)
    world.set({"shock": {"peak_g": 5, "lasts_ms": 50}})
    assert watch(part, 1) == []


def case_lis3dh_a_changed_threshold_counts_at_once():
    settings = Chosen(SHOCK_THRESHOLD=6000)
    part = Lis3dh(Bus(BOARD), BOARD, settings)
    part.start()
    watch(part, 0.5)
    settings.values[commands.SHOCK_THRESHOLD] = 1000
    watch(part, 0.1)
    world.set({"shock": {"peak_g": 2, "lasts_ms": 50}})
    assert len(watch(part, 1)) == 1


def case_lis3dh_a_shock_while_nobody_looked_is_known_by_the_interrupt():
    part = lis3dh()
    world.set({"shock": {"peak_g": 8, "lasts_ms": 20}})
    world.skip(1.0)  # the FIFO keeps 80 ms
    (shock,) = part.watch(ticks.now_ms())
    assert shock.value == 200  # at least the threshold
    assert 950 <= ticks.now_ms() - shock.at_ms <= 1100


def case_lis3dh_tilt_is_told_once_after_it_lasted():
    part = lis3dh()
    world.set({"tilt_deg": 45})
    (tilt,) = watch(part, 6)
    assert tilt.code == tables.TILTED
    assert 30 <= tilt.value <= 46
    assert dict(wait(part.read()))[tables.TILT] in range(44, 47)
    world.set({"tilt_deg": 0})
    assert watch(part, 6) == []
    world.set({"tilt_deg": 45})
    assert len(watch(part, 6)) == 1
    world.set({"tilt_deg": 0})


def case_lis3dh_vibration_is_the_root_mean_square():
    part = lis3dh()
    wait(part.read())
    world.set({"rumble_mg": 200})
    watch(part, 4)
    vibration_mg = dict(wait(part.read()))[tables.VIBRATION]
    world.set({"rumble_mg": 0})
    assert 180 <= vibration_mg <= 220, vibration_mg


def case_lis3dh_another_part_at_its_address_is_refused():
    world.set({"lis3dh": "other"})
    try:
        assert fails(Lis3dh(Bus(BOARD), BOARD, Chosen()).start)
    finally:
        world.set({"lis3dh": "ok"})


def case_door_is_debounced_and_dated_by_its_first_edge():
    part = ReedDoor(BOARD, Chosen())
    assert wait(part.read()) == [(tables.DOOR_OPEN, 0)]
    for state, code, level in (("open", tables.DOOR_OPENED, 1), ("closed", tables.DOOR_CLOSED, 0)):
        began_ms = ticks.now_ms()
        world.set({"door": state})
        (moved,) = watch(part, 1)
        assert (moved.code, wait(part.read())) == (code, [(tables.DOOR_OPEN, level)])
        assert 0 <= moved.at_ms - began_ms <= 25, moved.at_ms - began_ms


def case_door_that_only_rattles_has_not_moved():
    part = ReedDoor(BOARD, Chosen())
    for state in ("open", "closed", "open", "closed"):
        world.set({"door": state})
        assert watch(part, 0.06) == []
    assert watch(part, 1) == []


def case_light_is_told_once_it_lasts():
    part = Light(BOARD, Chosen())
    world.set({"light_lux": 400})
    assert watch(part, 0.1) == []
    (breach,) = watch(part, 1)
    assert breach.code == tables.LIGHT_BREACH
    assert abs(breach.value - 400) <= 2
    assert watch(part, 2) == []
    world.set({"light_lux": 0})
    assert watch(part, 1) == []


def case_voltages_and_the_chips_temperature_are_what_they_are():
    world.set({"battery_v": 11.8, "supply_v": 26.5, "board_temp_c": -25.0})
    battery = Voltage(tables.BATTERY, BOARD.battery_adc, boards.BATTERY_RATIO)
    supply = Voltage(tables.SUPPLY, BOARD.supply_adc, boards.SUPPLY_RATIO)
    assert abs(wait(battery.read())[0][1] - 1180) <= 2
    assert abs(wait(supply.read())[0][1] - 2650) <= 2
    assert abs(wait(CoreTemp(BOARD.core_temp_adc).read())[0][1] + 250) <= 5
    world.set({"battery_v": 12.6, "supply_v": 24.0, "board_temp_c": 30.0})


def station():
    world.set({"temp_c": 21.0, "humidity_pct": 45.0, "door": "closed"})
    world.skip(1)
    bus = Bus(BOARD)
    settings = Chosen()
    return Station([Sht3x(bus), Lis3dh(bus, BOARD, settings), ReedDoor(BOARD, settings)], bus)


def case_a_missing_part_is_reported_and_the_others_go_on():
    world.set({"sht3x": "absent"})
    parts = station()
    channels = [channel for channel, _ in wait(parts.sample())]
    assert channels == [tables.DOOR_OPEN]  # the accelerometer has no sample yet
    assert parts.statuses[tables.TEMP] == tables.MISSING
    assert parts.statuses[tables.TILT] == tables.OK
    world.set({"sht3x": "ok"})
    assert (tables.TEMP, 210) in wait(parts.sample())
    assert parts.statuses[tables.TEMP] == tables.OK


def case_a_part_that_stops_answering_is_failing_until_it_does_again():
    parts = station()
    wait(parts.sample())
    world.set({"lis3dh": "absent"})
    parts.watch(ticks.now_ms())
    assert parts.statuses[tables.TILT] == tables.FAILING
    wait(parts.sample())
    assert parts.statuses[tables.TILT] == tables.FAILING
    world.set({"lis3dh": "ok"})
    wait(parts.sample())
    assert parts.statuses[tables.TILT] == tables.OK


def case_nonsense_is_withheld_and_reported():
    parts = station()
    world.set({"sht3x": "nonsense"})
    channels = [channel for channel, _ in wait(parts.sample())]
    assert tables.TEMP not in channels
    assert parts.statuses[tables.TEMP] == tables.IMPLAUSIBLE
    world.set({"sht3x": "ok"})
    wait(parts.sample())
    assert parts.statuses[tables.TEMP] == tables.OK


def case_a_bus_stuck_low_is_clocked_free():
    parts = station()
    wait(parts.sample())
    world.set({"bus": "stuck"})
    wait(parts.sample())
    assert world.get("bus") == "ok"
    assert (tables.TEMP, 210) in wait(parts.sample())


def case_a_bus_shorted_for_good_costs_only_its_parts():
    parts = station()
    wait(parts.sample())
    world.set({"bus": "shorted"})
    assert wait(parts.sample()) == [(tables.DOOR_OPEN, 0)]
    assert parts.statuses[tables.TEMP] == tables.FAILING
    assert parts.statuses[tables.DOOR_OPEN] == tables.OK
    world.set({"bus": "ok"})
    assert len(wait(parts.sample())) > 2


def case_ticks_go_on_over_the_wrap():
    rigged.hardware.boot()  # 500 ms before time.ticks_ms wraps
    counting = Ticks()
    before_ms = counting.now_ms()
    world.skip(2)
    assert 2000 <= counting.now_ms() - before_ms <= 2100


def case_a_nap_lasts_until_its_end_or_until_the_door_moves():
    part = ReedDoor(BOARD, Chosen())
    began_ms = ticks.now_ms()
    nap(BOARD, 50)
    assert ticks.now_ms() - began_ms >= 50
    began_ms = ticks.now_ms()
    world.at(world.now_us() + 30000, lambda: world.set({"door": "open"}))
    nap(BOARD, 60000)
    assert ticks.now_ms() - began_ms < 30000
    assert part.busy  # so that it stays awake until the contact rests
    assert len(watch(part, 1)) == 1
    world.set({"door": "closed"})
    watch(part, 1)
