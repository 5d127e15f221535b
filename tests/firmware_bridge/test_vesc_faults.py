"""What goes wrong on the wire and behind it, by the numbers of the fault list in docs/drives.md.

Under every case the rig looks in every tick that no wild reading is taken, and that what has a fault is not told
to move (`VescRig.judge`).
"""

from __future__ import annotations

import math
import random

import pytest
from vesc_rig import CABLE, FRONT, HOLD, MIDDLE, REAR, WIRING, VescRig, moves, velocity

from firmware_bridge.drivers.vesc_codec import FLUSH, Comm, packet, set_rpm
from firmware_bridge.ports import MemoryPair
from firmware_bridge.virtual.vesc import _packet
from hil.faulty_line import FaultyTransport, Injection, LinkFault
from robot.messages import AxisFault, AxisLimit

ALONE = {FRONT: WIRING[FRONT]}
STOP_S = 0.6  # watchdog, braking, and what notices both


class FaultyRig(VescRig):
    """Driving, over a line that can be made faulty."""

    def __init__(self, wiring=ALONE, seed: int = 5) -> None:
        def wrap(port):
            self.line = FaultyTransport(port, lambda: self.t_ns, seed)
            return self.line

        super().__init__(wiring, wrap)
        self.drive()

    def under(self, fault: LinkFault, seconds: float, **how) -> None:
        self.line.inject(Injection(fault, **how))
        self.run(seconds)

    def heal(self) -> None:
        self.line.inject(None)

    def stopped(self, fault: AxisFault) -> bool:
        return self.state().fault == fault and abs(self.speed()) < 0.01


def rearm(rig: VescRig) -> None:
    """What an operator does after a stop."""
    rig.wish()
    rig.run(0.5)
    for driver in rig.bus.axes.values():
        driver.clear_fault()
    rig.run(0.2)
    for driver in rig.bus.axes.values():
        driver.test_watchdog()
    rig.run(0.6)
    for driver in rig.bus.axes.values():
        driver.arm()
    rig.wish(traction_front=velocity(6.0))
    rig.run(0.5)


# ---------------------------------------------------------------- the line


@pytest.mark.parametrize("rate", [1e-4, 1e-3])
def test_case_01_flipped_bits_are_dropped_and_the_drive_goes_on(rate: float):
    rig = FaultyRig(WIRING)
    bad = rig.bus.health.frames_bad
    rig.under(LinkFault.CORRUPT, 10.0, rate=rate)
    assert rig.bus.health.frames_bad + rig.bus.health.frames_lost > bad
    if rate <= 1e-4:
        assert all(driver.state.fault == AxisFault.NONE for driver in rig.bus.axes.values())
    rig.heal()
    rig.run(0.5)
    assert all(rig.t_ns - driver.state.t_ns <= 20_000_000 for driver in rig.bus.axes.values())


@pytest.mark.parametrize("bogus", ["02 50", "03 01 ff", "03 02 00", "02"])
def test_case_02_a_bogus_length_at_the_controller_is_flushed_before_its_time_out(bogus: str):
    rig = FaultyRig()
    rig.pair.host.write(bytes.fromhex(bogus))
    rig.run(1.0)
    assert rig.state().fault == AxisFault.NONE
    assert rig.speed() == pytest.approx(6.0, abs=0.1)


@pytest.mark.parametrize("bogus", ["02 50", "03 01 ff", "03 02 00", "02"])
def test_case_02_a_bogus_length_at_the_host_costs_no_reading(bogus: str):
    rig = FaultyRig()
    rig.pair.device.write(bytes.fromhex(bogus))
    for _ in range(5):
        rig.tick()
        assert rig.t_ns - rig.state().t_ns == 10_000_000


def test_case_02_commands_that_were_swallowed_end_in_a_brake():
    """A controller that works them off after the host has stopped must not move on."""
    rig = FaultyRig()
    rig.pair.host.write(bytes.fromhex("03 01 ff"))
    rig.front.disarm(0.0)
    rig.run(1.0)
    assert abs(rig.speed()) < 0.01


def test_case_03_a_dropped_command_is_superseded_by_the_next():
    rig = FaultyRig()
    rig.under(LinkFault.TRUNCATE, 5.0, rate=0.1, to_host=False)
    assert rig.state().fault == AxisFault.NONE
    assert rig.speed() == pytest.approx(6.0, abs=0.1)


