"""moteus on a wire where things go wrong; the numbers of cases are those of docs/drives.md.

Four rules hold in every case: no motion beyond the life of a setpoint, no reading out of range is taken, no call
waits, and nothing is driven again before the operator has reset and armed.
"""

from __future__ import annotations

import math
import random

import pytest
from board_rig import PROFILE, TICK_NS, setpoints
from fleet_rig import FleetRig, only

from firmware_bridge.drivers.fdcanusb import with_checksum
from firmware_bridge.ports import LinkLost, MemoryPair
from firmware_bridge.virtual.buses import virtual_bus
from hil.faulty_line import FaultyTransport, Injection, LinkFault
from robot.messages import Axis, AxisFault, AxisLimit, AxisMode, Mode

FRONT, CABLE, GRIP = Axis.TRACTION_FRONT, Axis.CABLE, Axis.GRIP_FRONT
FEW = only(FRONT, Axis.ROTOR, CABLE)
DRIVING = setpoints(
    traction_front=(AxisMode.VELOCITY, 6.0, 0.0),
    rotor=(AxisMode.VELOCITY, 2.0, 0.0),
    cable=(AxisMode.EFFORT, 10.0, 0.0),
)


class NoisyRig(FleetRig):
    """With a line to the controllers that faults can be put on."""

    def __init__(self, drives=FEW) -> None:
        super().__init__(drives, lambda port: FaultyTransport(port, lambda: self.t_ns, 5))

    @property
    def noisy(self) -> FaultyTransport:
        return self.bus._line._transport


def driving(rig: FleetRig, seconds: float = 0.5):
    rig.mechanics.load[CABLE] = 10.0
    rig.arm()
    rig.run(seconds, rig.frame(DRIVING, armed=True, mode=Mode.TRAVEL))
    assert rig.speed(FRONT) == pytest.approx(6.0, abs=0.2)
    return rig


def stays_off(rig: FleetRig, axis: Axis = FRONT) -> None:
    """However much the host asks for it within the same arming."""
    rig.run(1.5, rig.frame(DRIVING, armed=True, mode=Mode.TRAVEL))
    assert rig.mechanics.braked[axis]
    assert abs(rig.speed(axis)) < 0.01


def sane(readings) -> bool:
    """Every reading is one that the axis can have."""
    speeds, places = readings.axes.velocity, readings.axes.position
    return all(math.isnan(v) or abs(v) < 50.0 for v in speeds) and all(
        math.isnan(p) or abs(p) < 1e4 for p in places
    )


# ---------------------------------------------------------------- start-up


@pytest.mark.parametrize(
    ("register", "value", "says"),
    [
        (0x102, 4, "register map: controller 4, host 5"),
        (0x101, 0x000107, "firmware: controller 0.1.7, host needs 0.1.8 or newer"),
        (0x110, 5, "id: controller 5, host 1"),
    ],
)
def test_case_13_wrong_firmware_or_register_map_is_refused_by_name(register: int, value: int, says: str):
    rig = FleetRig(FEW)
    rig.device(FRONT).registers[register] = value
    rig.connect()
    assert says in rig.axis(FRONT).mismatch
    rig.run(0.5, rig.frame(DRIVING, armed=True, mode=Mode.TRAVEL))
    assert rig.mechanics.braked[FRONT]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("servo.default_timeout_s", "nan"),
        ("servo.timeout_mode", "0"),
        ("servo.timeout_mode", "x"),
        ("servo.default_accel_limit", "nan"),
        ("servo.default_accel_limit", "4.0"),
    ],
)
def test_case_21_a_controller_that_would_coast_is_refused(name: str, value: str):
    rig = FleetRig(FEW)
    rig.device(FRONT).settings[name] = value
    rig.connect()
    assert f"{name}: controller {value}" in rig.axis(FRONT).mismatch


def test_case_20_a_controller_without_watchdog_is_never_armed():
    rig = FleetRig(FEW)
    rig.board.drives.watch(FRONT, False)
    rig.run(2.0, rig.frame())
    assert not rig.readings.safety.watchdog_seen
    assert rig.axis(CABLE).watchdog_seen
    assert rig.device(FRONT)._mode == 0


