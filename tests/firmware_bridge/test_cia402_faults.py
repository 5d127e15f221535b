"""CiA 402 on a wire where things go wrong; the numbers of cases are those of docs/drives.md.

Four rules hold in every case: no motion beyond the life of a setpoint, no reading out of range is taken, no call
waits, and nothing is driven again before the operator has reset and armed.
"""

from __future__ import annotations

import math
import random

import pytest
from board_rig import PROFILE, TICK_NS, setpoints
from cia402_rig import CABLE, DRIVING, FRONT, ROTOR, CiaRig, NoisyRig, driving, sane, stays_off
from fleet_rig import only

from firmware_bridge.axes import WATCHDOG_MS
from firmware_bridge.ports import LinkLost, MemoryPair
from firmware_bridge.virtual.cia402 import FAULT, OPERATION_ENABLED, SWITCH_ON_DISABLED
from hil.faulty_line import LinkFault
from robot.messages import Axis, AxisFault, AxisMode, Mode

GOING = {"armed": True, "mode": Mode.TRAVEL}


@pytest.mark.parametrize("rate", [1e-4, 1e-3])
def test_case_01_corrupted_bytes_are_dropped_and_counted(rate: float):
    rig = driving(NoisyRig())
    rig.inject(LinkFault.CORRUPT, rate=rate)
    for _ in range(300):
        assert sane(rig.tick())
    rig.inject(None)
    rig.run(0.1)
    assert rig.readings.link.frames_bad > 0
    assert rig.speed(FRONT) == pytest.approx(6.0, abs=0.2)


@pytest.mark.parametrize(
    "noise", [b"t1817", b"t5818436", b"\x02\x50", b"t", b"T00000", b"t181" + b"0" * 400, b"\a\a\a"]
)
def test_case_02_a_truncated_line_costs_no_more_than_two_cycles(noise: bytes):
    rig = driving(CiaRig())
    rig.line.host.write(noise)
    rig.line.device.write(noise)
    rig.run(0.04)
    assert rig.t_ns - rig.readings.axes.t_ns <= 2 * TICK_NS
    assert rig.speed(FRONT) == pytest.approx(6.0, abs=0.2)


def test_case_03_a_lost_frame_is_superseded_by_the_next():
    rig = driving(CiaRig())
    for _ in range(5):
        rig.line.device._inbox.clear()  # the commands of one tick
        rig.run(0.03)
        rig.line.host._inbox.clear()  # the reports of one tick
        rig.run(0.03)
    assert rig.readings.axes.fault[FRONT] == AxisFault.NONE
    assert rig.speed(FRONT) == pytest.approx(6.0, abs=0.2)


def test_case_04_a_late_report_shows_its_true_age():
    rig = driving(NoisyRig())
    rig.inject(LinkFault.DELAYED, delay_s=0.05, to_board=False)
    rig.run(0.3)
    assert 50_000_000 <= rig.t_ns - rig.readings.axes.t_ns <= 80_000_000


@pytest.mark.parametrize("fault", [LinkFault.DUPLICATE, LinkFault.REPLAY])
def test_case_05_repeated_frames_are_never_taken_as_new(fault: LinkFault):
    never_takes_the_old(fault)


def test_case_06_overtaken_frames_are_never_taken_as_new():
    never_takes_the_old(LinkFault.REORDER)


def never_takes_the_old(fault: LinkFault) -> None:
    """A wheel that turns evenly tells by its place from when a report is."""
    rig = driving(NoisyRig())
    rig.inject(fault, rate=0.3, to_board=False)
    newest_ns, began_ns, began = 0, rig.t_ns, float(rig.mechanics.position[FRONT])
    for _ in range(200):
        axes = rig.tick().axes
        assert axes.t_ns >= newest_ns
        newest_ns = axes.t_ns
        assert axes.fault[FRONT] == AxisFault.NONE
        if newest_ns > began_ns:
            assert axes.position[FRONT] == pytest.approx(
                began + 6.0 * (newest_ns - began_ns) * 1e-9, abs=0.13
            )
    assert rig.speed(FRONT) == pytest.approx(6.0, abs=0.3)