def test_case_03_dropped_replies_age_the_state_and_stop_the_axis():
    rig = FaultyRig()
    rig.under(LinkFault.HALF_OPEN, 0.05, to_board=False)
    assert rig.t_ns - rig.state().t_ns >= 50_000_000
    assert rig.state().fault == AxisFault.NONE
    rig.run(0.1)
    assert rig.state().fault == AxisFault.TIMEOUT
    rig.run(STOP_S)
    assert abs(rig.speed()) < 0.01


@pytest.mark.parametrize("delay_s", [0.02, 0.05])
def test_case_04_a_late_reply_is_as_old_as_its_own_request(delay_s: float):
    rig = FaultyRig()
    rig.under(LinkFault.DELAYED, 0.5, delay_s=delay_s, to_board=False)
    assert rig.state().fault == AxisFault.NONE
    for _ in range(20):
        rig.tick()
        assert rig.t_ns - rig.state().t_ns >= delay_s * 1e9


def test_case_04_replies_that_are_too_late_stop_the_axis():
    rig = FaultyRig()
    rig.under(LinkFault.DELAYED, 1.0, delay_s=0.2, to_board=False)
    assert rig.stopped(AxisFault.TIMEOUT)


@pytest.mark.parametrize("age_s", [0.1, 0.4, 2.0])
def test_case_04_a_reply_from_long_ago_is_not_taken_for_an_answer(age_s: float):
    rig = FaultyRig()
    read, kept = rig.pair.host.read, []
    rig.pair.host.read = lambda: kept.append(read()) or b""
    rig.tick()
    rig.pair.host.read = read
    rig.run(age_s)
    taken, late = rig.state(), rig.front.feedback.late
    rig.pair.device.write(b"".join(kept))
    rig.bus.poll(rig.t_ns)
    assert rig.state() == taken
    assert rig.front.feedback.late == late + 1


@pytest.mark.parametrize("fault", [LinkFault.DUPLICATE, LinkFault.REPLAY, LinkFault.FLOOD])
def test_case_05_repeated_replies_are_counted_and_not_taken(fault: LinkFault):
    rig = FaultyRig()
    bad = rig.bus.health.frames_bad
    rig.under(fault, 1.0, to_board=False)
    assert rig.bus.health.frames_bad > bad
    assert rig.state().fault == AxisFault.NONE


def test_case_05_a_repeated_order_does_what_it_did():
    rig = FaultyRig()
    rig.under(LinkFault.DUPLICATE, 1.0, to_host=False)
    assert rig.speed() == pytest.approx(6.0, abs=0.1)


def test_case_06_an_overtaken_reply_is_not_taken_for_newer():
    rig = FaultyRig()
    stamps = []
    rig.line.inject(Injection(LinkFault.REORDER, to_board=False))
    for _ in range(100):
        rig.tick()
        stamps.append(rig.state().t_ns)
    assert stamps == sorted(stamps)


def test_case_07_unplugged_it_stops_by_itself_and_comes_back_disarmed():
    rig = FaultyRig()
    rig.pair.host.close()
    rig.run(1.0)
    assert "line lost" in rig.state().text
    assert rig.bus.lost
    assert abs(rig.speed()) < 0.01
    again = MemoryPair()
    rig.port._transport = again.device
    rig.bus.attach(again.host)
    rig.run(1.0)
    assert rig.front.found is not None
    assert rig.state().fault == AxisFault.TIMEOUT
    assert not rig.front.watchdog_seen
    assert abs(rig.speed()) < 0.01
    rearm(rig)
    assert rig.speed() == pytest.approx(6.0, abs=0.1)


def test_case_07_another_controller_in_its_place_is_refused():
    rig = FaultyRig()
    rig.vescs[FRONT].settings.uuid = bytes(12)
    rig.bus.attach(rig.pair.host)
    rig.run(0.5)
    assert "serial number: expected 0101" in rig.front.mismatch


def test_case_08_what_a_stalled_controller_works_off_late_does_not_move_it():
    rig = FaultyRig()
    read, rig.pair.device.read = rig.pair.device.read, lambda: b""
    rig.run(0.6)
    rig.pair.device.read = read
    rig.run(STOP_S)
    assert rig.stopped(AxisFault.TIMEOUT)


