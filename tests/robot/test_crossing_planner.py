"""The planner crosses what can be crossed, in the time the design gives, and says why where it cannot."""

from __future__ import annotations

import dataclasses
import itertools
import math

import pytest
from crossing_cases import (
    CLAMPED,
    DESIGN,
    DIAMETER_M,
    LIFTED,
    OPEN,
    PROFILE,
    answer,
    blocked,
    feature,
    planned,
    seconds_over,
)

from robot.crossing import planner
from robot.crossing.planner import group_features, plan_crossing
from robot.crossing.stance import HOME, Blocked, Context, CrossingPlan, Expect, Stance, StepKind, supports
from robot.line.features import Box, Feature, Sleeve
from robot.parameters import Parameters, with_values

ROBUST = Context(kink_rad=math.radians(10))  # defaults: with position uncertainty and risks
SINGLE = ("pin-10", "line-post-10", "pin-10-double", "line-post-10-double")
CROSSABLE = (*SINGLE, "fault-indicator", "splice", "pg-clamp", "spiral-diverter", "bird-deterrent")


# ---------------------------------------------------------------- figures of the design


@pytest.mark.parametrize("kind", SINGLE)
def test_a_pin_or_post_single_or_double_takes_34_s_for_2_8_m(kind: str) -> None:
    assert seconds_over(planned((kind, 0.0)), 2.8) == pytest.approx(34.0, abs=0.5)


def test_an_indicator_takes_40_s_for_2_8_m() -> None:
    assert seconds_over(planned(("fault-indicator", 0.0)), 2.8) == pytest.approx(40.0, abs=0.5)


@pytest.mark.parametrize(
    ("apart_m", "seconds"), [(0.3, 47.0), (0.5, 48.0), (0.9, 53.0), (1.5, 57.0), (3.0, 67.0)]
)
def test_a_pin_with_an_indicator_takes_47_to_67_s(apart_m: float, seconds: float) -> None:
    plan = planned(("pin-10", 0.0), ("fault-indicator", apart_m))
    assert seconds_over(plan, 2.8 + apart_m) == pytest.approx(seconds, abs=0.6)


def test_two_pins_2_m_apart_take_52_s() -> None:
    assert seconds_over(planned(("pin-10", 0.0), ("pin-10", 2.0)), 4.8) == pytest.approx(52.0, abs=0.5)


def test_the_time_with_guide_and_all_confirmations_is_within_10_percent() -> None:
    plan = planned(("pin-10", 0.0))
    over_2_8_m = plan.duration_s + (2.8 - (plan.to_m - plan.from_m)) / PROFILE.times.crossing_speed_mps
    assert 34.0 < over_2_8_m < 1.1 * 34.0


# ---------------------------------------------------------------- what can be crossed


@pytest.mark.parametrize("slope_deg", [0.0, 15.0, -15.0])
@pytest.mark.parametrize("diameter_m", [0.008, 0.01507, 0.027])
@pytest.mark.parametrize("kind", CROSSABLE)
def test_the_catalogue_is_crossed_on_every_conductor_and_slope(
    kind: str, diameter_m: float, slope_deg: float
) -> None:
    context = dataclasses.replace(ROBUST, slope_rad=math.radians(slope_deg))
    if (
        kind == "spiral-diverter" and diameter_m > 0.020
    ):  # its sleeve is thicker than the folded arms leave room for
        assert "roller arm" in blocked((kind, 0.0), diameter_m=diameter_m, context=context).reason
    else:
        check_rules(planned((kind, 0.0), diameter_m=diameter_m, context=context))


@pytest.mark.parametrize("apart_m", [0.3, 0.5, 0.9, 1.5, 3.0])
def test_a_pole_with_an_indicator_behind_it_is_crossed(apart_m: float) -> None:
    plan = planned(("pin-10", 100.0), ("fault-indicator", 100.0 + apart_m), context=ROBUST)
    check_rules(plan)
    assert plan.from_m > 98.5
    assert plan.to_m < 101.8 + apart_m


