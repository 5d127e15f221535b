"""The virtual drives: loops, limits, heat, brakes and faults, on masses with known answers."""

from __future__ import annotations

import numpy as np
import pytest
from board_rig import EFFORTS, PROFILE, SpringMass, setpoints

from firmware_bridge.axes import axis_configs, config_digest
from firmware_bridge.virtual.drives import DriveBank
from firmware_bridge.virtual.loops import AMBIENT_C, STEP_US
from robot.messages import Axis, AxisFault, AxisLimit, AxisMode, Setpoints

LIFE_US = 150_000


class Bench:
    """Drives on masses, with setpoints renewed every 10 ms."""

    def __init__(self) -> None:
        self.mechanics = SpringMass(PROFILE)
        self.bank = DriveBank(axis_configs(PROFILE), self.mechanics, PROFILE.power.brake_s)
        self.now_us = 0

    def run(self, seconds: float, points: Setpoints | None = None, each=lambda: None) -> None:
        for _ in range(round(seconds * 1e6 / STEP_US)):
            if points is not None and self.now_us % 10_000 == 0:
                values = np.array([points.target, points.feedforward, points.limit])
                self.bank.accept(values, np.array(points.mode), 0, self.now_us, LIFE_US)
            self.bank.step(self.now_us)
            self.now_us += STEP_US
            each()

    def position(self, axis: Axis) -> float:
        return float(self.mechanics.position[axis])

    def velocity(self, axis: Axis) -> float:
        return float(self.mechanics.velocity[axis])

    def code(self, axis: Axis, what: str) -> int:
        return int(self.bank.drives[axis][what])


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_velocity_is_reached_and_kept_under_load(bench):
    points = setpoints(traction_front=(AxisMode.VELOCITY, 6.0, 0.0))
    bench.run(1.0, points)
    assert bench.velocity(Axis.TRACTION_FRONT) == pytest.approx(6.0, abs=0.01)
    bench.mechanics.load[Axis.TRACTION_FRONT] = -4.0
    bench.run(1.0, points)
    assert bench.velocity(Axis.TRACTION_FRONT) == pytest.approx(6.0, abs=0.01)


def test_acceleration_feed_forward_takes_up_the_drives_own_inertia():
    reached = {}
    for feedforward in (0.0, 40.0):
        ramp = Bench()
        for tick in range(1, 4):
            ramp.run(0.01, setpoints(traction_front=(AxisMode.VELOCITY, 40.0 * tick * 0.01, feedforward)))
        reached[feedforward] = ramp.velocity(Axis.TRACTION_FRONT)
    assert reached[0.0] + 0.05 < reached[40.0] < 40.0 * 0.03


@pytest.mark.parametrize(
    ("axis", "target", "tolerance"),
    [
        (Axis.ROTOR, 2.0, 0.005),
        (Axis.TRIM, 0.10, 0.0005),
        (Axis.GUIDE, 0.012, 0.0005),
        (Axis.CABLE, 0.5, 0.005),
    ],
)
def test_a_position_is_reached(bench, axis, target, tolerance):
    bench.run(4.0, setpoints(**{axis.name: (AxisMode.POSITION, target, 0.0)}))
    assert bench.position(axis) == pytest.approx(target, abs=tolerance)


def test_a_moving_position_is_followed_without_lag(bench):
    """The rotor's gear: position each tick with velocity ahead, against a torque that goes round with it."""
    rate = 2.5
    error = []
    for tick in range(600):
        angle = rate * tick * 0.01
        bench.mechanics.load[Axis.ROTOR] = 0.7 * np.sin(bench.position(Axis.ROTOR))
        bench.run(0.01, setpoints(rotor=(AxisMode.POSITION, angle, rate)))
        error.append(angle + rate * 0.01 - bench.position(Axis.ROTOR))
    assert max(abs(e) for e in error[200:]) < 0.035


def test_a_moving_position_that_is_not_renewed_does_not_run_on(bench):
    bench.run(0.01, setpoints(rotor=(AxisMode.POSITION, 0.0, 2.0)))
    bench.run(0.14)
    assert bench.position(Axis.ROTOR) < 2.0 * 0.14 + 0.02


def test_effort_of_the_cable_is_a_pull_against_pay_out(bench):
    bench.mechanics.load[Axis.CABLE] = 10.0
    bench.run(0.1, setpoints(cable=(AxisMode.EFFORT, 12.0, 0.0)))
    assert bench.velocity(Axis.CABLE) < -0.3
    (_, _, effort), _ = bench.bank.report()
    assert effort[Axis.CABLE] == pytest.approx(12.0)