def test_the_watchdog_test_moves_nothing():
    rig = FleetRig(FEW)
    rig.mechanics.load[FRONT] = 5.0
    rig.connect()
    assert rig.readings.safety.watchdog_seen
    assert rig.mechanics.position[FRONT] == 0.0
    assert rig.mechanics.braked.all()


def test_an_old_time_out_is_no_proof_of_a_watchdog():
    """A controller found in its time-out from before must be seen to fall into it."""
    rig = FleetRig(FEW)
    rig.board.drives.drives[FRONT]["fault"] = AxisFault.TIMEOUT
    rig.board.drives.watch(FRONT, False)
    rig.run(1.5, rig.frame())
    assert not rig.axis(FRONT).watchdog_seen


def test_case_23_the_first_command_is_where_the_axis_is():
    rig = FleetRig(only(Axis.ROTOR))
    rig.mechanics.position[Axis.ROTOR] = 1.0
    rig.arm()
    rig.run(0.2)
    rig.tick(rig.frame(setpoints(rotor=(AxisMode.POSITION, 3.0, 0.0)), armed=True, mode=Mode.TRAVEL))
    rig.tick()
    assert rig.board.drives.drives[Axis.ROTOR]["target"] == pytest.approx(1.0, abs=1e-3)
    rig.tick()
    assert rig.board.drives.drives[Axis.ROTOR]["target"] == pytest.approx(3.0, abs=1e-3)


# ---------------------------------------------------------------- commands


def test_case_24_it_turns_as_slowly_as_it_is_told():
    rig = driving(FleetRig(FEW))
    rig.run(
        1.0, rig.frame(setpoints(traction_front=(AxisMode.VELOCITY, 0.05, 0.0)), armed=True, mode=Mode.TRAVEL)
    )
    assert rig.speed(FRONT) == pytest.approx(0.05, rel=0.1)
    assert rig.axis(FRONT).capabilities().speed_min == 0.0


def test_tension_is_never_current_mode():
    """In current mode there is no watchdog; it is position mode with torque alone."""
    rig = driving(FleetRig(FEW))
    assert rig.device(CABLE)._mode == 10
    assert rig.board.drives.drives[CABLE]["mode"] == AxisMode.EFFORT
    rig.run(0.2, silent=True)
    assert rig.device(CABLE)._mode == 11


def test_a_held_axis_is_braked_before_its_motor_is_off():
    rig = driving(FleetRig(FEW))
    rig.mechanics.load[FRONT] = 3.0
    rig.run(0.03, rig.frame(armed=True, mode=Mode.TRAVEL))
    assert rig.mechanics.braked[FRONT]
    assert rig.device(FRONT)._mode == 10
    rig.run(0.1)
    assert rig.device(FRONT)._mode == 0


def test_a_held_axis_is_not_stopped_over_and_over():
    """Every "stop" would clear what the controller has latched."""
    rig = driving(FleetRig(FEW))
    rig.run(0.3, rig.frame(armed=True, mode=Mode.TRAVEL))
    rig.board.drives.trip(FRONT, AxisFault.OVER_CURRENT)
    rig.run(0.1)
    assert rig.device(FRONT)._mode == 1
    assert rig.readings.axes.fault[FRONT] == AxisFault.OVER_CURRENT


def test_nothing_is_commanded_beyond_the_life_of_its_setpoint():
    rig = driving(FleetRig(FEW))
    rig.run(0.02, rig.frame(DRIVING, armed=True, mode=Mode.TRAVEL, valid_for_ms=40))
    now_us, deadline_us = rig.board.drives.now_us, rig.board.drives.drives[FRONT]["deadline_us"]
    assert deadline_us - now_us <= 40_000