@pytest.mark.parametrize("apart_m", [0.3, 0.5, 0.9])
def test_with_an_indicator_before_the_pole_the_front_must_hang_alone_and_that_is_asked_for(
    apart_m: float,
) -> None:
    """The rear is lifted over the indicator while the middle is open over the ties."""
    places = ("fault-indicator", 100.0), ("pin-10", 100.0 + apart_m)
    found = blocked(*places)
    assert found.rule == "support"
    assert "no clamped carriage would be loaded" in found.reason
    plan = planned(*places, context=dataclasses.replace(ROBUST, hanging_is_loaded=True))
    check_rules(plan)
    assert any(s.stance.carriages == (CLAMPED, OPEN, LIFTED) for s in plan.steps)


def test_with_an_indicator_3_m_before_the_pole_nothing_special_is_needed() -> None:
    check_rules(planned(("fault-indicator", 100.0), ("pin-10", 103.0), context=ROBUST))


def test_an_indicator_1_5_m_before_a_pin_is_refused_for_the_rear_is_lifted_with_the_front_in_the_ties() -> (
    None
):
    found = blocked(("fault-indicator", 100.0), ("pin-10", 101.5))
    assert found.rule == "support"
    assert len(found.features) == 2
    assert "front must be open or lifted: front wheel meets pin-10" in found.reason
    assert "rear must be lifted: rear wheel meets fault-indicator" in found.reason


def test_where_the_whole_margin_leaves_no_way_a_tighter_one_is_taken_and_named() -> None:
    assert planned(("pin-10", 0.0), context=ROBUST).margin_m == pytest.approx(0.040)
    tight = planned(("line-post-10-double", 0.0), ("fault-indicator", 1.2), context=ROBUST)
    assert tight.margin_m == pytest.approx(ROBUST.clearance_m)


@pytest.mark.parametrize("kind", ["line-post-10", "line-post-10-double"])
def test_a_line_post_is_crossed_at_a_kink_of_12_degrees(kind: str) -> None:
    check_rules(planned((kind, 0.0), context=dataclasses.replace(ROBUST, kink_rad=math.radians(12))))


@pytest.mark.parametrize("kind", ["pin-10", "line-post-10"])
def test_an_angle_pole_of_7_degrees_is_crossed(kind: str) -> None:
    check_rules(planned((kind, 0.0), context=dataclasses.replace(ROBUST, angle_rad=math.radians(7))))


def test_a_bird_deterrent_beside_the_orbit_asks_for_nothing_but_slow_passage() -> None:
    plan = planned(("bird-deterrent", 0.0))
    assert plan.steps == ()
    assert plan.speed_mps == PROFILE.times.crossing_speed_mps
    assert plan.from_m < -0.7
    assert plan.to_m > 1.1
    assert plan.clearance_m == pytest.approx(
        0.0315, abs=0.002
    )  # pod at 0.27 m, rolled; deterrent from 0.30 m


def test_a_bird_deterrent_on_the_arm_of_a_pole_changes_nothing() -> None:
    with_deterrent = planned(("pin-10", 0.0), ("bird-deterrent", 0.0))
    assert with_deterrent.duration_s == planned(("pin-10", 0.0)).duration_s


@pytest.mark.parametrize("kind", SINGLE)
def test_the_unwrapped_length_of_a_pole_is_at_most_1_m(kind: str) -> None:
    plan = planned((kind, 0.0), context=ROBUST)
    assert len(plan.unwrapped) == 1
    assert plan.unwrapped[0][0] < 0.0 < plan.unwrapped[0][1]
    assert 0.4 < plan.unwrapped_m <= 1.0


def test_between_features_far_enough_apart_the_rotor_wraps_again() -> None:
    assert len(planned(("pin-10", 0.0), ("fault-indicator", 3.0), context=ROBUST).unwrapped) == 2
    assert len(planned(("pin-10", 0.0), ("fault-indicator", 0.5), context=ROBUST).unwrapped) == 1


# ---------------------------------------------------------------- what cannot


@pytest.mark.parametrize("kind", ["branch", "kite", "unknown", "strain-10"])
def test_what_the_catalogue_closes_is_refused_with_part_and_chainage(kind: str) -> None:
    found = blocked((kind, 42.0), ("pin-10", 43.5))
    assert found.rule == "feature"
    assert found.reason == f"front wheel meets {kind} at 42.00 m, which is never crossable"
    assert [f.kind for f in found.features] == [kind]
    assert 40.5 < found.at_m < 41.5


