"""Contacts of parts with features, the third witness beside planner and referee."""

from __future__ import annotations

import dataclasses
import math

import pytest

from hil.world.truth import TruthState
from robot.line.line import Line
from robot.messages import GRIP, Axis
from tests.hil.world_cases import PROFILE, Bench, make_line, without_times

CARRIAGES, GUIDE = PROFILE.carriages, PROFILE.guide
FRONT_END_M = CARRIAGES.s_m[0] + CARRIAGES.half_length_m


def bare(line: Line, kind: str, at_m: float = 20.0) -> Line:
    """The line with a single feature."""
    return dataclasses.replace(line, features=(line.feature(kind, at_m),))


def open_all(bench: Bench) -> Bench:
    """Parked slot down, guide away, all carriages open but held by none: only for looking at what touches."""
    for axis in GRIP:
        bench.world.position[axis] = CARRIAGES.open_m
    bench.world.position[Axis.GUIDE] = GUIDE.retracted_m
    bench.world.bodies.qpos[2] = PROFILE.park_rotor_rad
    return bench


def first_touch(bench: Bench, speed_mps: float = 0.1, seconds: float = 20.0) -> TruthState | None:
    bench.drive(speed_mps)
    bench.pull(0.0)
    for _ in range(round(seconds / 0.01)):
        truth = bench.run(0.01).world.truth()
        if truth.contacts:
            return truth
    return None


@pytest.mark.parametrize("kind", ["pin-10", "line-post-10", "splice", "fault-indicator"])
def test_a_clamped_front_roller_touches_where_the_feature_begins(kind: str) -> None:
    line = bare(make_line(), kind)
    begin_m = 20.0 + min(s.s_m[0] for s in line.features[0].shapes)
    truth = first_touch(Bench(line=line, start_s_m=begin_m - FRONT_END_M - 0.1).clamp(100.0))
    assert truth is not None
    assert truth.contacts[0].part == "front roller"
    assert truth.contacts[0].feature == kind
    assert truth.s_m + FRONT_END_M == pytest.approx(begin_m, abs=0.003)


def test_a_feature_moved_by_20_mm_is_met_20_mm_later() -> None:
    places = []
    for at_m in (20.0, 20.020):
        bench = Bench(line=bare(make_line(), "pin-10", at_m), start_s_m=20.0 - FRONT_END_M - 0.3).clamp(100.0)
        truth = first_touch(bench)
        assert truth is not None
        places.append(truth.s_m)
    assert places[1] - places[0] == pytest.approx(0.020, abs=0.002)


def test_an_obstacle_stops_the_robot_and_loads_its_wheels() -> None:
    bench = Bench(line=bare(make_line(), "pin-10"), start_s_m=20.0 - FRONT_END_M - 0.3).clamp(400.0)
    free_nm = sum(bench.drive(0.1).pull(0.0).run(0.5).effort[:3])
    stopped = bench.run(4.0).world.truth()
    assert stopped.s_m + FRONT_END_M < 20.0 - 0.18
    assert abs(stopped.speed_mps) < 1e-3
    assert sum(bench.effort[:3]) > free_nm + 3.0


def test_geometry_that_a_feature_does_not_need_touches_nothing() -> None:
    """A bird deterrent is one box and hangs clear of the robot; an insulator elsewhere has the pool hold more."""
    line = make_line()
    features = line.feature("line-post-10", 10.0), line.feature("bird-deterrent", 20.0)
    bench = Bench(line=dataclasses.replace(line, features=features), start_s_m=18.8).clamp(100.0)
    assert first_touch(bench, speed_mps=0.4, seconds=6.0) is None
    assert bench.world.truth().s_m > 20.5


@pytest.mark.parametrize("kind", ["pin-10", "line-post-10-double", "splice", "bird-deterrent"])
@pytest.mark.parametrize("degrees", [-2.0, 0.0, 2.0])
def test_open_carriages_and_a_parked_rotor_pass_without_touching(kind: str, degrees: float) -> None:
    """An open carriage, the slot and the pods leave room, with 2 degrees of roll as well."""
    bench = open_all(Bench(line=bare(make_line(), kind), start_s_m=20.0 - 1.3))
    bench.drive(0.3).pull(0.0)
    for _ in range(1000):
        bench.world.bodies.qpos[1] = math.radians(degrees)
        assert bench.run(0.01).world.truth().contacts == ()
        if bench.world.truth().s_m > 20.0 + 1.6:
            return
    pytest.fail("the robot did not get past the feature")