@pytest.mark.parametrize("fault", [LinkFault.DUPLICATE, LinkFault.REPLAY, LinkFault.REORDER])
def test_case_05_and_06_repeated_commands_do_no_harm(fault: LinkFault):
    rig = driving(NoisyRig())
    rig.inject(fault, rate=0.3, to_host=False)
    for _ in range(200):
        assert sane(rig.tick())
        assert abs(rig.speed(FRONT)) < 6.5
    rig.inject(None)
    rig.run(0.2)
    assert rig.speed(FRONT) == pytest.approx(6.0, abs=0.3)


def test_case_05_a_repeated_reset_clears_no_later_fault_here():
    rig = driving(CiaRig())
    rig.board.drives.trip(FRONT, AxisFault.OVER_CURRENT)
    rig.run(0.1)
    for word in (b"00", b"80"):
        rig.line.host.write(b"t2013%s0000\r" % word)
        rig.run(0.05)
    assert rig.readings.axes.fault[FRONT] == AxisFault.OVER_CURRENT
    stays_off(rig)


def test_case_07_unplugged_while_moving_and_found_again():
    rig = driving(CiaRig())
    rig.line.device.close()
    rig.run(0.05)
    assert not rig.readings.link.connected
    assert rig.bus.lost
    rig.run(0.3)
    assert rig.timed_out(FRONT)
    other = MemoryPair()
    rig.far._transport = other.device
    rig.bus.attach(other.host)
    rig.run(2.5)
    assert rig.front.found is not None
    assert rig.readings.link.connected
    stays_off(rig)


def test_case_07_another_controller_at_the_same_place_is_no_substitute():
    rig = driving(CiaRig())
    rig.device(FRONT).entries[0x1018, 4].value += 1
    rig.bus.attach(rig.line.host)
    rig.meet()
    assert "serial number" in rig.front.mismatch


def test_case_08_a_peer_that_takes_nothing_is_a_lost_line():
    rig = driving(CiaRig())

    def full(data: bytes) -> None:
        raise LinkLost("port: write timed out")

    rig.line.host.write = full
    rig.run(0.5)
    assert "timed out" in rig.bus.lost
    stays_off(rig)


def test_case_08_an_adapter_that_refuses_every_frame_is_counted_and_stops_the_axis():
    rig = driving(CiaRig())
    rig.far.restart()  # its channel is closed: it rings its bell
    before = rig.readings.link.frames_bad
    rig.run(0.25)
    assert rig.readings.link.frames_bad > before + 10
    assert rig.timed_out(FRONT)
    rig.run(3.0)
    assert rig.far.open
    assert rig.readings.link.connected
    stays_off(rig)


def test_case_09_a_slow_line_shows_in_its_round_trip_and_its_age():
    rig = driving(NoisyRig())
    quick_ms = rig.bus.health.round_trip_ms
    rig.inject(LinkFault.DELAYED, delay_s=0.016, to_board=False)
    rig.run(0.5)
    assert quick_ms <= 10.0
    assert rig.bus.health.round_trip_ms >= 20.0
    assert rig.t_ns - rig.readings.axes.t_ns >= 20_000_000


@pytest.mark.parametrize(
    "noise", [b"\x00" * 5000, b"\xff" * 5000, b"AT\r\nATZ\r\n", "über\r".encode("latin-1"), b"t0000\r"]
)
def test_case_10_and_11_a_strangers_bytes_move_nothing(noise: bytes):
    rig = CiaRig()
    rig.connect()
    for _ in range(20):
        rig.line.host.write(noise)
        rig.line.device.write(noise)
        rig.tick()
    rig.line.host.write(b"\r")
    rig.line.device.write(b"\r")
    readings = rig.run(0.1)
    assert rig.mechanics.braked.all()
    assert readings.link.frames_bad > 0
    assert readings.link.connected


