"""The monitor notices what is wrong within its deadline, and nothing else."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import safety_cases as cases
from safety_cases import (
    EFFORT,
    HOLD,
    POSITION,
    T_NS,
    TICK_NS,
    VELOCITY,
    command,
    estimate,
    frame,
    wish,
    wrapping,
)

from robot.messages import Axis, AxisFault, AxisLimit, Estimate, Mode, SensorFrame, Setpoints
from robot.modes.monitor import CLEAR_MS, HEALTH, TRIP_MS, Monitor
from robot.safety import failsafe

NAN = math.nan
NONE = frozenset[str]()
MS = 1_000_000
KINDS = wrapping().mode
SPEED_MPS = 0.4
WHEEL_RPS = SPEED_MPS / 0.05


class Robot:
    """A robot in a quiet mode, ticked with what is told to differ; clock and wheels go on by themselves."""

    def __init__(self, mode: Mode = Mode.WRAP, setpoints: Setpoints | None = None) -> None:
        self.monitor = Monitor(cases.PROFILE, cases.PARAMETERS, tension_n=10.0)
        self.mode = mode
        self.setpoints = setpoints or wrapping(SPEED_MPS)
        self.t_ns = T_NS
        self.way_m = 0.0

    def tick(
        self,
        change_frame: Callable[[SensorFrame], SensorFrame] = lambda f: f,
        health: frozenset[str] = NONE,
        believe: dict[str, Any] | None = None,
        dt_ns: int = TICK_NS,
    ) -> frozenset[str]:
        self.t_ns += dt_ns
        self.way_m += SPEED_MPS * dt_ns / 1e9
        wheel_rad, rotor_rad = self.way_m / 0.05, 2 * math.pi * self.way_m
        measured = frame(self.t_ns, rotor_rad=rotor_rad, mode=self.setpoints.mode)
        position = (*(wheel_rad,) * 3, *measured.axes.position[3:7], self.way_m, 0.15, 0.012)
        measured = replace(measured, axes=replace(measured.axes, position=position))
        believed = estimate(**{"speed_mps": SPEED_MPS, **(believe or {})})
        sent = self.setpoints
        if sent.mode[Axis.ROTOR] == POSITION:
            sent = replace(sent, target=(*sent.target[: Axis.ROTOR], rotor_rad, *sent.target[Axis.CABLE :]))
        last = command(sent, self.mode, self.t_ns)
        return self.monitor.update(change_frame(measured), believed, health, last, self.mode)

    def settled(self) -> Robot:
        for _ in range(40):
            assert self.tick(dt_ns=5 * TICK_NS) == NONE
        return self

    def settled_again(self) -> Robot:
        """All that was found has cleared."""
        self.tick_for(300)
        return self.settled()

    def tick_for(self, ticks: int, **given: Any) -> frozenset[str]:
        """All that was found in so many ticks."""
        return frozenset().union(*(self.tick(**given) for _ in range(ticks)))

    def noticed_after_ms(self, name: str, **given: Any) -> float:
        """How long until a condition is held to be true."""
        begun_ns = self.t_ns
        for _ in range(300):
            if name in self.tick(**given):
                return (self.t_ns - begun_ns) / MS
        return math.inf


def axes(**changes: Any) -> Callable[[SensorFrame], SensorFrame]:
    return lambda f: replace(f, axes=replace(f.axes, **changes))


def part(name: str, **changes: Any) -> Callable[[SensorFrame], SensorFrame]:
    return lambda f: replace(f, **{name: replace(getattr(f, name), **changes)})


def old(name: str, age_ms: float) -> Callable[[SensorFrame], SensorFrame]:
    return lambda f: replace(f, **{name: replace(getattr(f, name), t_ns=f.t_ns - round(age_ms * MS))})


def one(value: Any, axis: Axis, rest: Any = 0) -> tuple[Any, ...]:
    return tuple(value if a is axis else rest for a in Axis)


def seen(position: float, axis: Axis) -> Callable[[SensorFrame], SensorFrame]:
    """An axis that reads this position whatever it does."""

    def changed(f: SensorFrame) -> SensorFrame:
        values = list(f.axes.position)
        values[axis] = position
        return replace(f, axes=replace(f.axes, position=tuple(values)))

    return changed


def beside(by: float, axis: Axis) -> Callable[[SensorFrame], SensorFrame]:
    """An axis that stands aside of where it should be."""
    return lambda f: seen(f.axes.position[axis] + by, axis)(f)


def pushing(force_n: float) -> Callable[[SensorFrame], SensorFrame]:
    return axes(effort=(force_n * 0.05 / 3,) * 3 + (0.0,) * 7)


ROLLING_N = 0.02 * (600 + 2 * 300)


@pytest.mark.parametrize("mode", Mode)
def test_nothing_is_wrong_with_a_robot_that_is_well(mode: Mode) -> None:
    for _ in range(300):
        assert Robot(mode).tick(pushing(ROLLING_N)) == NONE
    robot = Robot(mode)
    for _ in range(300):
        assert robot.tick(pushing(ROLLING_N)) == NONE


# Condition, what makes it, deadline of its row in the fault matrix in ms.
NOTICED: list[tuple[str, dict[str, Any], float]] = [
    ("link_lost", {"change_frame": part("link", connected=False)}, 250),
    ("identity_mismatch", {"change_frame": part("link", identity_ok=False)}, 10),
    ("feedback_stale", {"change_frame": old("axes", 30.1)}, 10),
    ("feedback_stale", {"change_frame": old("sensors", 30.1)}, 10),
    ("feedback_lost", {"change_frame": old("axes", 100.1)}, 10),
    ("feedback_lost", {"change_frame": old("sensors", 100.1)}, 10),
    ("feedback_lost", {"change_frame": old("safety", 500.1)}, 10),
    ("feedback_garbage", {"change_frame": axes(position=one(NAN, Axis.TRIM, 0.0))}, 10),
    ("feedback_garbage", {"change_frame": axes(velocity=one(math.inf, Axis.ROTOR, 0.0))}, 10),
    ("estimate_invalid", {"believe": {"travel_m": NAN}}, 10),
    ("estimate_invalid", {"believe": {"rotor_abs_rad": NAN}}, 10),
    ("loop_stalled", {"change_frame": lambda f: replace(f, stalled=True)}, 10),
    ("log_failed", {"change_frame": lambda f: replace(f, log_ok=False)}, 10),
    ("estop_open", {"change_frame": part("safety", estop_closed=False)}, 10),
    ("board_stopped", {"change_frame": part("safety", permitted=False, latched_stop=True)}, 10),
    ("board_stopped", {"change_frame": part("safety", permitted=False)}, 520),
    ("board_rebooted", {"change_frame": part("safety", boot_count=2)}, 10),
    ("axis_stalled", {"change_frame": seen(0.14, Axis.TRIM)}, 300),
    ("drive_reset", {"change_frame": axes(fault=one(AxisFault.RESET, Axis.GRIP_REAR))}, 10),
    ("drive_fault", {"change_frame": axes(fault=one(AxisFault.OVER_TEMPERATURE, Axis.CABLE))}, 10),
    ("drive_fault", {"change_frame": axes(fault=one(AxisFault.TIMEOUT, Axis.ROTOR))}, 10),
    ("drive_hot", {"change_frame": axes(limit=one(AxisLimit.TEMPERATURE, Axis.ROTOR))}, 10),
    ("drive_overheated", {"change_frame": axes(limit=one(AxisLimit.TEMPERATURE, Axis.ROTOR))}, 1000),
    ("axis_stalled", {"change_frame": seen(7.0, Axis.TRACTION_MIDDLE)}, 300),
    ("axis_stalled", {"change_frame": seen(0.0, Axis.ROTOR)}, 300),
    ("contact", {"change_frame": pushing(400.0)}, 100),
    ("contact", {"change_frame": pushing(-400.0)}, 100),
    ("contact", {"change_frame": axes(effort=one(4.6, Axis.ROTOR, 0.0))}, 100),
    ("wheel_slip", {"believe": {"slip": (0.0, 0.0, 0.16)}}, 200),
    ("wheel_slip", {"believe": {"slip": (-0.16, 0.0, 0.0)}}, 200),
    ("wheel_slip_long", {"believe": {"slip": (0.0, 0.16, 0.0)}}, 500),
    ("coupling_error", {"change_frame": beside(0.22, Axis.ROTOR)}, 200),
    ("coupling_error", {"change_frame": beside(-0.22, Axis.ROTOR)}, 200),
    ("cable_snag", {"believe": {"tension_n": 25.1}}, 100),
    ("cable_break", {"believe": {"tension_n": 1.9}}, 200),
    ("tension_off", {"believe": {"tension_n": 12.1}}, 1100),
    ("tension_off", {"believe": {"tension_n": 7.9}}, 1100),
    ("overspeed", {"believe": {"speed_mps": 0.631}}, 200),
    ("overspeed", {"believe": {"speed_mps": -0.631}}, 200),
    ("roll_high", {"believe": {"roll_rad": math.radians(7.1)}}, 200),
    ("roll_limit", {"believe": {"roll_rad": math.radians(-10.1)}}, 300),
    ("slope_unknown", {"believe": {"slope_sigma_rad": NAN}}, 300),
    ("slope_unknown", {"believe": {"slope_sigma_rad": 0.06}}, 300),
    ("position_unsure", {"believe": {"chainage_sigma_m": 3.1}}, 10),
    ("coil_end", {"believe": {"coil_m": 0.9}}, 10),
    ("battery_low", {"believe": {"battery_wh": 59.0}}, 1100),
    ("battery_low", {"change_frame": part("battery", voltage_v=41.9)}, 1100),
    ("battery_critical", {"change_frame": part("battery", voltage_v=38.3)}, 400),
    ("grip_unloaded", {"change_frame": part("sensors", pinch_n=(100.0, 29.9, 100.0))}, 900),
]


@pytest.mark.parametrize(("name", "given", "deadline_ms"), NOTICED)
def test_it_is_noticed_in_time_and_goes_when_it_is_gone(
    name: str, given: dict[str, Any], deadline_ms: float
) -> None:
    robot = Robot().settled()
    assert robot.noticed_after_ms(name, **given) <= deadline_ms
    for _ in range(120):
        robot.tick(dt_ns=5 * TICK_NS)
    assert robot.tick() == NONE


# The same, a hair below.
TOLERATED: list[dict[str, Any]] = [
    {"change_frame": old("axes", 30.0)},
    {"change_frame": old("safety", 500.0)},
    {"change_frame": axes(limit=one(AxisLimit.EFFORT, Axis.GRIP_FRONT))},
    {"change_frame": axes(effort=one(-4.4, Axis.ROTOR, 0.0))},
    {"change_frame": seen(0.1465, Axis.TRIM)},
    {"change_frame": beside(0.20, Axis.ROTOR)},
    {"believe": {"slip": (0.15, -0.15, 0.0)}},
    {"believe": {"tension_n": 12.0}},
    {"believe": {"tension_n": 8.0}},
    {"believe": {"speed_mps": 0.63}},
    {"believe": {"roll_rad": math.radians(6.9)}},
    {"believe": {"chainage_sigma_m": 3.0}},
    {"believe": {"coil_m": 1.0}},
    {"believe": {"battery_wh": 60.0}},
    {"change_frame": part("battery", voltage_v=42.1)},
    {"change_frame": part("sensors", pinch_n=(30.0, 100.0, 100.0))},
]


@pytest.mark.parametrize("given", TOLERATED)
def test_a_hair_less_is_no_condition(given: dict[str, Any]) -> None:
    robot = Robot().settled()
    for _ in range(120):
        assert robot.tick(**given) == NONE


def test_a_stuck_rotor_is_a_stall_only_when_it_was_told_to_turn() -> None:
    robot = Robot(setpoints=replace(wrapping(), feedforward=(0.0,) * 10))
    for _ in range(100):
        assert "axis_stalled" not in robot.tick(seen(0.0, Axis.ROTOR))


@pytest.mark.parametrize("name", HEALTH)
def test_every_lost_input_is_a_condition(name: str) -> None:
    robot = Robot().settled()
    assert HEALTH[name] in robot.tick(health=frozenset({name}))
    assert HEALTH[name] in failsafe.RULES


def test_an_unknown_loss_is_an_error() -> None:
    with pytest.raises(KeyError):
        Robot().tick(health=frozenset({"nonsense"}))


def test_every_time_belongs_to_a_condition() -> None:
    assert set(TRIP_MS) | set(CLEAR_MS) <= set(failsafe.RULES)


def test_a_flickering_cause_is_one_condition() -> None:
    robot = Robot().settled()
    answers = [robot.tick(part("link", connected=tick % 30 == 0)) for tick in range(300)]
    lost = ["link_lost" in answer for answer in answers]
    assert lost[1:] == [True] * 299


def test_what_passes_quickly_is_no_condition() -> None:
    robot = Robot().settled()
    for _ in range(50):
        for _ in range(3):
            assert robot.tick(believe={"tension_n": 30.0}) == NONE
        assert robot.tick() == NONE


# ---------------------------------------------------------------- link


def with_link(good: int, bad: int, lost: int = 0) -> Callable[[SensorFrame], SensorFrame]:
    return part("link", frames_good=good, frames_bad=bad, frames_lost=lost)


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0.0, None), (0.009, None), (0.02, "link_noisy"), (0.28, "link_noisy"), (0.32, "link_bad")],
)
def test_lost_frames_are_judged_by_their_share(share: float, expected: str | None) -> None:
    robot = Robot()
    found = NONE
    for tick in range(150):
        damaged = round(4 * tick * share)
        found = robot.tick(with_link(4 * tick - damaged, damaged, damaged))
    assert found == (NONE if expected is None else {expected})


def test_dropped_copies_and_old_frames_are_no_bad_link() -> None:
    robot = Robot()
    for tick in range(150):
        assert "link_bad" not in robot.tick(with_link(4 * tick, 40 * tick))
    assert robot.tick(with_link(600, 6000)) == {"link_noisy"}


def test_counters_that_start_again_are_no_bad_link() -> None:
    robot = Robot()
    for _ in range(100):
        robot.tick(with_link(5000, 3))
    for _ in range(100):
        assert robot.tick(with_link(100, 0)) == NONE


# ---------------------------------------------------------------- what depends on the mode


def test_permission_is_missed_only_when_armed() -> None:
    robot = Robot(Mode.SAFE, wish())
    for _ in range(100):
        lost = part("safety", permitted=False, latched_stop=True)
        assert robot.tick(lost, believe={"speed_mps": 0.0}) == NONE


def test_a_drive_that_timed_out_unarmed_is_no_fault() -> None:
    robot = Robot(Mode.SAFE, wish())
    quiet = {"believe": {"speed_mps": 0.0}}
    assert robot.tick(axes(fault=(AxisFault.TIMEOUT,) * 10), **quiet) == NONE
    assert robot.tick(axes(fault=(AxisFault.ENCODER,) * 10), **quiet) == {"drive_fault"}


def test_a_first_boot_count_is_no_reboot() -> None:
    assert Robot().tick(part("safety", boot_count=77)) == NONE


@pytest.mark.parametrize("mode", [Mode.READY, Mode.HOLD])
def test_a_robot_that_rolls_on_its_brakes_runs_away(mode: Mode) -> None:
    robot = Robot(mode, wish())
    for _ in range(200):
        assert robot.tick(believe={"speed_mps": 0.03}) == NONE
    assert robot.noticed_after_ms("runaway", believe={"speed_mps": -0.031}) <= 100
    robot = Robot(mode).settled()
    robot.setpoints = wish()
    assert 1500 < robot.noticed_after_ms("runaway") <= 1600  # the way of braking is not running away


@pytest.mark.parametrize("mode", Mode)
def test_the_cable_is_judged_wherever_its_drive_holds_it_in_tension(mode: Mode) -> None:
    robot = Robot(mode).settled()
    found = NONE
    for _ in range(150):
        found |= robot.tick(believe={"tension_n": 0.0})
    assert "cable_break" in found
    assert ("tension_off" in found) is (mode in (Mode.WRAP, Mode.CROSSING, Mode.RETREAT))
    assert "cable_snag" in robot.settled_again().tick_for(10, believe={"tension_n": 26.0})


@pytest.mark.parametrize("mode", Mode)
def test_a_cable_that_is_braked_or_paid_out_may_be_slack(mode: Mode) -> None:
    for kind in (HOLD, VELOCITY):
        robot = Robot(mode, wish({Axis.CABLE: (kind, 0.0)}))
        slack = robot.tick_for(300, believe={"tension_n": 0.0, "speed_mps": 0.0})
        assert not slack & {"cable_break", "tension_off"}


def test_slack_paid_out_on_purpose_is_no_break() -> None:
    robot = Robot(Mode.CROSSING).settled()
    feeding = wish({Axis.CABLE: (VELOCITY, 0.5)})
    robot.setpoints = feeding
    slack = {"believe": {"tension_n": 0.0, "speed_mps": 0.0}}
    for _ in range(60):
        assert robot.tick(**slack) == NONE
    robot.setpoints = wish({Axis.CABLE: (EFFORT, 10.0)})
    assert 1500 < robot.noticed_after_ms("cable_break", **slack) <= 1650


@pytest.mark.parametrize("mode", [Mode.CROSSING, Mode.RETREAT])
def test_support_that_is_not_measured_is_noticed(mode: Mode) -> None:
    robot = Robot(mode).settled()

    def unsupported(f: SensorFrame) -> SensorFrame:
        loose = replace(f.sensors, pinch_n=(0.0, 0.0, 0.0))
        opened = seen(0.04, Axis.GRIP_FRONT)(f)
        return replace(opened, sensors=loose)

    assert robot.noticed_after_ms("support_unmeasured", change_frame=unsupported) <= 100


def test_in_a_crossing_less_lean_is_allowed() -> None:
    for mode, limit_deg in ((Mode.CROSSING, 3.0), (Mode.WRAP, 10.0)):
        robot = Robot(mode).settled()
        for _ in range(100):
            assert "roll_limit" not in robot.tick(believe={"roll_rad": math.radians(limit_deg - 0.1)})
        lean = {"roll_rad": math.radians(limit_deg + 0.1)}
        assert robot.noticed_after_ms("roll_limit", believe=lean) <= 300


def test_a_lifted_wheel_does_not_slip() -> None:
    robot = Robot(Mode.CROSSING).settled()
    for _ in range(100):
        lifted = seen(0.12, Axis.GRIP_FRONT)
        assert "wheel_slip" not in robot.tick(lifted, believe={"slip": (0.5, 0.0, 0.0)})


def test_a_braked_wheel_does_not_slip() -> None:
    robot = Robot(Mode.WRAP)
    robot.setpoints = wish({Axis.TRACTION_FRONT: (VELOCITY, WHEEL_RPS)})
    for _ in range(100):
        assert "wheel_slip" not in robot.tick(believe={"slip": (0.0, 0.5, 0.0)})


def test_a_slope_explains_the_force_that_it_needs() -> None:
    robot = Robot().settled()
    slope_rad = math.radians(20.0)
    weight_n = (cases.PROFILE.mass_kg(0.0) + 40.0) / 2 * 9.81 * math.sin(slope_rad)
    for _ in range(100):
        assert robot.tick(pushing(weight_n + ROLLING_N), believe={"slope_rad": slope_rad}) == NONE


def test_at_rest_rolling_resistance_explains_a_push_in_either_direction() -> None:
    """The estimate's speed is never quite zero; a robot that is about to start does not push against anything."""
    for sign in (1, -1):
        for creeping_mps in (1e-4, -1e-4):
            robot = Robot().settled()
            for _ in range(100):
                assert (
                    robot.tick(pushing(sign * (ROLLING_N + 90.0)), believe={"speed_mps": creeping_mps})
                    == NONE
                )
            beyond = {
                "change_frame": pushing(sign * (ROLLING_N + 110.0)),
                "believe": {"speed_mps": creeping_mps},
            }
            assert robot.noticed_after_ms("contact", **beyond) <= 100