def test_effort_lets_go_at_the_drives_largest_speed(bench):
    bench.mechanics.load[Axis.CABLE] = 0.0
    bench.run(2.0, setpoints(cable=(AxisMode.EFFORT, -30.0, 0.0)))
    assert bench.velocity(Axis.CABLE) <= 1.15 * PROFILE.drive[Axis.CABLE].velocity_max
    assert bench.code(Axis.CABLE, "limited") == AxisLimit.VELOCITY


def test_the_smaller_effort_limit_wins(bench):
    stalled = setpoints(traction_front=(AxisMode.VELOCITY, 6.0, 0.0, 2.0))
    bench.mechanics.mass[Axis.TRACTION_FRONT] = 1e9
    bench.run(0.5, stalled)
    assert abs(bench.bank.effort[Axis.TRACTION_FRONT]) == pytest.approx(2.0)
    assert bench.code(Axis.TRACTION_FRONT, "limited") == AxisLimit.EFFORT
    bench.run(0.5, setpoints(traction_front=(AxisMode.VELOCITY, 6.0, 0.0, 99.0)))
    assert abs(bench.bank.effort[Axis.TRACTION_FRONT]) == pytest.approx(EFFORTS[0])


def test_the_integral_does_not_wind_up_at_the_limit(bench):
    mass_kg = bench.mechanics.mass[Axis.TRACTION_FRONT]
    bench.mechanics.mass[Axis.TRACTION_FRONT] = 1e9  # it cannot be moved
    points = setpoints(traction_front=(AxisMode.VELOCITY, 6.0, 0.0))
    bench.run(0.5, points)
    bench.mechanics.mass[Axis.TRACTION_FRONT] = mass_kg
    top = []
    bench.run(1.0, points, each=lambda: top.append(bench.velocity(Axis.TRACTION_FRONT)))
    assert max(top) < 6.0 * 1.25
    assert top[-1] == pytest.approx(6.0, abs=0.02)


@pytest.mark.parametrize("pinch_n", [50.0, 100.0, 400.0])
def test_a_grip_pinches_with_the_force_of_its_limit(bench, pinch_n):
    bench.mechanics.position[Axis.GRIP_FRONT] = 0.04
    peak = []
    bench.run(
        PROFILE.times.clamp_s,
        setpoints(grip_front=(AxisMode.POSITION, 0.0, 0.0, pinch_n)),
        each=lambda: peak.append(bench.mechanics.pinch_n(Axis.GRIP_FRONT)),
    )
    assert bench.mechanics.pinch_n(Axis.GRIP_FRONT) == pytest.approx(pinch_n, rel=0.05)
    assert max(peak) < 1.1 * pinch_n + 10.0


def test_a_pinch_can_be_eased(bench):
    for pinch_n in (400.0, 100.0):
        bench.run(0.5, setpoints(grip_rear=(AxisMode.POSITION, 0.0, 0.0, pinch_n)))
        assert bench.mechanics.pinch_n(Axis.GRIP_REAR) == pytest.approx(pinch_n, rel=0.05)


def test_lifting_takes_the_profiles_time(bench):
    bench.mechanics.position[Axis.GRIP_MIDDLE] = 0.04
    bench.run(PROFILE.times.lift_s + 0.3, setpoints(grip_middle=(AxisMode.POSITION, 0.12, 0.0)))
    assert bench.position(Axis.GRIP_MIDDLE) == pytest.approx(0.12, abs=0.001)


def test_a_grip_that_is_not_driven_stands_whatever_pushes(bench):
    bench.run(0.3, setpoints(grip_front=(AxisMode.POSITION, 0.0, 0.0, 300.0)))
    before = bench.position(Axis.GRIP_FRONT)
    bench.mechanics.load[Axis.GRIP_FRONT] = 500.0
    bench.run(1.0, setpoints())
    assert bench.position(Axis.GRIP_FRONT) == before
    bench.bank.power_off()
    bench.run(1.0)
    assert bench.position(Axis.GRIP_FRONT) == before


# ---------------------------------------------------------------- brakes


def test_hold_brakes_and_then_takes_no_power(bench):
    bench.mechanics.load[0] = -1.0
    bench.run(0.5, setpoints(traction_front=(AxisMode.VELOCITY, 0.0, 0.0)))
    assert bench.bank.effort[0] == pytest.approx(1.0, abs=0.05)
    bench.run(0.02, setpoints())
    assert bench.mechanics.braked[0]
    assert bench.bank.effort[0] != 0.0  # it holds until the brake has fallen in
    bench.run(PROFILE.power.brake_s, setpoints())
    assert bench.bank.effort[0] == 0.0


