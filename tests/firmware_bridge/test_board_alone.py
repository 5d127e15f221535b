"""The board, either kind, against a host that does one thing wrong and all else right."""

from __future__ import annotations

import pytest
from board_rig import TICK_NS, Rig, setpoints

from firmware_bridge import wire
from firmware_bridge.link import HOST_SYSTEM, Intent, Link, Safety, Values
from robot.messages import AxisMode, Mode, StopCause

ARMED, UNARMED = int(Intent.ARMED), 0
TRAVEL = list(Mode).index(Mode.TRAVEL)
STATUS, IDENTITY, STATES = wire.SAFETY_STATUS, wire.BOARD_IDENTITY, wire.AXIS_STATES
DRIVING = setpoints(traction_front=(AxisMode.VELOCITY, 6.0, 0.0))


class BareHost:
    """Says what it is told to, frame by frame."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.link = Link(rig.host, HOST_SYSTEM)
        self.heard: dict[int, Values] = {}  # the newest of each kind
        self.session = self.counter = self.seq = 0

    def say(self, id_: int, *values) -> None:
        self.link.queue(id_, *values)

    def hello(self) -> None:
        self.say(wire.BOARD_HELLO, 0, 0, 1)

    def heartbeat(self, intent: int = ARMED, session: int | None = None, counter: int | None = None) -> None:
        self.counter += counter is None
        session = self.session if session is None else session
        self.say(
            wire.HOST_HEARTBEAT, session, self.counter if counter is None else counter, 0, 0, TRAVEL, intent
        )

    def drive(self, life_ms: int = 150, seq: int | None = None) -> None:
        self.seq += seq is None
        points = DRIVING
        self.say(
            wire.AXIS_SETPOINTS, *points.target, *points.feedforward, *points.limit, self.session,
            self.seq if seq is None else seq, 0, life_ms, *points.mode,
        )  # fmt: skip

    def order(self, command: int) -> None:
        self.seq += 1
        self.say(wire.COMMAND_LONG, *wire.command_values(command, self.session, self.seq))

    def tick(self, ticks: int = 1) -> None:
        for _ in range(ticks):
            self.link.flush()
            self.rig.t_ns += TICK_NS
            self.rig.board.advance(self.rig.t_ns)
            self.heard.update(self.link.receive())

    def meet(self) -> None:
        self.hello()
        self.tick()
        self.session = self.heard[IDENTITY][2]

    def connect(self) -> None:
        """Met, every drive tested, and unarmed."""
        self.meet()
        self.order(wire.CMD_TEST_WATCHDOG)
        self.tick(20)
        self.heartbeat(UNARMED)
        self.tick()

    def arm(self) -> None:
        self.connect()
        self.seq = 0
        self.heartbeat(ARMED)
        for _ in range(30):
            self.heartbeat()
            self.drive()
            self.tick()
        assert self.permitted
        assert self.rig.mechanics.velocity[0] == pytest.approx(6.0, abs=0.1)

    @property
    def flags(self) -> Safety:
        return Safety(self.heard[STATUS][8])

    @property
    def permitted(self) -> bool:
        return Safety.PERMITTED in self.flags

    @property
    def answer(self) -> tuple[int, int]:
        """Result and sequence of the newest acknowledgement."""
        _, result, _, seq, *_ = self.heard[wire.COMMAND_ACK]
        return result, seq

    @property
    def cause(self) -> int:
        return self.heard[STATUS][9]


@pytest.fixture
def host(new_rig) -> BareHost:
    return BareHost(new_rig())


def test_a_host_that_does_all_right_goes_on(host: BareHost):
    host.arm()
    for _ in range(100):
        host.heartbeat()
        host.drive()
        host.tick()
    assert host.permitted


def test_the_same_setpoints_again_do_not_live_longer(host: BareHost):
    host.arm()
    for _ in range(17):
        host.heartbeat()
        host.drive(seq=host.seq)
        host.tick()
    assert host.cause == StopCause.WATCHDOG


def test_the_same_heartbeat_again_keeps_nobody_alive(host: BareHost):
    host.arm()
    for _ in range(17):
        host.heartbeat(counter=host.counter)
        host.drive()
        host.tick()
    assert host.cause == StopCause.WATCHDOG


def test_a_heartbeat_of_another_session_keeps_nobody_alive(host: BareHost):
    host.arm()
    for _ in range(17):
        host.heartbeat(session=host.session ^ 1)
        host.drive()
        host.tick()
    assert host.cause == StopCause.WATCHDOG


def test_setpoints_alone_keep_nobody_alive(host: BareHost):
    host.arm()
    for _ in range(17):
        host.drive()
        host.tick()
    assert host.cause == StopCause.WATCHDOG


def test_no_setpoint_lives_longer_than_the_watchdogs_time(host: BareHost):
    host.arm()
    host.drive(life_ms=60_000)
    for _ in range(17):
        host.heartbeat()
        host.tick()
    assert host.cause == StopCause.WATCHDOG


def test_an_unknown_mode_of_the_robot_is_no_heartbeat(host: BareHost):
    host.arm()
    for _ in range(17):
        host.counter += 1
        host.say(wire.HOST_HEARTBEAT, host.session, host.counter, 0, 0, len(Mode), ARMED)
        host.drive()
        host.tick()
    assert host.cause == StopCause.WATCHDOG


def test_the_first_cause_of_a_stop_is_kept(host: BareHost):
    host.arm()
    host.tick(20)
    host.rig.mechanics.estop_closed = False
    host.tick(20)
    assert host.cause == StopCause.WATCHDOG


def test_a_reset_while_the_chain_is_open_is_refused(host: BareHost):
    host.connect()
    host.rig.mechanics.estop_closed = False
    host.tick(3)
    host.order(wire.CMD_RESET)
    host.tick()
    assert host.answer == (wire.RESULT_REJECTED, host.seq)


def test_a_new_host_that_comes_armed_is_not_permitted(host: BareHost):
    host.connect()
    host.tick(20)  # it is gone, another one comes
    host.meet()
    host.counter = 0
    host.heartbeat(ARMED)
    host.tick(2)
    assert not host.permitted


def test_a_hello_takes_permission_from_the_session_before(host: BareHost):
    host.arm()
    host.rig.let_the_guard_die()  # or it would have stopped by itself before a hello is heard
    host.tick(16)
    host.hello()
    host.tick()
    assert not host.permitted


@pytest.mark.parametrize("say", [BareHost.heartbeat, BareHost.drive])
def test_a_host_that_speaks_during_the_watchdog_test_ends_it(host: BareHost, say):
    host.meet()
    host.order(wire.CMD_TEST_WATCHDOG)
    host.tick(5)
    assert Safety.TESTING in host.flags
    say(host)
    host.tick(20)
    assert Safety.TESTING not in host.flags
    assert Safety.WATCHDOG_SEEN not in host.flags


def test_nothing_is_permitted_before_every_drive_was_seen_to_time_out(host: BareHost):
    host.meet()
    for intent in (UNARMED, ARMED):
        host.heartbeat(intent)
        host.tick(2)
    assert not host.permitted


def test_a_board_that_boots_hears_and_says_nothing(host: BareHost):
    host.connect()
    host.rig.board.reset()
    host.heard.clear()
    host.hello()
    host.tick(19)
    assert host.heard == {}
    host.tick(2)
    assert IDENTITY not in host.heard
    assert STATES in host.heard


def test_a_clock_that_goes_back_is_waited_for(host: BareHost):
    host.arm()
    before_us = host.heard[STATES][0]
    host.rig.board.advance(host.rig.t_ns - 5 * TICK_NS)
    host.heartbeat()
    host.drive()
    host.tick()
    assert host.heard[STATES][0] == before_us + TICK_NS // 1000
    assert host.permitted


def test_an_unknown_command_is_unsupported_and_done_by_nobody(host: BareHost):
    host.connect()
    host.order(31_999)
    host.tick()
    assert host.answer == (wire.RESULT_UNSUPPORTED, host.seq)