def test_case_09_a_slow_line_is_measured():
    rig = FaultyRig()
    rig.under(LinkFault.DELAYED, 0.5, delay_s=0.016)
    assert rig.bus.health.round_trip_ms >= 30.0


@pytest.mark.parametrize("byte", [0x00, 0xFF, 0x02, 0x03, 0x55])
def test_case_10_a_flood_of_garbage_is_bounded_and_passes(byte: int):
    rig = FaultyRig()
    for _ in range(5):
        rig.pair.device.write(bytes((byte,)) * 60_000)
        rig.tick()
        assert len(rig.bus._packets._rest) < len(FLUSH)
    rig.run(0.2)
    assert rig.state().fault == AxisFault.NONE
    assert rig.t_ns - rig.state().t_ns == 10_000_000


def test_case_11_a_modem_managers_probe_means_nothing_to_either_end():
    rig = FaultyRig()
    for text in (b"AT\r\n", b"ATZ\r\n", b"+++", b"\x7e\x00\x78\xf0\x7e"):
        rig.pair.device.write(text)
        rig.pair.host.write(text)
        rig.tick()
    rig.run(0.3)
    assert rig.state().fault == AxisFault.NONE
    assert rig.speed() == pytest.approx(6.0, abs=0.1)


@pytest.mark.parametrize("by_watchdog", [False, True])
def test_case_12_a_restart_while_moving_stops_and_loses_the_position(by_watchdog: bool):
    rig = FaultyRig()
    rig.run(3.0)
    rig.vescs[FRONT].restart(by_watchdog)
    rig.run(2.0)
    assert rig.stopped(AxisFault.RESET)
    assert math.isnan(rig.state().position)
    assert not rig.front.watchdog_seen
    rearm(rig)
    assert rig.speed() == pytest.approx(6.0, abs=0.1)


def test_case_12_a_restart_that_took_no_time_is_seen_by_the_count():
    rig = FaultyRig()
    rig.run(60.0)
    vesc = rig.vescs[FRONT]
    vesc._start(rig.t_ns, 0)
    rig.run(0.03)
    assert rig.state().fault == AxisFault.RESET


def test_case_12_another_firmware_takes_commands_after_its_restart_at_once_but_gets_none():
    rig = FaultyRig()
    rig.vescs[FRONT].restart()
    rig.run(0.6)
    rig.witness.payloads.clear()
    rig.run(2.0)
    assert not moves(rig.witness.payloads)


@pytest.mark.parametrize(
    ("setting", "text"),
    [
        ("has_status", "firmware 3.62: feedback has no time-out bit; 5.03"),
        ("has_uptime", "tell its up-time; 6.00"),
    ],
)
def test_case_13_old_firmware_is_refused_by_name(setting: str, text: str):
    rig = VescRig(ALONE)
    rig.vescs[FRONT].settings.firmware = (3, 62)
    setattr(rig.vescs[FRONT].settings, setting, False)
    rig.arm()
    assert text in rig.front.mismatch
    rig.wish(traction_front=velocity(6.0))
    rig.run(0.3)
    assert rig.speed() == 0.0


def test_case_13_another_id_than_expected_is_refused():
    rig = VescRig(ALONE)
    rig.vescs[FRONT].id = 7
    rig.run(0.5)
    assert rig.front.mismatch == "controller id: expected 1, answered 7"


def test_case_13_one_that_knows_no_selected_values_is_refused():
    rig = VescRig(ALONE)
    vesc = rig.vescs[FRONT]
    take, vesc.take = vesc.take, lambda payload: None if payload[0] in (50, 51) else take(payload)
    rig.run(1.0)
    assert "does not answer GET_VALUES_SELECTIVE" in rig.front.mismatch


def test_case_13_one_that_does_not_repeat_the_mask_of_its_request_is_shown_and_refused():
    rig = VescRig(ALONE)
    vesc = rig.vescs[FRONT]
    take = vesc.take

    def plain(payload: bytes) -> bytes | None:
        answer = take(payload)
        if answer is None or payload[0] not in (50, 51):
            return answer
        return answer[:1] + bytes((0, answer[2] & 0x3F)) + answer[3:]

    vesc.take = plain
    rig.arm()
    assert rig.t_ns - rig.state().t_ns == 10_000_000
    assert "do not repeat the mask" in rig.front.mismatch