def test_case_11_a_stranger_on_the_port_is_not_obeyed_beyond_his_frame():
    """Another program that opens the port may well write a command; the next tick takes it back."""
    rig = CiaRig()
    rig.arm()
    rig.line.host.write(b"t2013060009\rt2013070009\rt20130F0009\r")
    rig.run(0.1)
    assert rig.device(FRONT).drive_state != OPERATION_ENABLED
    assert rig.mechanics.position[FRONT] == pytest.approx(0.0, abs=1e-3)


def test_case_12_a_restart_in_motion_stops_and_the_place_is_not_trusted():
    rig = driving(CiaRig())
    rig.device(FRONT).reboot()
    readings = rig.run(0.35)
    assert readings.axes.fault[FRONT] == AxisFault.RESET
    assert math.isnan(readings.axes.position[FRONT])
    assert rig.mechanics.braked[FRONT]
    readings = rig.run(2.5)
    assert not readings.safety.watchdog_seen
    stays_off(rig)


def test_case_12_a_restart_whose_message_was_lost_shows_in_what_it_has_forgotten():
    rig = driving(CiaRig())
    device = rig.device(FRONT)
    device.reboot()
    rig.run(0.15)
    device.boot = lambda: (type(device).boot(device), device.outbox.clear())
    readings = rig.run(3.0)
    assert readings.axes.fault[FRONT] == AxisFault.RESET
    stays_off(rig)


def test_case_12_after_a_restart_reset_and_arming_bring_it_back():
    rig = driving(CiaRig())
    rig.device(FRONT).reboot()
    rig.run(2.5)
    rig.run(0.05, rig.frame(stop=True))
    rig.run(1.5, rig.frame())
    rig.run(0.05, rig.frame(reset=True))
    readings = rig.run(2.0, rig.frame())
    assert readings.axes.fault[FRONT] == AxisFault.NONE
    assert readings.safety.watchdog_seen
    rig.run(0.6, rig.frame(DRIVING, **GOING))
    assert rig.speed(FRONT) == pytest.approx(6.0, abs=0.2)


@pytest.mark.parametrize(
    ("index", "sub", "value", "says"),
    [
        (0x1000, 0, 0x00020191, "device type 0x1000: controller has profile 401, host 402"),
        (0x6502, 0, 0x0080, "supported modes 0x6502: it has none for velocity; host needs csv or pv"),
        (0x1029, 1, 1, "error behaviour 0x1029:1: controller 1, host needs 0 or 2"),
        (0x6007, 0, 0, "abort connection option 0x6007: controller 0, host needs 1 or 3"),
        (0x6007, 0, 2, "abort connection option 0x6007: controller 2, host needs 1 or 3; 0 goes on"),
        (0x605A, 0, 0, "quick-stop option 0x605a: controller 0, host needs 1 or 2 or 5 or 6; others coast"),
        (0x605E, 0, 0, "fault reaction option 0x605e: controller 0, host needs 1 or 2; 0 coasts"),
        (0x608F, 1, 4096, "encoder resolution 0x608f:1: controller 4096 per turn, host 65536"),
        (0x6076, 0, 500, "rated torque 0x6076: controller 0.5 N m, host 1.7"),
        (0x6085, 0, 1, "quick-stop deceleration 0x6085: controller 1, host 56"),
        (0x6080, 0, 9000, "largest motor speed 0x6080: controller 9000 rpm, host 1117 at most"),
    ],
)
def test_case_13_and_21_what_is_not_as_it_must_be_is_refused_by_name(
    index: int, sub: int, value: int, says: str
):
    rig = CiaRig(only(FRONT, drives=CiaRig().drives))
    rig.device(FRONT).entries[index, sub].value = value
    rig.meet()
    assert says in rig.front.mismatch
    rig.run(0.5, rig.frame(DRIVING, **GOING))
    assert rig.mechanics.braked[FRONT]


@pytest.mark.parametrize("missing", [(0x60FF, 0), (0x6072, 0), (0x1016, 1)])
def test_case_13_a_controller_that_lacks_what_is_needed_is_refused_by_name(missing: tuple[int, int]):
    rig = CiaRig(only(FRONT, drives=CiaRig().drives))
    del rig.device(FRONT).entries[missing]
    rig.meet()
    assert f"{missing[0]:#06x}" in rig.front.mismatch