@pytest.mark.parametrize("kind", ["branch", "bird-deterrent-low", "spacer"])
def test_the_robot_stops_before_the_first_feature_of_a_blocked_group(kind: str) -> None:
    alone, behind = blocked((kind, 11.5)), blocked(("pin-10", 10.0), (kind, 11.5))
    assert 10.0 < alone.at_m < 11.5
    assert behind.at_m == pytest.approx(planned(("pin-10", 10.0)).from_m)
    limited = dataclasses.replace(DESIGN, kink_rad=math.radians(13))
    assert blocked(("pin-10", 10.0), context=limited).at_m == behind.at_m


def test_a_deterrent_inside_the_orbit_blocks_by_itself_and_the_pole_is_not_blamed() -> None:
    found = blocked(("pin-10", 10.0), ("bird-deterrent-low", 10.0))
    assert [f.kind for f in found.features] == ["bird-deterrent-low"]
    assert (found.rule, found.part) == ("overlap", "right pod")
    assert "right pod meets bird-deterrent-low" in found.reason
    assert "at 10.00 m" in found.reason


def test_a_spacer_is_refused() -> None:
    found = blocked(("spacer", 5.0))
    assert found.rule == "overlap"
    assert "meets spacer" in found.reason
    assert "at 5.00 m" in found.reason


def test_over_a_pin_at_a_kink_of_12_degrees_the_front_stays_lifted_so_that_the_pods_clear_its_arm() -> None:
    """On all three wheels the pods hang 68 mm below the pole, on the last two they follow one side of it."""
    plan = planned(("pin-10", 7.0), context=dataclasses.replace(ROBUST, kink_rad=math.radians(12)))
    check_rules(plan)
    pods = PROFILE.body.parts[0].s_m
    assert pods is not None
    for step in plan.steps:
        if step.kind is StepKind.ADVANCE and 7.0 - pods[1] < step.s_m < 7.0 - pods[0]:
            assert step.stance.carriages[0] is LIFTED


def test_a_double_pin_at_a_kink_of_12_degrees_is_refused() -> None:
    found = blocked(("pin-10-double", 7.0), context=dataclasses.replace(DESIGN, kink_rad=math.radians(12)))
    assert found.rule == "support"
    assert found.part == "right pod"
    assert "front or rear must be lifted: right pod, 62 mm below the bent conductor, meets" in found.reason
    assert "pin-10-double" in found.reason
    assert "7.00 m" in found.reason


@pytest.mark.parametrize(
    ("change", "rule", "words"),
    [
        ({"kink_rad": math.radians(12.5)}, "kink", "kink of 12.5 degrees"),
        ({"angle_rad": math.radians(-7.5)}, "kink", "7.5 degrees in plan"),
        ({"slope_rad": math.radians(27), "friction": 0.2, "pinch_n": 0.0}, "grip", "needed on 27.0 degrees"),
        ({"coil_kg": 60.0}, "balance", "carriage would"),
    ],
)
def test_what_no_stance_can_mend_is_refused(change: dict[str, float], rule: str, words: str) -> None:
    found = blocked(("line-post-10", 3.0), context=dataclasses.replace(DESIGN, **change))
    assert found.rule == rule
    assert words in found.reason
    assert "3.00 m" in found.reason


@pytest.mark.parametrize("diameter_m", [0.0075, 0.028])
def test_a_conductor_that_the_carriages_do_not_take_is_refused(diameter_m: float) -> None:
    found = blocked(("splice", 1.0), diameter_m=diameter_m)
    assert found.rule == "conductor"
    assert "8 to 27 mm" in found.reason


def test_a_double_insulator_too_long_for_the_support_rule_is_refused() -> None:
    ties = Feature("line-post-10-double", 20.0, (Sleeve((-0.68, 0.68), 0.018),), crossable=True)
    found = plan_crossing(PROFILE, [ties], DIAMETER_M, 0.004, DESIGN)
    assert isinstance(found, Blocked)
    assert found.rule == "support"
    for name in ("front", "middle", "rear"):
        assert f"{name} must be open or lifted: {name} wheel meets line-post-10-double" in found.reason