def test_a_version_does_not_tell_whose_it_is_and_two_that_give_the_same_are_not_both_known():
    rig = VescRig()
    rig.vescs[MIDDLE].settings.uuid = rig.vescs[REAR].settings.uuid
    for _ in range(50):
        rig.tick()
        assert rig.bus.axes[MIDDLE].found is None or rig.bus.axes[REAR].found is None
    assert rig.bus.axes[CABLE].found is not None


def test_a_version_that_comes_late_and_is_taken_for_the_next_ones_is_put_right():
    rig = VescRig()
    take = rig.vescs[FRONT].take
    late: list[bytes] = []

    def slow(payload: bytes) -> bytes | None:
        answer = take(payload)
        if payload[0] != Comm.FW_VERSION or late:
            return answer
        late.append(answer or b"")
        return None

    rig.vescs[FRONT].take = slow
    rig.run(0.12)
    rig.pair.device.write(_packet(late[0]))
    rig.run(0.5)
    assert [driver.found.serial_number[:2] for driver in rig.bus.axes.values()] == ["01", "02", "03", "04"]
    assert not any(driver.mismatch for driver in rig.bus.axes.values())


# Of the reply: mask, temperature, current, ERPM, tachometer, fault, id, status.
IMPOSSIBLE = {
    "speed": (11, b"\x7f\xff\xff\xff"),
    "no number": (11, b"\x80\x00\x00\x00"),
    "current": (7, b"\x00\x7f\x00\x00"),
    "temperature": (5, b"\x7f\xff"),
    "count": (15, b"\x40\x00\x00\x00"),
    "fault": (19, b"\xee"),
}


@pytest.mark.parametrize("what", IMPOSSIBLE)
def test_case_14_a_reading_that_cannot_be_is_never_taken(what: str):
    rig = FaultyRig()
    at, wrong = IMPOSSIBLE[what]
    vesc = rig.vescs[FRONT]
    take = vesc.take

    def lie(payload: bytes) -> bytes | None:
        answer = take(payload)
        if answer is None or payload[0] != Comm.GET_VALUES_SELECTIVE:
            return answer
        return answer[:at] + wrong + answer[at + len(wrong) :]

    vesc.take = lie
    rig.tick()
    rig.tick()
    assert rig.state().fault == AxisFault.NONE
    rig.run(STOP_S)
    assert rig.state().fault == AxisFault.ENCODER
    vesc.take = take
    rig.run(STOP_S)
    assert rig.stopped(AxisFault.ENCODER)


def test_case_15_numbers_that_stand_still_while_it_should_turn_are_a_fault():
    rig = VescRig(ALONE)
    rig.arm()
    rig.wish(traction_front=HOLD)
    rig.run(0.1)
    rig.vescs[FRONT].stuck = True
    rig.judge = lambda: None  # the reading is wrong, as it must be here
    rig.wish(traction_front=velocity(6.0))
    rig.run(0.8)
    assert rig.state().fault == AxisFault.ENCODER
    assert rig.state().text == "commanded but not moving"


def test_case_15_a_clock_that_stands_still_is_a_fault():
    rig = FaultyRig()
    vesc = rig.vescs[FRONT]
    uptime, booted_ns = rig.t_ns, vesc._booted_ns
    values = vesc._setup_values

    def frozen() -> list[int]:
        vesc._booted_ns = booted_ns + vesc._t_ns - uptime
        return values()

    vesc._setup_values = frozen
    rig.run(0.4)
    assert rig.state().fault in (AxisFault.ENCODER, AxisFault.RESET)


def test_case_16_orders_that_do_not_arrive_show_by_the_time_out():
    """Half open: questions get through, orders do not."""
    rig = FaultyRig()
    vesc = rig.vescs[FRONT]
    take, vesc.take = vesc.take, lambda payload: take(payload) if payload[0] in (0, 50, 51) else None
    rig.run(0.25)
    assert rig.state().fault == AxisFault.TIMEOUT
    assert rig.state().text == "its own watchdog ran out"
    rig.run(STOP_S)
    vesc.take = take
    rig.run(0.5)
    assert abs(rig.speed()) < 0.01


def test_case_17_without_feedback_motion_ends_in_100_ms():
    rig = FaultyRig()
    rig.line.inject(Injection(LinkFault.HALF_OPEN, to_board=False))
    rig.run(0.13)
    rig.witness.payloads.clear()
    rig.run(2.0)
    assert not moves(rig.witness.payloads)
    orders = [payload for payload in rig.witness.payloads[-100:] if payload[0] not in (0, 50, 51)]
    assert not orders  # in the end nothing is said that feeds its watchdog
    assert rig.vescs[FRONT].timed_out