@pytest.mark.parametrize(
    ("axis", "wish", "target", "refused"),
    [
        ("rotor", (AxisMode.VELOCITY, 99.0, 0.0), 6.3, AxisLimit.VELOCITY),
        ("trim", (AxisMode.POSITION, 9.0, 0.0), 0.24, AxisLimit.RANGE),
        ("cable", (AxisMode.EFFORT, 50.0, 0.0, 12.0), 12.0, AxisLimit.EFFORT),
        ("rotor", (AxisMode.VELOCITY, math.nan, 0.0), 0.0, AxisLimit.INVALID),
        ("rotor", (AxisMode.VELOCITY, 1.0, math.inf), 0.0, AxisLimit.INVALID),
    ],
)
def test_what_an_axis_cannot_do_is_not_even_sent(axis: str, wish: tuple, target: float, refused: AxisLimit):
    place = Axis[axis.upper()]
    rig = FleetRig(only(place))
    rig.arm()
    rig.run(0.06, rig.frame(setpoints(**{axis: wish}), armed=True, mode=Mode.TRAVEL))
    assert rig.board.drives.drives[place]["target"] == pytest.approx(target, rel=1e-3)
    assert rig.readings.axes.limit[place] == refused


# ---------------------------------------------------------------- the line


@pytest.mark.parametrize("rate", [1e-4, 1e-3])
def test_case_01_corrupted_bytes_are_dropped_and_counted(rate: float):
    rig = driving(NoisyRig())
    rig.noisy.inject(Injection(LinkFault.CORRUPT, rate=rate))
    for _ in range(300):
        assert sane(rig.tick())
    rig.noisy.inject(None)
    rig.run(0.1)
    assert rig.readings.link.frames_bad > 0
    assert rig.speed(FRONT) == pytest.approx(6.0, abs=0.2)


@pytest.mark.parametrize(
    "noise", [b"can send 8001 01", b"rcv 100 24", b"\x02\x50", b"*", b"rcv 100 " + b"0" * 400]
)
def test_case_02_a_truncated_line_costs_no_more_than_two_cycles(noise: bytes):
    rig = driving(FleetRig(FEW))
    rig.line.host.write(noise)
    rig.line.device.write(noise)
    rig.run(0.04)
    assert rig.t_ns - rig.readings.axes.t_ns <= 2 * TICK_NS
    assert rig.speed(FRONT) == pytest.approx(6.0, abs=0.2)


def test_case_03_a_lost_frame_is_superseded_by_the_next():
    rig = driving(FleetRig(FEW))
    for _ in range(5):
        rig.line.device._inbox.clear()  # the commands of one tick
        rig.run(0.03)
        rig.line.host._inbox.clear()  # the replies of one tick
        rig.run(0.03)
    assert rig.readings.axes.fault[FRONT] == AxisFault.NONE
    assert rig.speed(FRONT) == pytest.approx(6.0, abs=0.2)


def test_case_04_a_late_reply_shows_its_true_age():
    rig = driving(NoisyRig())
    rig.noisy.inject(Injection(LinkFault.DELAYED, delay_s=0.05, to_board=False))
    rig.run(0.3)
    age_ns = rig.t_ns - rig.readings.axes.t_ns
    assert 50_000_000 <= age_ns <= 70_000_000


@pytest.mark.parametrize("fault", [LinkFault.DUPLICATE, LinkFault.REPLAY])
def test_case_05_repeated_frames_are_never_taken_as_new(fault: LinkFault):
    never_takes_the_old(fault)


def test_case_06_overtaken_frames_are_never_taken_as_new():
    never_takes_the_old(LinkFault.REORDER)


def never_takes_the_old(fault: LinkFault) -> None:
    rig = driving(NoisyRig())
    rig.noisy.inject(Injection(fault, rate=0.3))
    newest_ns = 0
    for _ in range(200):
        stamp_ns = rig.tick().axes.t_ns
        assert stamp_ns >= newest_ns
        newest_ns = stamp_ns
        assert rig.readings.axes.fault[FRONT] == AxisFault.NONE
    assert rig.speed(FRONT) == pytest.approx(6.0, abs=0.3)