def test_two_features_that_block_only_together_are_both_named() -> None:
    ties = [
        Feature("splice", at, (Sleeve((-0.05, 0.05), 0.028),), crossable=True)
        for at in (0.0, 0.65, 1.30, 9.0)
    ]
    assert isinstance(plan_crossing(PROFILE, ties[:1], DIAMETER_M, 0.004, DESIGN), CrossingPlan)
    found = plan_crossing(PROFILE, ties, DIAMETER_M, 0.004, DESIGN)
    assert isinstance(found, Blocked)
    assert found.rule == "support"
    assert [f.at_m for f in found.features] == [0.0, 0.65]


def test_what_stands_between_two_features_but_beside_the_way_is_not_blamed() -> None:
    found = blocked(("fault-indicator", 9.1), ("bird-deterrent", 10.0), ("pin-10", 10.0), context=ROBUST)
    assert [f.kind for f in found.features] == ["fault-indicator", "pin-10"]


def test_a_lean_that_brings_the_pods_to_the_pin_is_refused() -> None:
    found = blocked(("pin-10", 0.0), context=dataclasses.replace(DESIGN, roll_rad=math.radians(8)))
    assert found.rule == "overlap"


def test_the_margin_along_the_conductor_decides() -> None:
    """0.40 m of ties, two margins, 0.12 m of carriage: with 0.50 m all three would be open at once."""
    assert isinstance(
        answer(("pin-10", 0.0), context=dataclasses.replace(DESIGN, clearance_m=0.10)), CrossingPlan
    )
    far = blocked(("pin-10", 0.0), context=dataclasses.replace(DESIGN, clearance_m=0.50))
    assert far.rule == "support"


# ---------------------------------------------------------------- form of a plan


def check_rules(plan: CrossingPlan) -> None:
    """What every plan must keep."""
    before, s = HOME, plan.from_m
    for step in plan.steps:
        assert supports(step.stance.carriages)
        moved = [i for i in range(3) if before.carriages[i] is not step.stance.carriages[i]]
        turned = (before.rotor_rad, before.guide_out) != (step.stance.rotor_rad, step.stance.guide_out)
        if step.kind is StepKind.ADVANCE:
            assert step.s_m > s
            assert not moved
            assert not turned
            assert step.duration_s == pytest.approx((step.s_m - s) / plan.speed_mps)
        else:
            assert step.s_m == s
            assert moved == ([] if step.carriage is None else [step.carriage])
            assert turned == (step.carriage is None)
            assert step.duration_s > 0
        if step.stance.rotor_rad is None:
            assert step.stance.guide_out
        assert step.clearance_m > 0
        assert step.expects
        assert set(step.expects) <= {e.value for e in Expect}
        before, s = step.stance, step.s_m
    assert before == HOME
    assert s == plan.to_m or not plan.steps
    assert plan.clearance_m == min((t.clearance_m for t in plan.steps), default=plan.clearance_m)


def test_a_plan_begins_and_ends_all_clamped_geared_and_clear() -> None:
    plan = planned(("pin-10", 0.0))
    check_rules(plan)
    assert plan.steps[0].kind is not StepKind.ADVANCE
    assert plan.from_m == pytest.approx(-0.20 - 0.015 - 0.06 - 0.65)  # front wheel's edge at the ties
    assert plan.to_m == pytest.approx(0.20 + 0.015 + 1.14)  # guide behind the ties
    assert plan.steps[-1].stance == HOME


def test_plan_and_steps_name_what_comes_nearest() -> None:
    plan = planned(("pin-10", 0.0), context=ROBUST)
    tightest = min(plan.steps, key=lambda step: step.clearance_m)
    assert (plan.clearance_m, plan.nearest) == (tightest.clearance_m, tightest.nearest)
    assert plan.nearest == "right pod - pin-10"
    assert all(" - pin-10" in step.nearest for step in plan.steps)


def test_a_risk_that_is_worth_much_is_avoided() -> None:
    """Cable laid straight costs 8 s a metre; at 0 the rotor may stay parked between two features."""
    places = ("pin-10", 0.0), ("fault-indicator", 3.0)
    careless = Context.of(with_values(Parameters(), {"risk_unwrapped_s_per_m": 0.0}))
    usual, straight = planned(*places, context=ROBUST), planned(*places, context=careless)
    assert usual.unwrapped_m < straight.unwrapped_m
    assert usual.duration_s > straight.duration_s