# ---------------------------------------------------------------- the host


@pytest.mark.parametrize("stall_s", [0.2, 1.0, 5.0])
def test_case_18_a_host_that_stood_still_does_not_go_on(stall_s: float):
    rig = FaultyRig()
    rig.run(stall_s, silent=True)
    assert abs(rig.speed()) < 3.0
    rig.run(STOP_S)
    assert rig.stopped(AxisFault.TIMEOUT)


def test_case_19_nothing_is_kept_alive_without_new_setpoints():
    rig = FaultyRig()
    rig.wish()
    rig.run(0.3)
    assert rig.state().fault == AxisFault.TIMEOUT
    rig.run(STOP_S)
    assert abs(rig.speed()) < 0.01
    assert "no setpoint" in rig.state().text


def test_a_setpoint_with_a_short_life_ends_before_the_controllers_watchdog():
    rig = FaultyRig()
    rig.life_ns = 30_000_000
    rig.tick()
    rig.wish()
    rig.run(0.05)
    assert rig.state().fault == AxisFault.TIMEOUT
    assert not rig.vescs[FRONT].timed_out


# ---------------------------------------------------------------- the controller


@pytest.mark.parametrize(
    ("timeout_ms", "text"),
    [(0, "time-out: none; at most 150 ms"), (1000, "time-out: none; at most"), (300, "time-out: 3")],
)
def test_case_20_a_time_out_that_is_off_or_too_long_is_refused(timeout_ms: int, text: str):
    rig = VescRig(ALONE)
    rig.vescs[FRONT].settings.timeout_ms = timeout_ms
    rig.arm()
    assert not rig.front.watchdog_seen
    assert text in rig.front.mismatch
    rig.wish(traction_front=velocity(6.0))
    rig.run(0.3)
    assert rig.speed() == 0.0


def test_case_21_one_that_coasts_on_a_slope_is_caught_by_the_brake_of_the_robot():
    """What it does on its time-out does not show while it stands: the relay that feeds it holds the brake."""
    rig = FaultyRig()
    rig.vescs[FRONT].settings.timeout_brake_a = 0.0
    rig.mechanics.load[FRONT] = 3.0
    rig.run(0.4, silent=True)
    assert abs(rig.speed()) > 6.0
    rig.bank.relay = False
    rig.run(0.1, silent=True)
    assert rig.speed() == 0.0


@pytest.mark.parametrize("code", [1, 4, 5, 11])
def test_case_22_a_fault_that_clears_itself_stays_latched_here(code: int):
    rig = FaultyRig()
    rig.vescs[FRONT].trip(code)
    rig.run(2.0)
    assert rig.vescs[FRONT]._code == 0
    assert rig.state().code == code
    assert rig.state().fault != AxisFault.NONE
    assert abs(rig.speed()) < 0.01


def test_case_23_the_first_order_keeps_to_what_is_measured():
    rig = VescRig(ALONE)
    rig.arm()
    rig.wish(traction_front=velocity(6.0))
    rig.tick()
    assert not moves(rig.witness.newest)
    rig.tick()
    assert moves(rig.witness.newest) == [set_rpm(6.0 / WIRING[FRONT].per_erpm)]


def test_case_24_a_speed_that_the_host_holds_possible_and_the_controller_does_not_is_told():
    rig = VescRig(ALONE)
    rig.vescs[FRONT].settings.erpm_min = 5000.0
    rig.arm()
    rig.wish(traction_front=velocity(0.5))
    rig.run(0.8)
    assert rig.speed() == 0.0
    assert rig.state().text == "commanded but not moving"


def test_case_24_a_speed_below_the_least_is_held_on_a_slope():
    rig = VescRig(ALONE)
    rig.arm()
    rig.wish(traction_front=velocity(0.1))
    rig.mechanics.load[FRONT] = 3.0
    rig.run(2.0)
    assert abs(rig.speed()) < 0.05
    assert rig.state().limit == AxisLimit.VELOCITY