def test_case_07_unplugged_while_moving_and_found_again():
    rig = driving(FleetRig(FEW))
    rig.line.device.close()
    rig.run(0.05)
    assert not rig.readings.link.connected
    assert rig.bus.lost
    other = MemoryPair()
    rig.far._transport = other.device
    rig.bus.attach(other.host)
    rig.run(0.6)
    assert rig.axis(FRONT).found is not None
    assert rig.readings.link.connected
    stays_off(rig)


def test_case_07_another_controller_at_the_same_place_is_no_substitute():
    rig = driving(FleetRig(FEW))
    rig.device(FRONT).registers[0x120] += 1
    rig.bus.attach(rig.line.host)
    rig.run(0.6, rig.frame())
    assert "serial number" in rig.axis(FRONT).mismatch


def test_case_08_a_peer_that_takes_nothing_is_a_lost_line():
    rig = driving(FleetRig(FEW))

    def full(data: bytes) -> None:
        raise LinkLost("port: write timed out")

    rig.line.host.write = full
    rig.run(0.5)
    assert "timed out" in rig.bus.lost
    stays_off(rig)


@pytest.mark.parametrize(
    "noise", [b"\x00" * 5000, b"\xff" * 5000, b"AT\r\nATZ\r\n", "über\n".encode("latin-1")]
)
def test_case_10_and_11_a_strangers_bytes_move_nothing(noise: bytes):
    rig = FleetRig(FEW)
    rig.connect()
    for _ in range(20):
        rig.line.host.write(noise)
        rig.line.device.write(noise)
        rig.tick()
    rig.line.host.write(b"\n")
    rig.line.device.write(b"\n")
    readings = rig.run(0.1)
    assert rig.mechanics.braked.all()
    assert readings.link.frames_bad > 0
    assert readings.link.connected


def test_case_09_a_slow_line_shows_in_its_round_trip_and_its_age():
    rig = driving(NoisyRig())
    quick_ms = rig.readings.link.round_trip_ms
    rig.noisy.inject(Injection(LinkFault.DELAYED, delay_s=0.016, to_board=False))
    rig.run(0.5)
    assert quick_ms <= 10.0
    assert rig.t_ns - rig.readings.axes.t_ns >= 20_000_000


def test_case_26_half_a_reply_holds_up_nobody():
    rig = driving(FleetRig(FEW))
    reply = rig.line.host.read()[:20]
    for _ in range(5):
        rig.line.device.write(reply)
        assert rig.bus.poll(rig.t_ns) is None
    rig.run(0.05)
    assert rig.speed(FRONT) == pytest.approx(6.0, abs=0.2)


def test_case_29_a_line_that_grows_worse_is_counted_before_it_fails():
    rig = driving(NoisyRig())
    bad = []
    for rate in (1e-4, 1e-3, 4e-3):
        before = rig.readings.link.frames_bad
        rig.noisy.inject(Injection(LinkFault.CORRUPT, rate=rate))
        rig.run(0.5)
        bad.append(rig.readings.link.frames_bad - before)
    assert bad[0] < bad[1] < bad[2]


# ---------------------------------------------------------------- the controller


def test_case_12_a_restart_in_motion_stops_and_the_place_is_not_trusted():
    rig = driving(FleetRig(FEW))
    rig.device(FRONT).reboot()
    readings = rig.run(0.35)
    assert readings.axes.fault[FRONT] == AxisFault.RESET
    assert math.isnan(readings.axes.position[FRONT])
    assert rig.mechanics.braked[FRONT]
    readings = rig.run(1.0)
    assert not readings.safety.watchdog_seen
    stays_off(rig)


def test_case_12_after_a_restart_reset_and_arming_bring_it_back():
    rig = driving(FleetRig(FEW))
    rig.device(FRONT).reboot()
    rig.run(1.5)
    rig.run(0.05, rig.frame(stop=True))
    rig.run(1.5, rig.frame())
    rig.run(0.05, rig.frame(reset=True))
    readings = rig.run(1.0, rig.frame())
    assert readings.axes.fault[FRONT] == AxisFault.NONE
    assert readings.safety.watchdog_seen
    rig.run(0.5, rig.frame(DRIVING, armed=True, mode=Mode.TRAVEL))
    assert rig.speed(FRONT) == pytest.approx(6.0, abs=0.2)


