"""What the board's sensors and the cameras report, with and without faults."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hil.scenario import SENSOR_TARGETS, Spread
from robot.line.features import Feature
from robot.messages import Axis, GuideSwitch
from tests.hil.world_cases import EXACT, PROFILE, Bench, G, make_line

NOISY = Spread(odometer_scale=0.0, wheel_scale=0.0, conductor_diameter_m=0.0, friction=0.0, cable_mass=0.0)


def readings(bench: Bench, count: int = 400) -> list:
    return [bench.run(0.01).world.sensors() for _ in range(count)]


def test_exact_sensors_tell_the_truth() -> None:
    bench = Bench().clamp(150.0).drive(0.3).run(5.0)
    truth, raw = bench.world.truth(), bench.world.sensors()
    start_m = Bench().world.truth().s_m
    assert raw.odometer_m == pytest.approx(truth.s_m - start_m, abs=1e-4)
    assert raw.pinch_n == pytest.approx(truth.pinch_n)
    assert raw.wheel_load_n == pytest.approx(truth.wheel_load_n)
    assert raw.rotor_abs_rad == pytest.approx(truth.rotor_rad % (2 * math.pi))
    assert raw.battery_used_wh == pytest.approx(truth.energy_wh)
    assert raw.estop_closed


def test_the_imu_at_rest_feels_gravity_against_the_slope() -> None:
    """x forward, y left, z up; level: (0, 0, +g). Uphill shows in x."""
    slope = math.radians(10.0)
    raw = Bench(degrees=10.0).clamp(400.0).run(3.0).world.sensors()
    assert raw.accel_mps2 == pytest.approx((G * math.sin(slope), 0.0, G * math.cos(slope)), abs=0.02)


def test_a_body_rolled_clockwise_feels_gravity_from_its_left() -> None:
    bench = Bench(weather={"wind_mps": 9.0, "gust_mps": 9.0}).clamp(0.0).drive(0.5).run(20.0)
    rolls = [
        (bench.run(0.01).world.truth().roll_rad, bench.world.sensors().accel_mps2[1]) for _ in range(300)
    ]
    roll, left = np.mean(rolls, axis=0)
    assert abs(roll) > 0.03
    assert left == pytest.approx(G * math.sin(roll), rel=0.1)


def test_the_gyro_integrates_to_the_change_of_roll_and_slope() -> None:
    bench = Bench(degrees=None, weather={"wind_mps": 6.0, "gust_mps": 9.0}).clamp(0.0).drive(0.5).run(1.0)
    before = bench.world.truth()
    raws = readings(bench, 500)
    after = bench.world.truth()
    turned = np.sum([r.gyro_rps for r in raws], axis=0) * 0.01
    assert turned[0] == pytest.approx(after.roll_rad - before.roll_rad, abs=0.005)
    assert turned[1] == pytest.approx(-(after.slope_rad - before.slope_rad), abs=0.002)


@pytest.mark.parametrize(
    ("read", "sigma"),
    [
        (lambda r: r.pinch_n[1], 3.0),
        (lambda r: r.wheel_load_n[1], 3.0),
        (lambda r: r.cable_tension_n, 0.15),
        (lambda r: r.accel_mps2[2], 0.05),
        (lambda r: r.gyro_rps[0], 0.002),
    ],
)
def test_noise_is_as_wide_as_stated(read, sigma: float) -> None:  # type: ignore[no-untyped-def]
    bench = Bench(world=NOISY).clamp(150.0).run(2.0)
    assert np.std([read(r) for r in readings(bench)]) == pytest.approx(sigma, rel=0.2)


def test_odometer_and_wheels_err_by_their_scales() -> None:
    errors = []
    for seed in range(12):
        bench = Bench(world=EXACT.model_copy(update={"odometer_scale": 0.003}), seed=seed)
        start_m = bench.world.truth().s_m
        bench.clamp(50.0).drive(0.5).run(2.0)
        errors.append(bench.world.sensors().odometer_m / (bench.world.truth().s_m - start_m) - 1.0)
    assert 0.0015 < np.std(errors) < 0.005


@pytest.mark.parametrize(
    ("place", "switch"),
    [("out", GuideSwitch.OUT), ("between", GuideSwitch.BETWEEN), ("in", GuideSwitch.RETRACTED)],
)
def test_the_guide_switch_closes_at_its_places_only(place: str, switch: GuideSwitch) -> None:
    bench = Bench()
    out_m = PROFILE.guide.out_radius_m(bench.world.conductor_diameter_m)
    bench.world.position[Axis.GUIDE] = {"out": out_m, "between": 0.03, "in": PROFILE.guide.retracted_m}[place]
    assert bench.run(0.01).world.sensors().guide_switch == switch


def test_idle_power_is_drawn_from_the_battery() -> None:
    bench = Bench().run(36.0)
    raw = bench.world.sensors()
    assert raw.battery_used_wh == pytest.approx(PROFILE.power.idle_w * 36.0 / 3600.0, rel=1e-6)
    assert raw.battery_v * raw.battery_a == pytest.approx(PROFILE.power.idle_w, rel=0.01)


# ---------------------------------------------------------------- faults


def value_of(bench: Bench, target: str) -> tuple[float, ...]:
    raw = bench.world.sensors()
    if target.endswith(".encoder"):
        axis = Axis[target.removesuffix(".encoder").upper()]
        return (float(bench.world.position[axis]), float(bench.world.velocity[axis]))
    carriage = (
        ("front", "middle", "rear").index(target.split(".")[0].removeprefix("grip_")) if "." in target else 0
    )
    return {
        "imu": raw.accel_mps2 + raw.gyro_rps,
        "cable_tension": (raw.cable_tension_n,),
        "dancer": (raw.dancer_m,),
        "odometer": (raw.odometer_m,),
        "rotor_abs": (raw.rotor_abs_rad,),
        "guide_switch": (float(raw.guide_switch),),
        "battery": (raw.battery_v, raw.battery_a),
        "estop": (float(raw.estop_closed),),
        "pinch": (raw.pinch_n[carriage],),
        "load": (raw.wheel_load_n[carriage],),
    }[target.split(".")[-1]]


def moving(**changes: object) -> Bench:
    bench = Bench(world=NOISY, **changes).clamp(150.0).pull(10.0).drive(0.2).turn(1.0)
    return bench.run(1.0)


@pytest.mark.parametrize("target", [t for t in SENSOR_TARGETS if t != "camera"])
def test_a_dead_sensor_shows_it_and_comes_back(target: str) -> None:
    fault = {"kind": "off", "target": target, "at_s": 1.2, "for_s": 0.3}
    bench, healthy = moving(fault=[fault]), moving()
    assert np.isfinite(value_of(bench, target)).all()
    dead = value_of(bench.run(0.3), target)
    assert np.isnan(dead).all() or not np.any(dead)
    bench.run(0.3)
    healthy.run(0.6)
    if not target.startswith(("traction", "rotor.")):  # the test's own speed loop has run on these
        assert value_of(bench, target) == pytest.approx(value_of(healthy, target), abs=30.0)


@pytest.mark.parametrize("kind", ["stuck", "garbage", "wrong", "slow", "delayed", "intermittent"])
def test_every_kind_of_fault_shows_in_the_odometer(kind: str) -> None:
    bench = moving(
        fault=[{"kind": kind, "target": "odometer", "at_s": 1.0, "value": 2.0 if kind == "wrong" else None}]
    )
    healthy = moving()
    differs = []
    for _ in range(60):
        shown = value_of(bench.run(0.01), "odometer")[0]
        true = value_of(healthy.run(0.01), "odometer")[0]
        differs.append(math.isnan(shown) or abs(shown - true) > 0.005)
    assert any(differs)
    if kind in ("stuck", "garbage", "wrong", "slow", "delayed"):
        assert differs[-1]
    else:
        assert not all(differs[10:])


def test_a_stuck_encoder_stands_while_the_wheel_turns_and_nothing_else_changes() -> None:
    bench = moving(fault=[{"kind": "stuck", "target": "traction_front.encoder", "at_s": 1.0}])
    stood = bench.run(0.02).world.position[Axis.TRACTION_FRONT]
    others = bench.world.position[Axis.TRACTION_REAR]
    bench.run(0.5)
    assert bench.world.position[Axis.TRACTION_FRONT] == stood
    assert bench.world.velocity[Axis.TRACTION_FRONT] == 0.0
    assert bench.world.position[Axis.TRACTION_REAR] > others + 1.0


def test_a_fault_at_a_chainage_begins_there() -> None:
    start_m = Bench().world.truth().s_m
    bench = (
        Bench(fault=[{"kind": "off", "target": "odometer", "at_m": start_m + 0.5}]).clamp(100.0).drive(0.5)
    )
    seen = []
    for _ in range(300):
        bench.run(0.01)
        seen.append((bench.world.truth().s_m - start_m, math.isnan(bench.world.sensors().odometer_m)))
    assert all(dead == (s_m > 0.5) for s_m, dead in seen if abs(s_m - 0.5) > 0.02)


@pytest.mark.parametrize("kind", ["slip", "drag", "contact"])
def test_plant_faults_slow_the_robot_or_load_its_wheels(kind: str) -> None:
    bench = Bench(degrees=3.0, fault=[{"kind": kind, "at_s": 4.0}]).clamp(0.0).pull(0.0).drive(0.2).run(3.9)
    before_nm, before = sum(bench.effort[:3]), bench.world.truth().speed_mps
    bench.run(1.0)
    after_nm, after = sum(bench.effort[:3]), bench.world.truth().speed_mps
    assert after < 0.8 * before or after_nm > before_nm + 2.0


def test_a_jammed_rotor_stands_against_its_drive_and_a_tilted_conductor_shows_in_the_imu() -> None:
    bench = Bench(fault=[{"kind": "jam", "at_s": 1.0}, {"kind": "tilt", "at_s": 1.0, "value": 15.0}])
    bench.clamp(200.0).turn(1.0).run(2.5)
    assert abs(bench.world.truth().rotor_rate_rps) < 1e-3
    slope = math.radians(15.0)
    assert bench.world.truth().slope_rad == pytest.approx(slope)
    assert bench.world.sensors().accel_mps2[0] == pytest.approx(G * math.sin(slope), abs=0.05)


# ---------------------------------------------------------------- camera


def pictures(bench: Bench, seconds: float) -> list:
    frames = []
    for _ in range(round(seconds / 0.01)):
        frame = bench.world.camera(round(bench.run(0.01).world.t_s * 1e9))
        if frame is not None:
            frames.append((frame, bench.world.truth().s_m))
    return frames


def pole_of(bench: Bench) -> Feature:
    return next(f for f in bench.world.true_features if f.pole)


def facing_a_pole(distance_m: float, **changes: object) -> Bench:
    at_m = pole_of(Bench(**changes)).at_m
    return Bench(start_s_m=at_m - PROFILE.camera.forward_s_m - distance_m, **changes)


def test_the_camera_takes_15_pictures_a_second_and_counts_them() -> None:
    frames = [f for f, _ in pictures(Bench(), 4.0)]
    assert len(frames) == 60
    assert [f.counter for f in frames] == list(range(1, 61))
    assert len({f.content for f in frames}) == 60


def test_an_exact_camera_sees_the_pole_where_it_is() -> None:
    bench = facing_a_pole(4.0)
    frame, _ = pictures(bench, 0.1)[-1]
    seen = [d for d in frame.detections if d.kind == pole_of(bench).kind]
    assert seen[0].range_m == pytest.approx(4.0, abs=1e-4)
    assert seen[0].sigma_m == pytest.approx(0.02 * 4.0 + 0.010)


def test_range_noise_misses_and_wrong_classes_are_as_stated() -> None:
    bench = facing_a_pole(4.0, world=Spread(odometer_scale=0.0), line=make_line("short-60m"))
    frames = [f for f, _ in pictures(bench, 120.0)]
    kind = pole_of(bench).kind
    ranges = [d.range_m for f in frames for d in f.detections if abs(d.range_m - 4.0) < 0.6]
    right = [d for f in frames for d in f.detections if abs(d.range_m - 4.0) < 0.6 and d.kind == kind]
    false = [d for f in frames for d in f.detections if 0.8 < abs(d.range_m - 4.0) < 3.2]
    assert np.std(ranges) == pytest.approx(0.09, rel=0.06)
    assert np.mean(ranges) == pytest.approx(4.0, abs=0.01)
    assert len(ranges) / len(frames) == pytest.approx(0.97, abs=0.012)
    assert len(right) / len(ranges) == pytest.approx(0.98, abs=0.01)
    assert 0.0 < len(false) / len(frames) < 0.02


def test_what_is_behind_or_beyond_its_reach_is_not_seen() -> None:
    far = facing_a_pole(PROFILE.camera.forward_range_m + 0.5)
    assert all(
        d.range_m < PROFILE.camera.forward_range_m for f, _ in pictures(far, 0.5) for d in f.detections
    )
    past = facing_a_pole(-0.3)
    assert all(d.range_m > 0.0 for f, _ in pictures(past, 0.5) for d in f.detections)


@pytest.mark.parametrize(
    ("kind", "pictures_in_2_s"), [("off", 0), ("stuck", 30), ("slow", 3), ("intermittent", 15)]
)
def test_a_broken_camera_delivers_what_its_fault_says(kind: str, pictures_in_2_s: int) -> None:
    bench = facing_a_pole(4.0, fault=[{"kind": kind, "target": "camera", "at_s": 1.0}])
    healthy = pictures(bench, 1.05)
    broken = [f for f, _ in pictures(bench, 2.0)]
    assert len(broken) == pytest.approx(pictures_in_2_s, abs=1)
    if kind == "stuck":
        assert {f.content for f in broken} == {healthy[-1][0].content}
        assert {f.counter for f in broken} == {healthy[-1][0].counter}


def test_garbage_pictures_have_low_confidence() -> None:
    bench = facing_a_pole(4.0, fault=[{"kind": "garbage", "target": "camera", "at_s": 0.0}])
    assert all(f.confidence < 0.3 for f, _ in pictures(bench, 1.0))


def test_delayed_pictures_carry_the_time_when_they_were_taken() -> None:
    bench = facing_a_pole(4.0, fault=[{"kind": "delayed", "target": "camera", "at_s": 0.0, "value": 0.3}])
    pictures(bench, 1.0)
    now_ns = round(bench.world.t_s * 1e9)
    frame = next(f for f, _ in pictures(bench, 0.2))
    assert 0.25e9 < now_ns + 0.2e9 - frame.t_ns < 0.6e9