def test_case_25_an_absent_controller_leaves_the_others_their_rate():
    rig = VescRig()
    del rig.port.devices[WIRING[MIDDLE].id]
    rig.arm()
    rig.wish(traction_front=velocity(6.0), traction_rear=velocity(6.0), traction_middle=velocity(6.0))
    rig.run(1.0)
    assert rig.bus.axes[MIDDLE].found is None
    assert rig.state(MIDDLE).t_ns == 0
    assert rig.speed(FRONT) == pytest.approx(6.0, abs=0.1)
    assert rig.speed(REAR) == pytest.approx(6.0, abs=0.1)
    assert rig.t_ns - rig.state(REAR).t_ns == 10_000_000


def test_case_25_one_that_leaves_while_driving_has_a_fault_within_100_ms():
    rig = FaultyRig(WIRING)
    del rig.port.devices[WIRING[REAR].id]
    rig.run(0.13)
    assert rig.state(REAR).fault == AxisFault.TIMEOUT
    assert rig.state(FRONT).fault == AxisFault.NONE
    assert rig.state(CABLE).fault == AxisFault.NONE


def test_case_26_half_a_packet_is_not_waited_for():
    rig = FaultyRig()
    rig.pair.device.write(packet(bytes(200))[:100])
    rig.bus.poll(rig.t_ns)
    rig.run(0.05)
    assert rig.t_ns - rig.state().t_ns == 10_000_000


def test_case_29_a_line_that_grows_worse_shows_before_it_fails():
    rig = FaultyRig(WIRING)
    counts = []
    for rate in (0.0, 2e-4, 1e-3):
        before = rig.bus.health
        rig.under(LinkFault.CORRUPT, 2.0, rate=rate)
        counts.append(
            rig.bus.health.frames_bad + rig.bus.health.frames_lost - before.frames_bad - before.frames_lost
        )
    assert counts == sorted(set(counts))


# ---------------------------------------------------------------- noise


def soak(seconds: float, seed: int) -> None:
    """Flipped bits, lost, doubled and late chunks in turn; then all is well again."""
    rig = FaultyRig(WIRING, seed)
    rng = random.Random(seed)
    kinds = (
        Injection(LinkFault.CORRUPT, rate=1e-4), Injection(LinkFault.CORRUPT, rate=1e-3),
        Injection(LinkFault.TRUNCATE, rate=0.02), Injection(LinkFault.DUPLICATE, rate=0.1),
        Injection(LinkFault.REORDER, rate=0.1), Injection(LinkFault.DELAYED, delay_s=0.05),
    )  # fmt: skip
    for _ in range(round(seconds)):
        kind = rng.choice(kinds)
        delay_s = rng.uniform(0.0, 0.05)
        rig.line.inject(Injection(kind.fault, kind.rate, delay_s))
        rig.run(1.0)
        for axis in (FRONT, MIDDLE, REAR):
            assert abs(rig.speed(axis)) < 7.0
    rig.heal()
    rig.run(1.5)
    rearm(rig)
    assert rig.speed() == pytest.approx(6.0, abs=0.1)


def test_a_noisy_line_moves_nothing_that_was_not_ordered():
    soak(6.0, seed=21)


@pytest.mark.acceptance
@pytest.mark.parametrize("seed", [22, 23])
def test_ten_minutes_of_noise_move_nothing_that_was_not_ordered(seed: int):
    soak(600.0, seed)


def fuzz(rounds: int, seed: int) -> None:
    """Damaged, cut and strange packets at both ends of a bus; it lives, and comes back."""
    rig = VescRig()
    rig.prepare()
    rng = random.Random(seed)
    for _ in range(rounds):
        kind = rng.choice((0, 50, 51, 4, 6, 34, rng.randrange(256)))
        payload = bytes((kind,)) + rng.randbytes(rng.randrange(40))
        data = bytearray(_packet(payload))
        if rng.random() < 0.5:
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        rig.pair.device.write(bytes(data[: rng.randrange(1, len(data) + 1)]))
        rig.bus.poll(rig.t_ns)
        vesc = rng.choice([*rig.vescs.values()])
        vesc.take(bytes((rng.choice((0, 4, 30, 50, 51)),)) + rng.randbytes(rng.randrange(8)))
    rig.run(1.0)
    assert all(rig.t_ns - driver.state.t_ns == 10_000_000 for driver in rig.bus.axes.values())


def test_no_packet_harms_the_bus():
    fuzz(3_000, seed=8)


@pytest.mark.acceptance
def test_no_packet_of_very_many_harms_the_bus():
    fuzz(300_000, seed=9)