@pytest.mark.parametrize("position", [math.nan, 1e9, 40.0])
def test_case_14_what_no_axis_can_have_is_not_taken(position: float):
    rig = driving(FleetRig(FEW))
    device = rig.device(FRONT)
    read = device._read
    device._read = lambda number: position if number == 1 else read(number)
    for _ in range(30):
        assert sane(rig.tick())
    assert rig.t_ns - rig.readings.axes.t_ns > 200_000_000
    rig.run(1.5)
    assert rig.mechanics.braked[FRONT]


def test_case_15_a_counter_that_stands_still_is_no_fresh_feedback():
    rig = driving(FleetRig(FEW))
    device = rig.device(FRONT)
    read, stood = device._read, device._read(0x070)
    device._read = lambda number: stood if number == 0x070 else read(number)
    rig.run(0.15)
    assert rig.t_ns - rig.readings.axes.t_ns > 100_000_000


def test_case_16_commands_that_do_not_arrive_stop_the_axis():
    stops_when_dead_one_way(to_host=False)


def test_case_17_feedback_that_does_not_arrive_stops_the_axis():
    stops_when_dead_one_way(to_host=True)


def stops_when_dead_one_way(to_host: bool) -> None:
    rig = driving(NoisyRig())
    rig.noisy.inject(Injection(LinkFault.HALF_OPEN, to_host=to_host, to_board=not to_host))
    rig.run(0.3)
    assert rig.board.drives.drives[FRONT]["fault"] == AxisFault.TIMEOUT
    rig.noisy.inject(None)
    stays_off(rig)


def test_case_19_looking_on_does_not_keep_an_axis_going():
    """Only a tick's setpoint does: being asked for its state feeds no watchdog."""
    rig = driving(FleetRig(FEW))
    for _ in range(30):
        rig.t_ns += TICK_NS
        rig.far.advance()
        rig.board.advance(rig.t_ns)
        rig.bus.poll(rig.t_ns)
        rig.bus.send(rig.t_ns)
    assert rig.device(FRONT)._mode == 11


@pytest.mark.parametrize("seconds", [0.2, 1.0, 5.0])
def test_case_18_a_host_that_slept_finds_all_stopped_and_replays_nothing(seconds: float):
    rig = driving(FleetRig(FEW))
    rig.run(seconds, silent=True)
    stays_off(rig)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [(AxisFault.OVER_CURRENT, AxisFault.OVER_CURRENT), (AxisFault.ENCODER, AxisFault.ENCODER)],
)
def test_case_22_a_fault_stays_until_the_operators_reset(fault: AxisFault, expected: AxisFault):
    rig = driving(FleetRig(FEW))
    rig.board.drives.trip(FRONT, fault)
    readings = rig.run(0.05)
    assert readings.axes.fault[FRONT] == expected
    assert rig.mechanics.braked[FRONT]
    rig.device(FRONT)._stop()  # somebody else clears it at the controller
    stays_off(rig)
    assert rig.readings.axes.fault[FRONT] == expected


def test_case_25_an_absent_controller_does_not_slow_the_others():
    rig = FleetRig(FEW)
    del rig.far.devices[rig.device(FRONT).id]
    rig.connect()
    assert rig.axis(FRONT).mismatch == "no answer from moteus 1"
    assert rig.axis(CABLE).found is not None
    assert rig.t_ns - rig.axis(CABLE).state.t_ns <= TICK_NS
    assert not rig.readings.link.identity_ok