def test_power_off_brakes_in_one_step(bench):
    bench.run(0.5, setpoints(traction_front=(AxisMode.VELOCITY, 6.0, 0.0)))
    bench.bank.power_off()
    bench.run(0.002)
    assert bench.mechanics.braked.all()


# ---------------------------------------------------------------- watchdog


def test_a_drive_times_out_alone_and_ramps_down_in_its_time(bench):
    bench.bank.set_ramp(500_000)
    bench.run(0.5, setpoints(traction_front=(AxisMode.VELOCITY, 6.0, 0.0)))
    bench.run(0.13)
    assert bench.velocity(0) == pytest.approx(6.0, abs=0.1)
    assert bench.code(0, "fault") == AxisFault.NONE
    bench.run(0.02 + 0.25)
    assert bench.code(0, "fault") == AxisFault.TIMEOUT
    assert bench.velocity(0) == pytest.approx(3.0, abs=0.5)
    bench.run(0.4)
    assert bench.mechanics.braked[0]
    bench.run(0.5, setpoints(traction_front=(AxisMode.VELOCITY, 6.0, 0.0)))
    assert bench.velocity(0) == 0.0  # latched


def test_a_drive_without_watchdog_runs_on(bench):
    bench.bank.watch(Axis.TRACTION_FRONT, False)
    bench.run(0.5, setpoints(traction_front=(AxisMode.VELOCITY, 6.0, 0.0)))
    bench.run(1.0)
    assert bench.velocity(0) == pytest.approx(6.0, abs=0.1)
    assert bench.bank.watchdog_ms() == 0


# ---------------------------------------------------------------- heat and faults


def test_continuous_effort_is_borne_and_full_effort_is_not(bench):
    bench.mechanics.mass[:2] = 1e9
    continuous = PROFILE.drive[0].continuous
    points = setpoints(
        traction_front=(AxisMode.EFFORT, continuous, 0.0), traction_middle=(AxisMode.EFFORT, EFFORTS[1], 0.0)
    )
    limits = []
    bench.run(60.0, points, each=lambda: limits.append(bench.code(1, "limited")))
    assert bench.code(0, "fault") == AxisFault.NONE
    assert limits.index(AxisLimit.TEMPERATURE) > 20 * 500  # first it does less, then it trips
    bench.bank.heat(1, 116.0)
    bench.run(0.02, points)
    assert bench.code(1, "fault") == AxisFault.OVER_TEMPERATURE
    assert bench.bank.effort[1] == 0.0


def test_first_order_heating_has_the_profiles_time_constant(bench):
    bench.mechanics.mass[0] = 1e9
    points = setpoints(traction_front=(AxisMode.EFFORT, PROFILE.drive[0].continuous, 0.0))
    bench.run(PROFILE.drive[0].thermal_s, points)
    rise_c = bench.bank.drives[0]["temperature_c"] - AMBIENT_C
    assert rise_c == pytest.approx(55.0 * (1 - np.exp(-1.0)), rel=0.02)


def test_a_hot_drive_does_not_come_back_by_a_reset_before_it_has_cooled(bench):
    bench.bank.heat(Axis.ROTOR, 120.0)
    bench.run(0.01, setpoints())
    bench.bank.clear_faults()
    assert bench.bank.faulted
    bench.bank.heat(Axis.ROTOR, 60.0)
    bench.bank.clear_faults()
    assert not bench.bank.faulted


def test_a_stuck_encoder_reads_the_same_while_the_drive_pushes_harder(bench):
    points = setpoints(traction_front=(AxisMode.VELOCITY, 3.0, 0.0))
    bench.run(0.5, points)
    bench.bank.stick_encoder(0, True)
    (position, *_), _ = bench.bank.report()
    bench.run(0.2, points)
    (after, velocity, effort), _ = bench.bank.report()
    assert after[0] == position[0]
    assert velocity[0] == 0.0
    assert effort[0] > 5.0


@pytest.mark.parametrize("gain", [-1.0, 1.2])
def test_a_wrong_encoder_goes_on_from_where_it_was(bench, gain):
    points = setpoints(traction_front=(AxisMode.VELOCITY, 3.0, 0.0))
    bench.run(0.5, points)
    (before, *_), _ = bench.bank.report()
    true_before = bench.position(0)
    bench.bank.turn_encoder(0, gain)
    bench.run(0.01, points)
    (after, *_), _ = bench.bank.report()
    assert after[0] - before[0] == pytest.approx(gain * (bench.position(0) - true_before), abs=0.03)