def test_every_step_names_what_must_be_measured() -> None:
    expects = {s.kind: s.expects for s in planned(("fault-indicator", 0.0)).steps}
    assert "pinch force" in expects[StepKind.CLAMP]
    assert "other carriages loaded" in expects[StepKind.LIFT]
    assert "guide switch" in expects[StepKind.GUIDE_OUT]


def test_the_rotor_is_parked_with_its_slot_down_over_a_pin() -> None:
    parked = {s.rotor_rad for s in planned(("pin-10", 0.0)).steps if s.rotor_rad is not None}
    assert parked == {PROFILE.park_rotor_rad}


def test_over_an_indicator_carriages_are_lifted_over_a_pin_they_only_open() -> None:
    states = {s.stance.carriages[i] for s in planned(("fault-indicator", 0.0)).steps for i in range(3)}
    assert states == {CLAMPED, LIFTED}
    states = {s.stance.carriages[i] for s in planned(("pin-10", 0.0)).steps for i in range(3)}
    assert states == {CLAMPED, OPEN}


def test_while_the_rear_hangs_another_clamped_carriage_is_loaded() -> None:
    hanging = [
        s.stance.carriages for s in planned(("fault-indicator", 0.0)).steps if s.stance.carriages[2] is LIFTED
    ]
    assert hanging
    assert set(hanging) == {(CLAMPED, CLAMPED, LIFTED)}


def test_a_step_is_reversible_within_the_retreat_of_the_last_stance_with_all_clamped() -> None:
    plan = planned(("fault-indicator", 0.0), context=ROBUST)
    stable = plan.from_m
    for step in plan.steps:
        all_clamped = step.stance.carriages == HOME.carriages
        stable = step.s_m if all_clamped else stable
        assert step.reversible == (step.s_m - stable <= ROBUST.retreat_m + 1e-9)
    assert not plan.steps[plan.no_return].reversible
    assert all(s.reversible for s in plan.steps[: plan.no_return])


def test_a_plan_goes_with_its_features() -> None:
    here, there = planned(("pin-10", 0.0)), planned(("pin-10", 123.456))
    assert there.from_m - here.from_m == pytest.approx(123.456)
    assert [s.kind for s in here.steps] == [s.kind for s in there.steps]
    assert [s.s_m + 123.456 for s in here.steps] == pytest.approx([s.s_m for s in there.steps])
    assert there.unwrapped[0][0] - here.unwrapped[0][0] == pytest.approx(123.456)


def test_position_uncertainty_widens_the_margin() -> None:
    sure = planned(("pin-10", 0.0))
    unsure = planned(("pin-10", 0.0), context=dataclasses.replace(DESIGN, position_sigma_m=0.01, sigmas=2.5))
    assert sure.from_m - unsure.from_m == pytest.approx(0.025)
    assert unsure.to_m - sure.to_m == pytest.approx(0.025)


# ---------------------------------------------------------------- from the middle of a crossing


def test_from_every_step_of_a_crossing_the_rest_can_be_planned_again() -> None:
    whole = planned(("pin-10", 0.0), ("fault-indicator", 0.5), context=ROBUST)
    for step in whole.steps[:-1]:
        here = dataclasses.replace(ROBUST, start_m=step.s_m, start=step.stance)
        rest = planned(("pin-10", 0.0), ("fault-indicator", 0.5), context=here)
        assert rest.from_m == pytest.approx(step.s_m, abs=1e-5)
        assert rest.steps[-1].stance == HOME
        done = sum(s.duration_s for s in whole.steps[: whole.steps.index(step) + 1])
        assert done + rest.duration_s == pytest.approx(whole.duration_s, abs=0.01)


def test_a_start_farther_back_adds_the_drive() -> None:
    late, early = (
        planned(("pin-10", 0.0)),
        planned(("pin-10", 0.0), context=dataclasses.replace(DESIGN, start_m=-1.5)),
    )
    assert early.from_m == -1.5
    assert early.steps[0].kind is StepKind.ADVANCE
    assert early.duration_s - late.duration_s == pytest.approx((1.5 + late.from_m) / late.speed_mps)


def test_a_start_in_a_stance_that_breaks_the_rule_is_refused() -> None:
    for carriages in ((OPEN, OPEN, OPEN), (OPEN, CLAMPED, LIFTED)):
        start = dataclasses.replace(DESIGN, start_m=-0.5, start=Stance(carriages))
        assert blocked(("pin-10", 0.0), context=start).rule == "support"