def test_case_28_an_open_chain_while_the_line_is_down_is_known_afterwards():
    rig = driving(NoisyRig())
    rig.noisy.inject(Injection(LinkFault.HALF_OPEN))
    rig.run(0.1)
    rig.mechanics.estop_closed = False
    rig.run(1.5)
    assert rig.mechanics.braked.all()
    rig.noisy.inject(None)
    assert rig.run(0.1).safety.latched_stop
    stays_off(rig)


# ---------------------------------------------------------------- noise


def soak(seconds: float, seed: int) -> None:
    """Flipped bits, lost, doubled and late chunks in turn; then all is well again."""
    rig = driving(NoisyRig())
    rng = random.Random(seed)
    kinds = (
        Injection(LinkFault.CORRUPT, rate=1e-4), Injection(LinkFault.CORRUPT, rate=1e-3),
        Injection(LinkFault.TRUNCATE, rate=0.02), Injection(LinkFault.DUPLICATE, rate=0.1),
        Injection(LinkFault.REORDER, rate=0.1), Injection(LinkFault.DELAYED),
    )  # fmt: skip
    fastest = 1.05 * PROFILE.drive[FRONT].velocity_max
    for _ in range(round(seconds)):
        kind = rng.choice(kinds)
        rig.noisy.inject(Injection(kind.fault, kind.rate, rng.uniform(0.0, 0.05)))
        for _ in range(100):
            assert sane(rig.tick())
            assert abs(rig.speed(FRONT)) < fastest
    rig.noisy.inject(None)
    rig.run(1.5)
    rig.run(1.5, rig.frame(stop=True))
    rig.run(0.1, rig.frame(reset=True))
    rig.run(1.0, rig.frame())
    rig.run(0.5, rig.frame(DRIVING, armed=True, mode=Mode.TRAVEL))
    assert rig.speed(FRONT) == pytest.approx(6.0, abs=0.2)


def test_a_noisy_line_moves_nothing_outside_its_limits():
    soak(6.0, seed=31)


@pytest.mark.acceptance
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", [32, 33])
def test_ten_minutes_of_noise_move_nothing_outside_its_limits(seed: int):
    soak(600.0, seed)


# ---------------------------------------------------------------- one controller on its UART


def uart(axis: Axis) -> FleetRig:
    drives = only(axis)
    bus = drives.bus[0].model_copy(update={"adapter": "uart"})
    return FleetRig(drives.model_copy(update={"bus": (bus,)}))


def test_a_controller_on_its_own_uart_is_driven_alike():
    rig = uart(FRONT)
    rig.arm()
    rig.run(0.5, rig.frame(DRIVING, armed=True, mode=Mode.TRAVEL))
    assert rig.speed(FRONT) == pytest.approx(6.0, abs=0.2)


def test_a_uart_is_never_asked_twice_before_it_answered():
    """A second frame would be acknowledged and dropped."""
    rig = uart(FRONT)
    rig.connect()
    for t_ns in range(rig.t_ns, rig.t_ns + TICK_NS, TICK_NS // 4):
        rig.bus.send(t_ns)
    assert rig.line.device.read().count(b"can send") <= 1


def test_a_uart_that_has_seen_a_checksum_asks_for_it():
    rig = uart(FRONT)
    rig.connect()
    rig.line.host.write(b"can send 8001 1100 BF\n")
    rig.far.advance()
    assert b"ERR checksum" in rig.line.host.read()
    rig.device(FRONT).reboot()
    rig.run(0.3, silent=True)
    rig.line.host.write(b"can send 8001 1100 BF\n")
    rig.far.advance()
    assert b"rcv" in rig.line.host.read()


def test_a_wrong_prefix_or_id_is_silence():
    rig = FleetRig(FEW)
    rig.line.host.write(with_checksum(b"can send 18001 1100 BF") + with_checksum(b"can send 8009 1100 BF"))
    rig.far.advance()
    assert rig.line.host.read().count(b"rcv") == 0


def test_the_far_end_can_be_made_from_the_same_file():
    rig = FleetRig(FEW)
    assert set(virtual_bus(FEW, FEW.bus[0], rig.board.drives, MemoryPair().device).devices) == {1, 7, 8}