@pytest.mark.parametrize("counts", [1 << 30, 40 * 65536, -(1 << 31)])
def test_case_14_what_no_axis_can_have_is_not_taken(counts: int):
    rig = driving(CiaRig())
    entry = rig.device(FRONT).entries[0x6064, 0]
    read = entry.get
    entry.get = lambda: read() + counts
    for _ in range(30):
        assert sane(rig.tick())
    assert rig.t_ns - rig.readings.axes.t_ns > 200_000_000
    rig.run(1.5)
    assert rig.mechanics.braked[FRONT]


@pytest.mark.parametrize("speed", [0x7FFFFFFF, -0x80000000, 65536 * 200])
def test_case_14_a_speed_that_cannot_be_is_not_taken(speed: int):
    rig = driving(CiaRig())
    rig.device(FRONT).entries[0x606C, 0].get = lambda: speed
    for _ in range(30):
        assert sane(rig.tick())
    rig.run(1.5)
    assert rig.mechanics.braked[FRONT]


def test_case_15_an_axis_that_is_told_to_turn_and_shows_no_turn_has_a_fault():
    rig = driving(CiaRig())
    rig.board.drives.stick_encoder(FRONT, True)
    rig.run(0.8)
    assert rig.readings.axes.fault[FRONT] == AxisFault.ENCODER
    assert rig.front.state.text == "commanded but not moving"
    stays_off(rig)


def test_case_16_commands_that_do_not_arrive_stop_the_axis():
    stops_when_dead_one_way(to_host=False)


def test_case_17_feedback_that_does_not_arrive_stops_the_axis():
    stops_when_dead_one_way(to_host=True)


def stops_when_dead_one_way(to_host: bool) -> None:
    rig = driving(NoisyRig())
    rig.inject(LinkFault.HALF_OPEN, to_host=to_host, to_board=not to_host)
    rig.run(0.4)
    assert rig.device(FRONT).drive_state != OPERATION_ENABLED
    rig.inject(None)
    rig.run(1.2)
    stays_off(rig)


def test_case_17_a_host_that_hears_nobody_has_no_heart_beat():
    rig = driving(NoisyRig())
    rig.inject(LinkFault.HALF_OPEN, to_board=False)
    rig.run(0.15)
    rig.line.device.read()
    rig.run(0.2)
    assert b"t77F1" not in rig.line.device.read()
    assert rig.device(ROTOR).error == 0x8130


@pytest.mark.parametrize("seconds", [0.2, 1.0, 5.0])
def test_case_18_a_host_that_slept_finds_all_stopped_and_replays_nothing(seconds: float):
    rig = driving(CiaRig())
    rig.run(seconds, silent=True)
    assert rig.timed_out(FRONT)
    rig.run(1.2)
    stays_off(rig)


def test_case_19_a_heart_that_beats_without_setpoints_keeps_no_axis_going():
    """The bus goes on by itself; nobody renews what the axes are told."""
    rig = driving(CiaRig())
    for _ in range(200):
        rig.t_ns += TICK_NS
        rig.far.advance()
        rig.board.advance(rig.t_ns)
        rig.bus.poll(rig.t_ns)
        rig.bus.send(rig.t_ns)
    assert rig.front.state.fault == AxisFault.TIMEOUT
    assert abs(rig.speed(FRONT)) < 0.01
    assert rig.device(FRONT).drive_state == SWITCH_ON_DISABLED


def test_case_19_the_heart_beats_in_a_tick_only():
    rig = driving(CiaRig())
    rig.line.device.read()
    rig.run(1.0, silent=True)
    rig.line.device.read()
    assert rig.line.device.read() == b""


def test_case_20_a_controller_without_watchdog_is_never_armed():
    rig = CiaRig()
    rig.board.drives.watch(FRONT, False)
    rig.run(4.0, rig.frame())
    assert not rig.readings.safety.watchdog_seen
    assert not rig.front.watchdog_seen
    assert rig.axis(CABLE).watchdog_seen
    assert "watchdog: none" in rig.front.mismatch
    assert rig.device(FRONT).drive_state != OPERATION_ENABLED


