"""The plan: what a job takes, and every reason to refuse it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from hil.scenario import Weather
from missions.checks import steepest_rad
from missions.file_errors import InputError
from missions.job import Job, read_job
from missions.plan import Assumptions, plan
from robot.line.line import Line
from robot.line.survey import Survey

CALM = Weather(wind_mps=2.0, gust_mps=3.0)


def job(edit: Any = None, **changes: Any) -> Job:
    """The short line's job with its survey changed: `edit(data)` in place, `changes` at the top level."""
    base = read_job("short-60m")
    data = base.line.survey.model_dump(mode="json", exclude_unset=True) | changes
    if edit is not None:
        edit(data)
    return replace(base, line=Line.build(Survey.model_validate(data)))


def rules(planned: Any) -> set[str]:
    return {refusal.rule for refusal in planned.refusals}


def test_the_reference_job_is_fit() -> None:
    planned = plan(read_job("jiashan-350m"))
    assert planned.refusals == ()
    assert planned.fit
    assert len(planned.crossings) == 8
    assert 340 < planned.cable_m < 370
    assert planned.mass_kg == pytest.approx(39.3, abs=0.05)
    assert 900 < planned.time_s < 1800
    assert planned.crew == {"robot": 5.0, "by_hand": 22.0}
    assert planned.cost["ratio"] == pytest.approx(0.5, abs=0.05)


def test_the_machine_form_has_every_key() -> None:
    first = ["fit", "refusals", "sections", "time_s", "cable_m", "energy_wh", "mass_kg", "crossings"]
    assert list(plan(job()).as_json()) == [*first, "crew", "cost", "assumptions"]


def test_the_lay_takes_more_cable_than_the_line_is_long() -> None:
    fine, coarse = plan(job(pitch_m=0.3)), plan(job(pitch_m=1.0))
    assert coarse.cable_m < fine.cable_m
    radius_m = (0.01507 + 0.004) / 2
    gain = math.hypot(1, 2 * math.pi * radius_m / 0.3) / math.hypot(1, 2 * math.pi * radius_m / 1.0)
    assert fine.cable_m / coarse.cable_m == pytest.approx(gain, rel=0.005)


def test_a_finer_pitch_takes_longer_since_the_rotor_may_not_turn_faster() -> None:
    assert plan(job(pitch_m=0.3)).time_s > 1.4 * plan(job(pitch_m=1.0)).time_s


# ---------------------------------------------------------------- refusals


def test_a_conductor_too_thin_is_refused() -> None:
    assert "conductor_diameter" in rules(plan(job(conductor="LGJ-16/3")))


def test_a_conductor_too_thick_is_refused() -> None:
    line = job(conductor="JKLYJ-10-240")  # the catalogue has none beyond 27 mm, so the robot is a smaller one
    limits = line.profile.limits.model_copy(update={"conductor_diameter_m": (0.008, 0.020)})
    planned = plan(replace(line, profile=line.profile.model_copy(update={"limits": limits})))
    refusal = next(r for r in planned.refusals if r.rule == "conductor_diameter")
    assert refusal.value > refusal.limit == 0.020
    assert "thick" in refusal.text


@pytest.mark.parametrize(("spacing_m", "fit"), [(0.66, False), (0.67, True)])
def test_spacing_below_the_robots_is_refused(spacing_m: float, fit: bool) -> None:
    assert ("phase_spacing" not in rules(plan(job(phase_spacing_m=spacing_m)))) is fit


def test_a_strain_pole_inside_is_refused_and_the_sections_are_listed() -> None:
    planned = plan(job(lambda data: data["pole"][1].update(kind="strain", insulator="strain-10")))
    assert "strain_pole" in rules(planned)
    assert [s["section"] for s in planned.sections] == [1, 2]


def test_a_coil_too_heavy_for_40_kg_is_refused() -> None:
    planned = plan(job(cable="wrap-48f-6.0", cable_loaded_m=380.0))
    refusal = next(r for r in planned.refusals if r.rule == "mass")
    assert refusal.value > refusal.limit == 40.0


def test_too_little_cable_is_refused() -> None:
    assert "cable_short" in rules(plan(job(cable_loaded_m=50.0)))


@pytest.mark.parametrize(("wind_mps", "fit"), [(10.7, True), (10.8, False)])
def test_wind_beyond_beaufort_5_is_refused(wind_mps: float, fit: bool) -> None:
    planned = plan(job(), Weather(wind_mps=wind_mps, gust_mps=wind_mps))
    assert ("wind" not in rules(planned)) is fit


@pytest.mark.parametrize(("humidity_pct", "fit"), [(80.0, True), (81.0, False)])
def test_humidity_over_80_percent_is_refused(humidity_pct: float, fit: bool) -> None:
    planned = plan(job(), Weather(humidity_pct=humidity_pct))
    assert ("humidity" not in rules(planned)) is fit


def steep(data: dict[str, Any]) -> None:
    data["pole"][1]["attachment_height_m"] = 8.0
    data["pole"][2]["attachment_height_m"] = 17.0


def test_a_slope_beyond_grip_is_refused_when_wet_and_not_when_dry() -> None:
    line = job(steep)
    assert "slope" not in rules(plan(line, CALM))
    wet = plan(line, CALM.model_copy(update={"wet": True}))
    assert "slope" in rules(wet)


