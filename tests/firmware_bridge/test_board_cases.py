"""What goes wrong on the board's wire, by the numbers of the fault list in docs/drives.md, on both boards.

In every tick of every case no wild reading is taken and no axis is faster than it was told to be; what was stopped
stays stopped until the operator has reset and armed.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from board_rig import HOLD, PROFILE, TICK_NS, Rig, setpoints

from firmware_bridge import wire
from firmware_bridge.link import HOST_SYSTEM, Link
from firmware_bridge.ports import LinkLost, MemoryPair
from hil.faulty_line import FaultyTransport, Injection, LinkFault
from robot.messages import Axis, AxisFault, AxisMode, Mode, StopCause

SPEED_RPS = 6.0
WHEELS = {f"traction_{where}": (AxisMode.VELOCITY, SPEED_RPS, 0.0) for where in ("front", "middle", "rear")}
DRIVING = setpoints(**WHEELS)
FASTEST = np.array([drive.velocity_max for drive in PROFILE.drive])


class Case:
    """A rig over a line that can be made faulty, driving; judged in every tick."""

    def __init__(self, new_rig, seed: int = 5) -> None:
        self.line: FaultyTransport | None = None
        self.rig: Rig | None = None

        def wrap(port):
            self.line = FaultyTransport(port, lambda: self.rig.t_ns if self.rig else 0, seed)
            return self.line

        self.rig = new_rig(wrap)
        self.drive()

    @property
    def safety(self):
        return self.rig.readings.safety

    @property
    def moves(self) -> bool:
        return bool(np.any(np.abs(self.rig.mechanics.velocity) > 0.01))

    def frame(self, points=DRIVING, armed: bool = True, mode: Mode = Mode.TRAVEL, **more):
        return self.rig.frame(points, armed=armed, mode=mode, **more)

    def run(self, seconds: float, command=None, silent: bool = False) -> None:
        for _ in range(round(seconds * 100)):
            self.rig.tick(command or self.frame(), silent)
            self.judge()

    def judge(self) -> None:
        axes = self.rig.readings.axes
        for axis, velocity in enumerate(axes.velocity):
            assert math.isnan(velocity) or abs(velocity) <= 1.1 * FASTEST[axis]
        assert np.all(np.abs(self.rig.mechanics.velocity) <= SPEED_RPS * 1.1)

    def drive(self) -> None:
        self.rig.connect()
        self.run(0.8)
        assert self.rig.mechanics.velocity[0] == pytest.approx(SPEED_RPS, abs=0.1)

    def under(self, fault: LinkFault, seconds: float, **how) -> None:
        self.line.inject(Injection(fault, **how))
        self.run(seconds)

    def heal(self) -> None:
        self.line.inject(None)

    def goes_on(self) -> bool:
        return self.safety.permitted and self.rig.mechanics.velocity[0] == pytest.approx(SPEED_RPS, abs=0.1)

    def stopped(self, cause: StopCause) -> bool:
        return self.safety.latched_stop and self.safety.stop_cause == cause and not self.moves

    def stays_stopped_until_rearmed(self) -> None:
        """The line is well again, and the host wishes to drive as before."""
        self.run(1.0)
        assert not self.moves
        self.run(0.1, self.frame(HOLD, armed=False, mode=Mode.STOPPED, reset=True))
        assert not self.safety.permitted
        assert not self.moves
        self.drive()


@pytest.fixture
def case(new_rig) -> Case:
    return Case(new_rig)


def host_frame(id_: int, *values) -> bytes:
    pair = MemoryPair()
    link = Link(pair.host, HOST_SYSTEM)
    link.queue(id_, *values)
    link.flush()
    return pair.device.read()


def command_frame(case: Case, command: int, seq: int) -> bytes:
    session = case.rig.driver._session
    return host_frame(wire.COMMAND_LONG, *wire.command_values(command, session, seq))


@pytest.mark.parametrize("rate", [1e-4, 1e-3])
def test_case_01_flipped_bits_are_dropped_and_the_job_goes_on(case: Case, rate: float):
    case.under(LinkFault.CORRUPT, 3.0, rate=rate)
    case.heal()
    case.run(0.2)
    assert case.goes_on()
    assert case.rig.readings.link.frames_bad > 0


@pytest.mark.parametrize(
    "stump", [b"\xfd", b"\xfd\xd0\0\0\0\xff\x01\xb4\xb3\0", b"\xfd\xff\0\0\0\xff\x01\xb3\xb3\0"]
)
def test_case_02_a_bogus_header_costs_two_frames_at_most(case: Case, stump: bytes):
    case.rig.host.write(stump)
    case.rig.hear(stump)
    case.run(0.03)
    assert case.rig.driver._setpoint_seq - case.rig.readings.axes.last_seq <= 2
    assert case.rig.t_ns - case.rig.readings.axes.t_ns <= 2 * TICK_NS
    case.run(0.5)
    assert case.goes_on()


def test_case_02_a_frame_that_is_cut_off_and_silence_behind_it_end_in_a_stop(case: Case):
    case.under(LinkFault.TRUNCATE, 1.5)
    case.heal()
    case.run(0.2)
    assert case.stopped(StopCause.WATCHDOG)
    case.stays_stopped_until_rearmed()


def test_case_03_a_dropped_command_is_superseded_by_the_next(case: Case):
    for _ in range(10):
        case.run(0.09)
        case.run(0.03, silent=True)
    assert case.goes_on()


def test_case_03_dropped_reports_age_and_end_in_a_stop(case: Case):
    case.under(LinkFault.HALF_OPEN, 0.05, to_board=False)
    assert case.rig.t_ns - case.rig.readings.axes.t_ns >= 5 * TICK_NS
    case.run(1.5)
    case.heal()
    case.run(0.2)
    assert case.stopped(StopCause.WATCHDOG)


def test_case_04_late_reports_show_their_true_age(case: Case):
    case.under(LinkFault.DELAYED, 0.3, delay_s=0.06, to_board=False)
    age_ns = case.rig.t_ns - case.rig.readings.axes.t_ns
    assert 5 * TICK_NS <= age_ns <= 7 * TICK_NS


def test_case_04_late_commands_move_nothing_that_has_stopped(case: Case):
    case.under(LinkFault.DELAYED, 2.0, delay_s=0.3, to_host=False)
    assert case.stopped(StopCause.WATCHDOG)


@pytest.mark.parametrize("fault", [LinkFault.DUPLICATE, LinkFault.REPLAY])
def test_case_05_repeated_frames_are_counted_and_not_taken(case: Case, fault: LinkFault):
    bad = case.rig.readings.link.frames_bad
    case.under(fault, 1.0)
    assert case.goes_on()
    assert case.rig.readings.link.frames_bad > bad


def test_case_05_a_repeated_reset_does_not_clear_a_later_stop(case: Case):
    case.run(0.02, case.frame(stop=True, mode=Mode.STOPPED))
    case.run(1.5, case.frame(HOLD, armed=False, mode=Mode.STOPPED))
    reset = command_frame(case, wire.CMD_RESET, 100)
    case.rig.host.write(reset)
    case.run(0.1, case.frame(HOLD, armed=False, mode=Mode.SAFE))
    assert not case.safety.latched_stop
    case.run(0.02, case.frame(HOLD, armed=False, stop=True, mode=Mode.STOPPED))
    case.rig.host.write(reset)
    case.run(0.2, case.frame(HOLD, armed=False, mode=Mode.STOPPED))
    assert case.safety.latched_stop


def test_case_05_setpoints_and_heartbeats_of_long_ago_keep_nothing_going(case: Case):
    sent: list[bytes] = []
    write = case.rig.host.write
    case.rig.host.write = lambda data: (sent.append(data), write(data))
    case.run(0.2)
    for _ in range(15):
        for data in sent:
            write(data)
        case.run(0.1, silent=True)
    assert case.stopped(StopCause.WATCHDOG)


def test_case_06_overtaken_frames_are_dropped(case: Case):
    case.under(LinkFault.REORDER, 1.0, rate=0.3)
    case.heal()
    case.run(0.1)
    assert case.goes_on()


def test_case_07_unplugged_while_moving_and_plugged_in_again(case: Case):
    case.rig.unplug()
    case.run(1.5)
    assert not case.moves
    assert not case.rig.readings.link.connected
    case.rig.plug_in()
    case.rig.driver.attach(case.rig.wrap(case.rig.host))
    case.run(0.5)
    assert case.rig.readings.link.identity_ok
    assert case.stopped(StopCause.WATCHDOG)
    case.stays_stopped_until_rearmed()


def test_case_08_what_a_stalled_board_works_off_late_moves_nothing(case: Case):
    for _ in range(100):  # the host speaks, the board does not listen
        case.rig.t_ns += TICK_NS
        case.rig.readings = case.rig.driver.poll(case.rig.t_ns)
        case.rig.driver.send(case.rig.t_ns, case.frame())
    seq = case.rig.driver._setpoint_seq
    case.run(0.5)
    assert case.safety.latched_stop
    assert case.rig.driver._setpoint_seq > seq
    case.run(1.0)
    assert not case.moves


def test_case_09_a_slow_line_shows_in_its_round_trip(case: Case):
    case.under(LinkFault.DELAYED, 2.0, delay_s=0.016)
    assert case.rig.readings.link.round_trip_ms >= 30.0
    assert case.goes_on()


@pytest.mark.parametrize("byte", [b"\x00", b"\xff", b"\xfd", b"\xaa"])
def test_case_10_a_flood_is_bounded_and_passes(case: Case, byte: bytes):
    for _ in range(20):
        case.rig.host.write(byte * 2000)
        case.rig.hear(byte * 200)
        case.run(0.01)
    case.run(0.1)
    assert case.goes_on()
    assert case.rig.readings.link.frames_bad > 0


def test_case_10_a_flood_of_valid_frames_does_only_what_one_does(case: Case):
    question = host_frame(wire.TIMESYNC, 0, 1)
    for _ in range(20):
        case.rig.host.write(question * 100)
        case.run(0.01)
    assert case.goes_on()


def test_case_11_a_strangers_words_mean_nothing(case: Case):
    for words in (b"AT\r\n", b"ATZ\r\n", b"~\x00x\xf0~", b"+++"):
        case.rig.host.write(words)
        case.rig.hear(words)
        case.run(0.05)
    assert case.goes_on()


def test_case_12_a_restart_while_moving_brakes_and_needs_arming(case: Case):
    case.rig.board.reset()
    case.run(0.1)
    assert not case.moves
    assert case.rig.mechanics.braked.all()
    case.run(1.0)
    assert case.safety.boot_count == 2
    assert not case.safety.permitted
    case.drive()


@pytest.mark.parametrize(("what", "pretence"), [("message layouts", 0), ("protocol version", 1)])
def test_case_13_a_board_built_from_something_else_is_never_armed(
    new_rig, monkeypatch, what: str, pretence: int
):
    rig = new_rig()
    rig.pretend(monkeypatch, *((77, 1), (None, 2))[pretence])
    rig.arm()
    assert what in rig.driver.mismatch
    assert not rig.readings.safety.permitted


def test_case_14_an_encoder_without_a_reading_is_a_fault_and_no_place(case: Case):
    case.rig.blind(Axis.TRACTION_FRONT)
    case.run(1.5)
    assert case.rig.readings.axes.fault[Axis.TRACTION_FRONT] == AxisFault.ENCODER
    assert math.isnan(case.rig.readings.axes.position[Axis.TRACTION_FRONT])
    assert case.stopped(StopCause.DRIVE_FAULT)


def test_case_15_reports_that_stand_still_are_not_fresh(case: Case):
    said = case.rig.host.read
    heard: list[bytes] = []
    case.rig.host.read = lambda: heard.append(said()) or heard[0]  # the same again and again
    case.run(0.3)
    assert case.rig.t_ns - case.rig.readings.axes.t_ns >= 29 * TICK_NS
    case.run(1.2)
    assert not case.moves


def test_case_16_commands_that_do_not_arrive_show_and_stop(case: Case):
    case.under(LinkFault.HALF_OPEN, 0.1, to_host=False)
    assert case.rig.readings.axes.last_seq_age_ms >= 90
    assert case.rig.driver._setpoint_seq > case.rig.readings.axes.last_seq
    case.run(1.5)
    assert case.stopped(StopCause.WATCHDOG)
    case.heal()
    case.stays_stopped_until_rearmed()


def test_case_17_without_feedback_the_host_falls_silent_and_the_board_stops(case: Case):
    seq = case.rig.driver._setpoint_seq
    case.under(LinkFault.HALF_OPEN, 1.6, to_board=False)
    assert case.rig.driver._setpoint_seq - seq <= 11
    assert not case.moves
    case.heal()
    case.run(0.2)
    assert case.stopped(StopCause.WATCHDOG)
    case.stays_stopped_until_rearmed()


@pytest.mark.parametrize("stall_s", [0.2, 1.0, 5.0])
def test_case_18_a_host_that_stood_still_finds_all_stopped_and_replays_nothing(case: Case, stall_s: float):
    rig = case.rig
    for _ in range(round(stall_s * 100)):  # the board goes on, nobody reads or writes
        rig.t_ns += TICK_NS
        rig.board.advance(rig.t_ns)
    place = rig.mechanics.position[0]
    case.run(2.0)
    assert case.stopped(StopCause.WATCHDOG)
    assert rig.mechanics.position[0] - place <= SPEED_RPS * max(1.2 - stall_s, 0.05)
    case.stays_stopped_until_rearmed()


def test_case_19_heartbeats_alone_keep_nothing_going(case: Case):
    case.rig.driver.mismatch = "so no setpoints"
    compare, case.rig.driver._compare = case.rig.driver._compare, lambda: None
    case.run(1.5)
    assert case.stopped(StopCause.WATCHDOG)
    case.rig.driver._compare = compare


def test_case_20_a_drive_without_watchdog_is_never_permitted(new_rig):
    rig = new_rig()
    rig.board.drives.watch(Axis.CABLE, False)
    assert not rig.arm().safety.permitted
    assert rig.readings.safety.watchdog_ms == 0


def test_case_21_a_time_out_ramps_down_and_brakes_and_does_not_coast(case: Case):
    case.rig.mechanics.load[:3] = -1.0  # a slope
    case.run(0.2)
    case.run(1.5, silent=True)
    assert case.rig.mechanics.braked.all()
    place = case.rig.mechanics.position[0]
    case.run(1.0, silent=True)
    assert case.rig.mechanics.position[0] == place


def test_case_22_a_fault_stays_until_the_operators_reset(case: Case):
    case.rig.board.drives.trip(Axis.TRACTION_REAR, AxisFault.OVER_CURRENT)
    case.run(2.0)
    assert case.rig.readings.axes.fault[Axis.TRACTION_REAR] == AxisFault.OVER_CURRENT
    assert case.stopped(StopCause.DRIVE_FAULT)
    case.stays_stopped_until_rearmed()


def test_case_23_permission_alone_moves_nothing(new_rig):
    rig = new_rig()
    rig.connect()
    before = rig.mechanics.position.copy()
    rig.run(0.3, rig.frame(HOLD, armed=True, mode=Mode.READY))
    assert rig.readings.safety.permitted
    assert np.array_equal(rig.mechanics.position, before)


def test_case_24_it_turns_as_slowly_as_it_is_told(case: Case):
    slow = setpoints(traction_front=(AxisMode.VELOCITY, 0.2, 0.0))
    case.run(1.5, case.frame(slow))
    assert case.rig.mechanics.velocity[0] == pytest.approx(0.2, abs=0.01)


def test_case_25_a_drive_that_is_gone_stops_all_and_is_named(case: Case):
    case.rig.board.drives.reset(Axis.TRACTION_MIDDLE)
    case.run(0.05)
    assert case.rig.readings.axes.fault[Axis.TRACTION_MIDDLE] == AxisFault.RESET
    assert case.safety.latched_stop
    case.run(1.5)
    assert not case.moves


def test_case_26_half_a_frame_holds_up_nobody(case: Case):
    half = command_frame(case, wire.CMD_RESET, 200)[:20]
    case.rig.host.write(half)
    case.rig.hear(half)
    case.run(0.1)
    assert case.goes_on()


def test_case_27_a_board_that_restarts_when_its_port_is_opened_is_met_anew(case: Case):
    case.rig.unplug()
    case.rig.plug_in()
    case.rig.board.reset()
    case.rig.driver.attach(case.rig.wrap(case.rig.host))
    case.run(1.0)
    assert case.safety.boot_count == 2
    assert not case.safety.permitted
    assert not case.moves


def test_case_28_an_open_chain_while_the_line_is_down_is_known_afterwards(case: Case):
    case.run(1.5, case.frame(HOLD, armed=False, mode=Mode.SAFE))
    case.line.inject(Injection(LinkFault.DISCONNECT))
    with pytest.raises(LinkLost):
        case.line.read()
    case.rig.mechanics.estop_closed = False
    case.run(0.1)
    case.rig.mechanics.estop_closed = True
    case.run(0.1)
    case.heal()
    case.rig.driver.attach(case.line)
    case.run(0.5)
    assert case.stopped(StopCause.ESTOP)
    case.stays_stopped_until_rearmed()


def test_case_29_a_line_that_grows_worse_is_counted_before_it_fails(case: Case):
    counts = []
    for rate in (1e-4, 5e-4, 2e-3):
        before = case.rig.readings.link.frames_bad
        case.under(LinkFault.CORRUPT, 2.0, rate=rate, to_board=False)
        counts.append(case.rig.readings.link.frames_bad - before)
    assert counts == sorted(counts)
    assert counts[0] < counts[-1]
    assert case.safety.permitted