def test_case_20_a_controller_that_leaves_the_network_and_drives_on_is_never_armed():
    rig = CiaRig()
    rig.device(FRONT).lose_host = lambda: None
    rig.device(FRONT)._deadline_us = lambda: 1 << 60
    rig.run(4.0, rig.frame())
    assert "drives on when the host is silent" in rig.front.mismatch
    assert not rig.front.watchdog_seen


def test_case_21_the_time_out_is_a_ramp_and_then_the_brake():
    rig = driving(CiaRig())
    rig.run(WATCHDOG_MS * 1e-3 + 0.5, silent=True)
    assert 2.0 < rig.speed(FRONT) < 4.0
    assert not rig.mechanics.braked[FRONT]
    rig.run(1.0, silent=True)
    assert rig.mechanics.braked[FRONT]


@pytest.mark.parametrize("fault", [AxisFault.OVER_CURRENT, AxisFault.ENCODER, AxisFault.OVER_TEMPERATURE])
def test_case_22_a_fault_stays_until_the_operators_reset(fault: AxisFault):
    rig = driving(CiaRig())
    rig.board.drives.trip(FRONT, fault)
    readings = rig.run(0.06)
    assert readings.axes.fault[FRONT] == fault
    assert rig.mechanics.braked[FRONT]
    rig.device(FRONT)._reset_fault()  # somebody else clears it at the controller
    stays_off(rig)
    assert rig.readings.axes.fault[FRONT] == fault


def test_case_22_a_fault_whose_emergency_was_lost_is_asked_for():
    rig = driving(CiaRig())
    device = rig.device(FRONT)
    device.emergency = lambda code: None
    rig.board.drives.trip(FRONT, AxisFault.OVER_CURRENT)
    rig.run(0.1)
    assert device.drive_state == FAULT
    assert rig.readings.axes.fault[FRONT] == AxisFault.OVER_CURRENT
    assert rig.front.state.code == 0x2310


def test_case_23_the_first_command_is_where_the_axis_is():
    rig = CiaRig(only(ROTOR, drives=CiaRig().drives))
    rig.mechanics.position[ROTOR] = 1.0
    rig.arm()
    rig.run(0.2)
    targets = []
    going = rig.frame(setpoints(rotor=(AxisMode.POSITION, 3.0, 0.0)), **GOING)
    record = rig.board.drives.drives[ROTOR]
    for _ in range(20):
        rig.tick(going)
        if rig.device(ROTOR).drive_state == OPERATION_ENABLED and record["mode"] == AxisMode.POSITION:
            targets.append(float(record["target"]))
    assert targets[0] == pytest.approx(1.0, abs=1e-3)
    assert targets[-1] == pytest.approx(3.0, abs=1e-3)


def test_case_24_it_turns_as_slowly_as_it_is_told():
    rig = driving(CiaRig())
    rig.run(1.0, rig.frame(setpoints(traction_front=(AxisMode.VELOCITY, 0.05, 0.0)), **GOING))
    assert rig.speed(FRONT) == pytest.approx(0.05, rel=0.1)
    assert rig.front.capabilities().speed_min == 0.0


def test_case_25_an_absent_controller_does_not_slow_the_others():
    rig = CiaRig()
    del rig.far.devices[rig.device(FRONT).id]
    rig.meet()
    assert rig.front.mismatch == "no answer from CANopen node 1"
    assert rig.axis(CABLE).found is not None
    assert rig.t_ns - rig.axis(CABLE).state.t_ns <= TICK_NS
    assert not rig.readings.link.identity_ok


def test_case_25_one_that_falls_silent_stops_all_and_the_others_report_on():
    rig = driving(CiaRig())
    del rig.far.devices[rig.device(FRONT).id]
    rig.run(0.3)
    assert rig.t_ns - rig.axis(CABLE).state.t_ns <= 2 * TICK_NS
    assert rig.front.state.fault == AxisFault.TIMEOUT
    rig.run(1.5)
    assert abs(rig.speed(ROTOR)) < 0.01