@pytest.mark.parametrize("reading", [np.nan, np.inf, 1e4])
def test_an_encoder_that_says_nonsense_trips_its_drive(bench, reading):
    points = setpoints(traction_front=(AxisMode.VELOCITY, 3.0, 0.0))
    bench.run(0.2, points)
    bench.mechanics.velocity[0] = reading
    bench.bank.step(bench.now_us)
    assert bench.code(0, "fault") == AxisFault.ENCODER
    assert bench.bank.effort[0] == 0.0


def test_a_tripped_drive_pushes_no_more(bench):
    points = setpoints(traction_front=(AxisMode.VELOCITY, 3.0, 0.0))
    bench.run(0.2, points)
    bench.bank.trip(0, AxisFault.OVER_CURRENT)
    bench.run(0.01, points)
    friction = PROFILE.drive[0].friction
    assert abs(bench.bank.effort[0]) <= friction
    assert bench.bank.faulted


def test_a_drive_that_restarts_loses_configuration_and_count(bench):
    digest = config_digest(axis_configs(PROFILE))
    assert bench.bank.digest() == digest
    bench.run(0.5, setpoints(traction_front=(AxisMode.VELOCITY, 3.0, 0.0)))
    bench.bank.reset(0)
    assert bench.bank.digest() != digest
    bench.run(0.002)
    (position, *_), (_, fault, _) = bench.bank.report()
    assert position[0] == pytest.approx(0.0, abs=0.01)
    assert fault[0] == AxisFault.RESET
    bench.bank.clear_faults()
    assert bench.bank.digest() == digest


@pytest.mark.parametrize("load_nm", [25.0, -25.0])
def test_a_drive_that_is_pulled_away_brakes_before_it_is_much_faster(bench, load_nm):
    bench.mechanics.mass[Axis.TRACTION_FRONT] = 1.0
    points = setpoints(traction_front=(AxisMode.VELOCITY, 6.0, 0.0))
    bench.run(0.5, points)
    bench.mechanics.load[Axis.TRACTION_FRONT] = load_nm
    speeds = []
    bench.run(1.5, points, each=lambda: speeds.append(abs(bench.velocity(Axis.TRACTION_FRONT))))
    assert bench.code(0, "fault") == AxisFault.RUNAWAY
    assert max(speeds) < 11.0
    assert bench.mechanics.braked[Axis.TRACTION_FRONT]


def test_a_drive_that_is_pulled_away_while_it_stops_brakes_at_once(bench):
    bench.bank.set_ramp(1_000_000)
    bench.run(0.5, setpoints(traction_front=(AxisMode.VELOCITY, 6.0, 0.0)))
    bench.bank.stop(bench.now_us, 1_000_000)
    bench.run(0.1)
    bench.mechanics.load[Axis.TRACTION_FRONT] = 25.0
    bench.run(0.2)
    assert bench.mechanics.braked[Axis.TRACTION_FRONT]


def test_a_drive_at_the_end_of_its_effort_that_slows_its_axis_down_goes_on(bench):
    bench.mechanics.mass[Axis.TRACTION_FRONT] = 2.0
    bench.run(1.5, setpoints(traction_front=(AxisMode.VELOCITY, 6.0, 0.0)))
    bench.run(1.5, setpoints(traction_front=(AxisMode.VELOCITY, 0.5, 0.0)))
    assert bench.code(0, "fault") == AxisFault.NONE
    assert bench.velocity(0) == pytest.approx(0.5, abs=0.5)


def test_no_effort_leaves_its_limits_whatever_is_asked(bench):
    rng = np.random.default_rng(5)
    largest = np.array(EFFORTS)
    friction = np.array([drive.friction for drive in PROFILE.drive])
    for _ in range(300):
        values = rng.standard_normal((3, len(Axis))) * 10.0 ** rng.integers(-3, 8, (3, len(Axis)))
        values[rng.random((3, len(Axis))) < 0.05] = np.nan
        modes = rng.integers(-1, 6, len(Axis))
        bench.bank.accept(values, modes, int(rng.integers(0, 1024)), bench.now_us, LIFE_US)
        bench.run(0.01)
        assert np.all(np.isfinite(bench.bank.effort))
        assert np.all(np.abs(bench.bank.effort) <= largest + friction)