def test_grip_on_a_slope_is_that_of_the_design() -> None:
    """Wet: 8 degrees without pinch, 27 with two carriages at 400 N, 17 with one."""
    profile = read_job("short-60m").profile
    for clamped, pinch_n, expected_deg in ((3, 0.0, 8.0), (2, 400.0, 27.0), (1, 400.0, 17.0)):
        most_rad = steepest_rad(profile, 39.1, profile.carriages.friction_wet, clamped, pinch_n)
        assert math.degrees(most_rad) == pytest.approx(expected_deg, abs=1.5)


def test_a_kink_too_sharp_is_refused() -> None:
    def peak(data: dict[str, Any]) -> None:
        data["pole"][1]["attachment_height_m"] = 4.5

    assert "kink_vertical" in rules(plan(job(peak), CALM))


def test_an_angle_in_plan_too_sharp_is_refused() -> None:
    def turn(data: dict[str, Any]) -> None:
        data["pole"][1].update(kind="angle", angle_deg=7.5)

    assert "kink_plan" in rules(plan(job(turn)))


def test_a_branch_on_the_line_is_refused_at_its_place() -> None:
    def grow(data: dict[str, Any]) -> None:
        data["feature"] = [{"kind": "branch", "span": 1, "at_m": 12.0}]

    refusal = next(r for r in plan(job(grow)).refusals if r.rule == "crossing")
    assert refusal.at_m == pytest.approx(12.0, abs=0.1)
    assert "branch" in refusal.text


def indicators(*at_m: float, span: int = 2) -> Any:
    """Fault indicators this far from the span's first pole, in place of the line's own."""

    def hang(data: dict[str, Any]) -> None:
        data["feature"] = [{"kind": "fault-indicator", "span": span, "at_m": m} for m in at_m]

    return hang


@pytest.mark.parametrize(
    ("behind_m", "fit"), [(0.5, False), (0.7, False), (1.0, True), (1.5, True), (4.0, True)]
)
def test_too_much_unwrapped_cable_at_a_pole_is_refused_with_place_and_length(
    behind_m: float, fit: bool
) -> None:
    planned = plan(job(indicators(behind_m)))
    assert planned.fit is fit
    if not fit:
        (refusal,) = planned.refusals
        assert refusal.rule == "unwrapped"
        assert refusal.at_m == pytest.approx(28.0 + behind_m / 2, abs=behind_m / 2 + 0.1)
        assert refusal.value > refusal.limit == 1.0
        assert f"{refusal.value:.2f} m would be left unwrapped" in refusal.text


@pytest.mark.parametrize("name", ["jiashan-350m", "short-60m"])
def test_packaged_lines_leave_little_unwrapped(name: str) -> None:
    assert plan(read_job(name)).fit


def test_a_feature_by_the_last_pole_is_not_crossed_and_ends_the_lay() -> None:
    """The robot ends before what it could only cross together with the last pole."""
    whole, early = plan(job(indicators(14.0))), plan(job(indicators(14.0, 30.2)))
    assert [c.features[0].kind for c in early.crossings] == ["pin-10", "fault-indicator"]
    assert whole.cable_m - early.cable_m == pytest.approx(1.8, abs=0.05)
    assert len(plan(job(indicators(14.0, 29.0))).crossings) == 3


def test_a_feature_where_the_robot_is_hung_is_refused_and_not_crossed() -> None:
    planned = plan(job(indicators(1.0, span=1)))
    assert rules(planned) == {"mounting"}
    assert [c.features[0].kind for c in planned.crossings] == ["pin-10"]


@pytest.mark.parametrize(("clearance_m", "fit"), [(9.0, True), (6.6, False)])
def test_ground_clearance_is_judged_with_the_robot_on(clearance_m: float, fit: bool) -> None:
    def road(data: dict[str, Any]) -> None:
        data["span"][1].update(over="road", ground_clearance_m=clearance_m)

    planned = plan(job(road))
    assert ("ground_clearance" not in rules(planned)) is fit


def test_an_energised_line_with_near_crossarms_is_refused() -> None:
    assert "electric_clearance" in rules(plan(job(energised=True)))


def test_the_rule_set_for_coating_robots_forbids_pin_insulators() -> None:
    assert "coating-robot: pin insulator" in rules(plan(job(), rules=("coating-robot",)))
    assert "coating-robot: conductor" in rules(plan(job(conductor="LGJ-50/8"), rules=("coating-robot",)))
    assert plan(job()).fit


def test_every_refusal_says_what_would_be_right() -> None:
    planned = plan(job(conductor="LGJ-25/4", phase_spacing_m=0.5, cable_loaded_m=50.0), CALM)
    assert len(planned.refusals) >= 3
    for refusal in planned.refusals:
        assert "\n" not in refusal.text
        assert str(refusal.limit)


# ---------------------------------------------------------------- assumptions


def test_assumptions_are_shown_and_change_the_cost() -> None:
    base = plan(job())
    dear = plan(job(), assumptions=Assumptions().with_values({"robot_per_h": 480.0}))
    assert dear.assumptions["robot_per_h"] == 480.0
    assert dear.cost["robot"] > base.cost["robot"]
    assert dear.cost["by_hand"] == base.cost["by_hand"]


@pytest.mark.parametrize("values", [{"wage": 3.0}, {"wage_per_h": -1.0}, {"wage_per_h": math.nan}])
def test_an_assumption_that_makes_no_sense_is_refused(values: dict[str, float]) -> None:
    with pytest.raises(InputError, match=r"assumption .?wage"):
        Assumptions().with_values(values)