def test_an_open_wheel_may_climb_a_tie_and_a_closed_one_has_nothing_to_climb() -> None:
    for grip_m, limit_n in ((0.0, 100.0), (0.04, 180.0)):
        for sign in (1, -1):
            robot = Robot(Mode.CROSSING).settled()

            def pushed(f: SensorFrame, n: float, place_m: float = grip_m) -> SensorFrame:
                return seen(place_m, Axis.GRIP_MIDDLE)(pushing(ROLLING_N + n)(f))

            for _ in range(60):
                assert "contact" not in robot.tick(lambda f, n=sign * (limit_n - 1): pushed(f, n))
            beyond = {"change_frame": lambda f, n=sign * (limit_n + 1): pushed(f, n)}
            assert robot.noticed_after_ms("contact", **beyond) <= 100


def test_wheels_that_push_against_each_other_betray_a_wrong_encoder() -> None:
    def fighting(front_nm: float, others_nm: float) -> Callable[[SensorFrame], SensorFrame]:
        return axes(effort=(front_nm, others_nm, others_nm) + (0.0,) * 7)

    robot = Robot().settled()
    assert robot.noticed_after_ms("encoder_wrong", change_frame=fighting(-4.0, 2.9)) <= 300
    explained = Robot().settled().tick_for(60, change_frame=fighting(-2.5, 1.5))
    assert "encoder_wrong" not in explained
    braked = (
        Robot().settled().tick_for(60, change_frame=lambda f: axes(mode=(HOLD,) * 10)(fighting(-9.0, 9.0)(f)))
    )
    assert "encoder_wrong" not in braked
    helped = Robot().settled().tick_for(60, change_frame=fighting(1.9, 6.0))  # the front has less grip
    assert "encoder_wrong" not in helped
    one_down = Robot(Mode.CROSSING).settled()
    lifted = one_down.tick_for(60, change_frame=lambda f: seen(0.12, Axis.GRIP_FRONT)(fighting(-9.0, 1.0)(f)))
    assert "encoder_wrong" not in lifted