def test_an_open_carriage_with_nothing_ahead_is_only_clamped_again() -> None:
    start = dataclasses.replace(DESIGN, start_m=-3.0, start=Stance((CLAMPED, OPEN, CLAMPED)))
    plan = planned(("bird-deterrent", 0.0), context=start)
    assert [(s.kind, s.carriage) for s in plan.steps] == [(StepKind.CLAMP, 1)]


@pytest.mark.parametrize("start", [Stance(guide_out=False)])
def test_a_start_that_cannot_be_is_an_error(start: Stance) -> None:
    with pytest.raises(ValueError, match="park the rotor"):
        answer(("pin-10", 0.0), context=dataclasses.replace(DESIGN, start=start))
    with pytest.raises(ValueError, match="at least one feature"):
        plan_crossing(PROFILE, [], DIAMETER_M, 0.004)


# ---------------------------------------------------------------- groups, speed


def test_features_within_reach_of_each_other_are_one_group() -> None:
    kinds = [("pin-10", 50.0), ("bird-deterrent", 50.0), ("fault-indicator", 51.5), ("fault-indicator", 62.5)]
    features = [feature(kind, at) for kind, at in reversed(kinds)]
    groups = group_features(features, PROFILE)
    assert [[f.at_m for f in g] for g in groups] == [[50.0, 50.0, 51.5], [62.5]]
    assert group_features([], PROFILE) == []


@pytest.mark.parametrize("apart_m", [2.3, 2.6, 3.0, 4.0])
def test_groups_of_their_own_leave_room_between_their_crossings(apart_m: float) -> None:
    groups = group_features([feature("pin-10", 0.0), feature("pin-10", apart_m)], PROFILE)
    plans = [plan_crossing(PROFILE, g, DIAMETER_M, 0.004, ROBUST) for g in groups]
    assert all(isinstance(p, CrossingPlan) for p in plans)
    for before, after in itertools.pairwise(plans):
        assert isinstance(before, CrossingPlan)
        assert isinstance(after, CrossingPlan)
        assert after.from_m > before.to_m


def test_identical_situations_are_planned_once() -> None:
    planner._answer.cache_clear()
    for i in range(200):
        planned(("pin-10", 50.0 * i), ("fault-indicator", 50.0 * i + 0.5), context=ROBUST)
    assert planner._answer.cache_info().misses == 1


def test_another_robot_is_planned_with_its_own_figures() -> None:
    """A body that reaches below the conductor's middle meets the insulator, and a longer one takes longer."""
    pod = PROFILE.body.parts[0].model_copy(update={"theta_deg": (98.0, 175.0)})
    body = PROFILE.body.model_copy(update={"parts": (pod,)})
    deep = PROFILE.model_copy(update={"body": body})
    found = plan_crossing(deep, [feature("pin-10")], DIAMETER_M, 0.004, DESIGN)
    assert isinstance(found, Blocked)
    assert found.part == pod.part
    times = PROFILE.times.model_copy(update={"crossing_speed_mps": 0.30})
    fast = plan_crossing(
        PROFILE.model_copy(update={"times": times}), [feature("pin-10")], DIAMETER_M, 0.004, DESIGN
    )
    assert isinstance(fast, CrossingPlan)
    slow = planned(("pin-10", 0.0))
    assert slow.duration_s - fast.duration_s == pytest.approx(
        (slow.to_m - slow.from_m) * (1 / 0.15 - 1 / 0.30)
    )


def test_a_box_beside_one_side_only_turns_the_rotor_away_from_it() -> None:
    beside = Feature(
        "fault-indicator", 0.0, (Box((-0.05, 0.05), (0.16, 0.28), (0.02, 0.12)),), crossable=True
    )
    plan = plan_crossing(PROFILE, [beside], DIAMETER_M, 0.004, dataclasses.replace(DESIGN, kink_rad=0.0))
    assert isinstance(plan, CrossingPlan)
    check_rules(plan)
    parked = {s.rotor_rad for s in plan.steps if s.rotor_rad is not None}
    assert len(parked) == 1
    assert all(s.stance.carriages == HOME.carriages for s in plan.steps)
