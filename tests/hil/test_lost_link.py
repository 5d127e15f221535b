"""The deadman and the lost link, on the whole simulated robot, counted in its own ticks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from missions.clock import TICK_NS
from robot.messages import Action, Mode, OperatorMessage
from tests.faults.rig import Rig, short_job

TICK_S = TICK_NS / 1e9
STILL_MPS = 0.005
CUT_TICKS, STILL_TICKS = 20, 30  # 200 ms, 300 ms
SECOND = 100


def until(rig: Rig, wanted: Callable[[], bool], seconds: float = 60.0) -> None:
    for _ in range(round(seconds / TICK_S)):
        rig.tick()
        if wanted():
            return
    raise AssertionError(f"never came; the robot is in {rig.mode.value} for {rig.now.command.reason}")


def ask(rig: Rig, action: Action, mode: Mode) -> None:
    rig.crew.ask(action)
    until(rig, lambda: rig.mode is mode, 5.0)


def mounted() -> Rig:
    rig = Rig(short_job())
    until(rig, lambda: rig.now.frame.safety.watchdog_seen)
    for _ in range(SECOND):
        rig.tick()
    ask(rig, Action.ARM, Mode.READY)
    ask(rig, Action.MOUNT, Mode.MOUNTING)
    until(rig, lambda: rig.mode is Mode.READY)
    return rig


def wrapping() -> Rig:
    rig = mounted()
    rig.crew.ask(Action.START)
    until(rig, lambda: rig.mode is Mode.WRAP)
    for _ in range(5 * SECOND):
        rig.tick()
    return rig


def jogging() -> Rig:
    """At 0.10 m/s by hand, in the tick in which a jog has just arrived."""
    rig = mounted()
    ask(rig, Action.MANUAL, Mode.MANUAL)
    rig.crew.jog = "travel:0.1"
    until(rig, lambda: rig.now.truth.speed_mps > 0.099)
    until(rig, lambda: any(m.action is Action.JOG for m in rig.now.frame.operator))
    return rig


def commanded(rig: Rig) -> float:
    return rig.now.command.setpoints.target[0]


def modes_of(rig: Rig, ticks: int, alive: Callable[[int], bool]) -> list[Mode]:
    """The modes that the robot goes through while its link is as `alive` says, tick by tick."""
    modes = [rig.mode]
    for tick in range(ticks):
        rig.crew.silent = not alive(tick)
        rig.tick()
        if rig.mode is not modes[-1]:
            modes.append(rig.mode)
    return modes


def test_a_jog_that_is_not_repeated_is_cut_after_200_ms_and_the_robot_stands_after_300() -> None:
    rig = jogging()
    full = commanded(rig)
    rig.crew.silent = True
    for _ in range(CUT_TICKS - 1):
        rig.tick()
        assert commanded(rig) == pytest.approx(full)
    rig.tick()
    assert commanded(rig) < full
    for _ in range(STILL_TICKS - CUT_TICKS):
        rig.tick()
    assert abs(rig.now.truth.speed_mps) < STILL_MPS
    until(rig, lambda: rig.mode is Mode.HOLD, 0.1)
    assert rig.now.command.reason == "console_lost"


def test_a_heartbeat_alone_does_not_keep_a_jog_going() -> None:
    rig = jogging()
    rig.crew.jog = ""
    for _ in range(STILL_TICKS):
        rig.tick()
    assert rig.mode is Mode.MANUAL
    assert abs(rig.now.truth.speed_mps) < STILL_MPS


class Repeater:
    """A receiver out of range: it says its last word over and over."""

    def __init__(self, last: tuple[OperatorMessage, ...]) -> None:
        self.last = last

    def messages(self, t_ns: int, mode: Mode) -> tuple[OperatorMessage, ...]:
        return self.last


def test_a_jog_repeated_with_its_old_number_is_no_jog() -> None:
    rig = jogging()
    rig.loop._operator = Repeater(rig.now.frame.operator)
    for _ in range(STILL_TICKS):
        rig.tick()
    assert abs(rig.now.truth.speed_mps) < STILL_MPS
    assert rig.mode is Mode.HOLD


class Stranger(Repeater):
    """Another client's heartbeat, well numbered."""

    def __init__(self) -> None:
        super().__init__(())
        self._seq = 0

    def messages(self, t_ns: int, mode: Mode) -> tuple[OperatorMessage, ...]:
        self._seq += 1
        return (OperatorMessage(t_ns, self._seq, "stranger", Action.HEARTBEAT),)


def test_another_clients_heartbeat_keeps_nothing_going() -> None:
    rig = wrapping()
    rig.loop._operator = Stranger()
    until(rig, lambda: rig.mode is Mode.HOLD, 1.1)
    assert rig.now.command.reason == "console_lost"


def test_a_short_gap_in_the_link_changes_nothing_while_wrapping() -> None:
    rig = wrapping()
    assert modes_of(rig, 3 * SECOND, lambda tick: not 50 <= tick < 140) == [Mode.WRAP]


@pytest.mark.parametrize("period_s", [0.2, 0.7, 2.0])
def test_a_flapping_link_causes_one_transition_by_hand(period_s: float) -> None:
    period = round(period_s / TICK_S)
    modes = modes_of(jogging(), 8 * SECOND, lambda tick: tick % (2 * period + 10) > period + 10)
    assert modes == [Mode.MANUAL, Mode.HOLD]


@pytest.mark.parametrize("period_s", [1.1, 2.0])
def test_a_flapping_link_causes_one_transition_while_wrapping(period_s: float) -> None:
    period = round(period_s / TICK_S)
    modes = modes_of(wrapping(), 10 * SECOND, lambda tick: tick % (2 * period) >= period)
    assert modes == [Mode.WRAP, Mode.HOLD]


def test_nothing_moves_when_the_link_is_back_until_the_driver_acts() -> None:
    rig = wrapping()
    rig.crew.silent = True
    until(rig, lambda: rig.mode is Mode.HOLD, 1.5)
    until(rig, lambda: abs(rig.now.truth.speed_mps) < STILL_MPS, 5.0)
    rig.crew.silent = False
    for _ in range(5 * SECOND):
        rig.tick()
        assert abs(rig.now.truth.speed_mps) < STILL_MPS
    ask(rig, Action.RESUME, Mode.WRAP)


def test_a_retreat_without_a_console_ends_its_manoeuvre_and_then_holds() -> None:
    rig = wrapping()
    ask(rig, Action.HOLD, Mode.HOLD)
    for _ in range(5 * SECOND):
        rig.tick()
    ask(rig, Action.BACK_OFF, Mode.RETREAT)
    begin_m = rig.now.truth.s_m
    modes = modes_of(rig, 15 * SECOND, lambda tick: False)
    assert modes == [Mode.RETREAT, Mode.HOLD]
    assert rig.now.command.reason == "retreated"
    assert begin_m - rig.now.truth.s_m == pytest.approx(rig.job.parameters.retreat_m, abs=0.03)


def test_mounting_without_a_console_holds_after_200_ms() -> None:
    rig = Rig(short_job())
    until(rig, lambda: rig.now.frame.safety.watchdog_seen)
    for _ in range(SECOND):
        rig.tick()
    ask(rig, Action.ARM, Mode.READY)
    ask(rig, Action.MOUNT, Mode.MOUNTING)
    rig.crew.silent = True
    until(rig, lambda: rig.mode is Mode.HOLD, 0.22)