@pytest.mark.parametrize(
    ("kind", "part"), [("bird-deterrent-low", "pod"), ("spacer", "arm"), ("spiral-diverter", "wheel")]
)
def test_what_the_design_calls_impassable_is_touched(kind: str, part: str) -> None:
    truth = first_touch(open_all(Bench(line=bare(make_line(), kind), start_s_m=20.0 - 1.3)), 0.3)
    assert truth is not None
    assert any(part in c.part for c in truth.contacts)


def test_an_indicators_sleeve_is_too_thick_to_ride_over_but_a_lifted_wheel_clears_it() -> None:
    line = bare(make_line(), "fault-indicator")
    begin_m = 20.0 - 0.04
    riding = open_all(Bench(line=line, start_s_m=begin_m - FRONT_END_M - 0.1))
    truth = first_touch(riding)
    assert truth is not None
    assert truth.contacts[0].part == "front wheel"
    assert truth.s_m + FRONT_END_M == pytest.approx(begin_m, abs=0.003)
    lifted = open_all(Bench(line=line, start_s_m=begin_m - FRONT_END_M - 0.1))
    lifted.grip(0, CARRIAGES.lifted_m)
    assert first_touch(lifted, seconds=2.5) is None


def test_a_rotor_with_its_cradle_down_hits_the_insulator() -> None:
    bench = open_all(Bench(line=bare(make_line(), "pin-10"), start_s_m=20.0 + 0.3))
    bench.world.bodies.qpos[2] = math.pi
    truth = first_touch(bench, 0.1)
    assert truth is not None
    assert {c.part for c in truth.contacts} & {"ring", "cradle", "trim"}
    assert truth.s_m + PROFILE.rotor.s_m + PROFILE.rotor.width_m / 2 == pytest.approx(20.0 - 0.06, abs=0.005)


def test_a_guide_left_out_hits_the_tie() -> None:
    bench = open_all(Bench(line=bare(make_line(), "pin-10"), start_s_m=20.0 + 0.5))
    bench.world.position[Axis.GUIDE] = GUIDE.out_m
    truth = first_touch(bench, 0.1)
    assert truth is not None
    assert truth.contacts[0].part == "guide"
    assert truth.s_m + GUIDE.s_m[1] == pytest.approx(20.0 - 0.20, abs=0.003)


def test_on_the_bent_conductor_of_a_pole_the_stiff_body_sags() -> None:
    bench = Bench(degrees=None)
    pole_m = next(f.at_m for f in bench.world.true_features if f.pole)
    on_pole = open_all(Bench(degrees=None, start_s_m=pole_m)).run(0.05).world.truth()
    before = open_all(Bench(degrees=None, start_s_m=pole_m - 8.0)).run(0.05).world.truth()
    assert 0.02 < on_pole.pod_sag_m < 0.08
    assert before.pod_sag_m == 0.0


def test_geometry_near_the_robot_does_not_grow_with_the_line() -> None:
    few, many = (Bench(line=make_line(name)).world.bodies.model for name in ("short-60m", "jiashan-350m"))
    assert many.ngeom - few.ngeom <= 20
    assert many.nv == few.nv == 3


def test_with_and_without_geometry_the_bodies_move_alike_to_the_last_bit() -> None:
    moved = []
    for near in (False, True):
        bench = open_all(Bench(start_s_m=8.0)).drive(0.3).run(0.01)
        bench.rotor_rps = 2.0
        bench.world.bodies.among_features(near)
        moved.append(without_times(bench.run(0.5).world.truth()))
        assert len(bench.world.bodies.data.geom_xpos) == (bench.world.bodies.model.ngeom if near else 0)
    assert moved[0] == moved[1]
