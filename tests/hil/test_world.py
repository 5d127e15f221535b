"""The world as a whole: repeatable from its seed, true to the survey's errors, fit for a board."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from pydantic import ValidationError

from hil.scenario import Scenario
from hil.world.world import World
from robot.messages import Axis
from tests.hil.world_cases import DT_S, PROFILE, Bench, make_line, make_scenario

WORLD = Scenario(line="x", survey_error_m=0.2)


def history(seed: int, steps: int = 1500) -> list:
    world = World(PROFILE, make_line(), WORLD, seed)
    world.braked[:] = False
    pushes = np.random.default_rng(7)
    records = []
    for n in range(steps):
        world.step(DT_S, pushes.normal(0.0, 1.0, len(Axis)))
        if n % 5 == 0:
            records.append((world.sensors(), world.camera(n * 2_000_000), world.truth()))
    return records


def test_two_worlds_of_one_seed_are_equal_bit_for_bit() -> None:
    assert repr(history(3)) == repr(history(3))


def test_two_seeds_are_two_worlds() -> None:
    one, other = (World(PROFILE, make_line(), WORLD, seed) for seed in (3, 4))
    assert one.true_features != other.true_features
    assert one.conductor_diameter_m != other.conductor_diameter_m
    assert one.truth().coil_kg != other.truth().coil_kg


def test_reading_does_not_change_what_happens() -> None:
    quiet, watched = (World(PROFILE, make_line(), WORLD, 3) for _ in range(2))
    effort = np.zeros(len(Axis))
    for n in range(500):
        quiet.step(DT_S, effort)
        watched.step(DT_S, effort)
        watched.truth()
        watched.sensors()
        watched.camera(n * 2_000_000)
    assert quiet.truth() == watched.truth()


def test_features_stand_away_from_the_survey_by_its_error() -> None:
    line = make_line("jiashan-350m")
    scenario = make_scenario(survey_error_m=0.2)
    shifts = [
        true.at_m - surveyed.at_m
        for seed in range(40)
        for true, surveyed in zip(
            World(PROFILE, line, scenario, seed).true_features, line.features, strict=True
        )
    ]
    assert np.std(shifts) == pytest.approx(0.2, rel=0.15)
    assert np.mean(shifts) == pytest.approx(0.0, abs=0.03)


def test_a_bad_survey_keeps_features_in_order_and_apart() -> None:
    line = make_line("jiashan-350m")
    for seed in range(40):
        features = World(PROFILE, line, make_scenario(survey_error_m=3.0), seed).true_features
        assert [f.kind for f in features] == [f.kind for f in line.features]
        gaps = zip(np.diff([f.at_m for f in features]), np.diff([f.at_m for f in line.features]), strict=True)
        assert all(true >= min(surveyed, 3.0) - 1e-9 for true, surveyed in gaps)


def test_what_hangs_at_a_pole_moves_with_it() -> None:
    line = make_line("jiashan-350m")
    places = {f.at_m: f.kind for f in line.features}
    assert len(places) < len(line.features), "the packaged line has a bird deterrent at a pole"
    features = World(PROFILE, line, make_scenario(survey_error_m=1.0), 5).true_features
    deterrents = [f.at_m for f in features if f.kind == "bird-deterrent"]
    poles = [f.at_m for f in features if f.pole]
    assert all(min(abs(d - p) for p in poles) < 1e-9 for d in deterrents)


def test_a_surprise_is_where_the_scenario_puts_it() -> None:
    line = make_line()
    scenario = make_scenario(surprise=[{"kind": "branch", "span": 1, "at_m": 9.0}])
    branch = next(f for f in World(PROFILE, line, scenario, 1).true_features if f.kind == "branch")
    assert branch.at_m == pytest.approx(line.chainage_m(1, 9.0))
    assert not branch.crossable


def test_what_the_survey_has_wrong_is_otherwise_in_the_world() -> None:
    line = make_line()
    mistakes = [
        {"kind": "pin-10", "span": 2, "at_m": 0.0, "really": "line-post-10", "shift_m": 1.5},
        {"kind": "fault-indicator", "span": 2, "at_m": 14.0, "really": "nothing"},
    ]
    (pole,) = World(PROFILE, line, make_scenario(mistake=mistakes), 1).true_features
    assert (pole.kind, pole.pole) == ("line-post-10", "T2")
    assert pole.at_m == pytest.approx(line.poles[1].chainage_m + 1.5)


def test_the_robot_is_mounted_so_that_the_lay_can_begin_behind_the_first_pole() -> None:
    truth = Bench(degrees=None).run(1.0).world.truth()
    assert 2.5 <= truth.lay_s_m < 2.6
    assert truth.held
    assert truth.contacts == ()
    assert abs(truth.roll_rad) < math.radians(0.5)


def test_slope_is_that_of_the_loaded_line_with_its_poles_at_their_true_places() -> None:
    exact, shifted = (
        World(PROFILE, make_line(), make_scenario(survey_error_m=error), 2) for error in (0.0, 1.0)
    )
    pole, moved = (next(f.at_m for f in w.true_features if f.pole) for w in (exact, shifted))
    assert abs(pole - moved) > 0.1
    effort = np.zeros(len(Axis))
    slopes = []
    for at_m in (pole, moved):
        error = 0.0 if at_m == pole else 1.0
        world = World(PROFILE, make_line(), make_scenario(survey_error_m=error), 2, start_s_m=at_m - 0.4)
        world.step(DT_S, effort)
        slopes.append(world.truth().slope_rad)
    assert slopes[0] == pytest.approx(slopes[1], abs=0.01)


def test_energy_of_climbing_is_taken_from_the_battery() -> None:
    bench = Bench(degrees=10.0).clamp(100.0).pull(0.0).drive(0.3).run(2.0)
    before = bench.world.truth()
    after = bench.run(10.0).world.truth()
    lifted_j = bench.mass_kg * 9.80665 * math.sin(math.radians(10.0)) * (after.s_m - before.s_m)
    spent_j = (after.energy_wh - before.energy_wh) * 3600 - PROFILE.power.idle_w * 10.0
    assert lifted_j / PROFILE.power.efficiency < spent_j < 1.5 * lifted_j / PROFILE.power.efficiency


# ---------------------------------------------------------------- scenario


def refused(**changes: object) -> str:
    with pytest.raises(ValidationError) as caught:
        Scenario.model_validate({"line": "x", **changes})
    return str(caught.value)


def test_scenarios_are_refused_with_what_would_be_right() -> None:
    assert "nearest: imu" in refused(fault=[{"kind": "stuck", "target": "imv", "at_s": 1.0}])
    assert "it can be" in refused(fault=[{"kind": "over_temperature", "target": "imu", "at_s": 1.0}])
    assert "at_s or at_m" in refused(fault=[{"kind": "off", "target": "imu"}])
    assert "leave out its target" in refused(fault=[{"kind": "slip", "target": "imu", "at_s": 1.0}])
    assert "below wind_mps" in refused(weather={"wind_mps": 5.0, "gust_mps": 3.0})
    assert "Extra inputs" in refused(wether={})
    assert "finite" in refused(survey_error_m=math.nan)


def test_every_fault_acts_in_one_place_only() -> None:
    faults = [
        {"kind": "stuck", "target": "imu", "at_s": 1.0},
        {"kind": "snag", "at_s": 1.0},
        {"kind": "reset", "target": "rotor.drive", "at_s": 1.0},
        {"kind": "disconnect", "target": "link", "at_s": 1.0},
        {"kind": "slow", "target": "loop", "at_s": 1.0},
    ]
    scenario = Scenario.model_validate({"line": "x", "fault": faults})
    parts = (*scenario.sensor_faults, *scenario.plant_faults, *scenario.wire_faults)
    assert sorted(f.kind for f in parts) == sorted(f["kind"] for f in faults)


def test_truth_is_a_plain_record() -> None:
    values = dataclasses.asdict(Bench().run(0.01).world.truth())
    assert all(isinstance(v, (float, bool, tuple)) for v in values.values())