def test_case_26_half_a_report_holds_up_nobody():
    rig = driving(CiaRig())
    report = rig.line.host.read()[:20]
    for _ in range(5):
        rig.line.device.write(report)
        assert rig.bus.poll(rig.t_ns) is None
    rig.run(0.05)
    assert rig.speed(FRONT) == pytest.approx(6.0, abs=0.2)


def test_case_28_an_open_chain_while_the_line_is_down_is_known_afterwards():
    rig = driving(NoisyRig())
    rig.inject(LinkFault.HALF_OPEN)
    rig.run(0.1)
    rig.mechanics.estop_closed = False
    rig.run(1.5)
    assert rig.mechanics.braked.all()
    rig.inject(None)
    assert rig.run(0.1).safety.latched_stop
    stays_off(rig)


def test_case_29_a_line_that_grows_worse_is_counted_before_it_fails():
    rig = driving(NoisyRig())
    bad = []
    for rate in (1e-4, 1e-3, 4e-3):
        before = rig.readings.link.frames_bad
        rig.inject(LinkFault.CORRUPT, rate=rate)
        rig.run(0.5)
        bad.append(rig.readings.link.frames_bad - before)
    assert bad[0] < bad[1] < bad[2]


# ---------------------------------------------------------------- noise


def start_again(rig: NoisyRig) -> None:
    """What an operator does after a stop, however bad the line is."""
    rig.run(0.1, rig.frame(stop=True))
    rig.run(0.1, rig.frame(reset=True))
    for _ in range(400):
        assert sane(rig.tick(rig.frame()))
        if rig.readings.safety.watchdog_seen and rig.front.state.fault == AxisFault.NONE:
            break
    rig.command = rig.frame(DRIVING, **GOING)


def soak(seconds: float, seed: int) -> None:
    """Flipped bits, lost, doubled and late chunks in turn; then all is well again."""
    rig = driving(NoisyRig())
    rng = random.Random(seed)
    kinds = (
        (LinkFault.CORRUPT, 1e-4), (LinkFault.CORRUPT, 1e-3), (LinkFault.TRUNCATE, 0.02),
        (LinkFault.DUPLICATE, 0.1), (LinkFault.REORDER, 0.1), (LinkFault.DELAYED, 1.0),
    )  # fmt: skip
    fastest = 1.05 * PROFILE.drive[FRONT].velocity_max
    driven_s = 0
    for _ in range(round(seconds)):
        kind, rate = rng.choice(kinds)
        rig.inject(kind, rate=rate, delay_s=rng.uniform(0.0, 0.05))
        for _ in range(100):
            assert sane(rig.tick())
            assert abs(rig.speed(FRONT)) < fastest
        driven_s += abs(rig.speed(FRONT)) > 5.0
        if abs(rig.speed(FRONT)) < 0.1:
            start_again(rig)
    assert driven_s > 0.3 * seconds
    rig.inject(None)
    rig.run(3.0)
    rig.run(1.5, rig.frame(stop=True))
    rig.run(0.1, rig.frame(reset=True))
    rig.run(2.0, rig.frame())
    rig.run(0.6, rig.frame(DRIVING, **GOING))
    assert rig.speed(FRONT) == pytest.approx(6.0, abs=0.2)


def test_a_noisy_line_moves_nothing_outside_its_limits():
    soak(6.0, seed=31)


@pytest.mark.acceptance
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", [32, 33])
def test_ten_minutes_of_noise_move_nothing_outside_its_limits(seed: int):
    soak(600.0, seed)


@pytest.mark.acceptance
@pytest.mark.timeout(1800)
def test_ten_minutes_of_few_flipped_bits_stop_nothing():
    rig = driving(NoisyRig())
    rig.inject(LinkFault.CORRUPT, rate=1e-4)
    for _ in range(60_000):
        assert sane(rig.tick())
        assert rig.readings.axes.fault[FRONT] == AxisFault.NONE, rig.front.state.text
    assert rig.speed(FRONT) == pytest.approx(6.0, abs=0.3)
    assert Axis.ROTOR in rig.bus.axes