def test_an_axis_that_the_board_has_braked_does_not_stall() -> None:
    robot = Robot().settled()
    for _ in range(60):
        braked = axes(mode=(HOLD,) * 10, position=(0.0,) * 10)
        assert "axis_stalled" not in robot.tick(braked)


def test_forces_that_are_not_measured_are_told_where_they_are_needed() -> None:
    robot = Robot(Mode.CROSSING).settled()

    def blind(f: SensorFrame) -> SensorFrame:
        return seen(0.04, Axis.GRIP_FRONT)(part("sensors", pinch_n=(NAN, 100.0, 100.0))(f))

    assert robot.noticed_after_ms("grip_sensor_lost", change_frame=blind) <= 10


def test_a_grip_that_was_not_told_to_pinch_may_be_loose() -> None:
    quiet = replace(wrapping(), limit=(15.0,) * 3 + (1.0,) * 3 + (20.0, 40.0, 150.0, 30.0))
    for setpoints in (quiet, wish()):
        robot = Robot(Mode.CROSSING, setpoints)
        for _ in range(200):
            found = robot.tick(part("sensors", pinch_n=(1.0, 1.0, 1.0)), believe={"speed_mps": 0.0})
            assert "grip_unloaded" not in found


def test_without_an_earlier_answer_nothing_is_judged_by_it() -> None:
    monitor = Monitor(cases.PROFILE, cases.PARAMETERS)
    measured = frame(T_NS, mode=KINDS, effort=(15.0,) * 10)
    believed: Estimate = estimate(speed_mps=0.4, tension_n=0.0)
    for mode in Mode:
        assert monitor.update(measured, believed, NONE, None, mode) == NONE


def test_kinds_of_setpoint_that_are_not_judged() -> None:
    for kind, target in ((HOLD, 0.0), (EFFORT, 0.0), (POSITION, 0.15)):
        robot = Robot(setpoints=wish({Axis.TRIM: (kind, target)}))
        for _ in range(60):
            assert robot.tick(believe={"speed_mps": 0.0}) == NONE
