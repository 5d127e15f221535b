"""The catalogue of crossings, each from both directions, level and on 15 degrees: planned, or refused and why.

A plan is brought before the referee's geometry; a refusal must name the part and the feature that stand in the way.
"""

from __future__ import annotations

import math

import pytest
from crossing_cases import CABLE_M, DIAMETER_M, PROFILE, feature
from crossing_judge import overlaps

from robot.crossing.planner import plan_crossing
from robot.crossing.stance import Blocked, Context, CrossingPlan
from robot.line.features import Box, Feature, Shape, Sleeve

Places = tuple[tuple[str, float], ...]

ABOVE = Feature("bird-deterrent", 0.0, (Box((-0.03, 0.03), (-0.15, 0.15), (0.28, 0.45)),), crossable=True)
CROSSED: dict[str, Places] = {
    "pin": (("pin-10", 0.0),),
    "line post": (("line-post-10", 0.0),),
    "double pin": (("pin-10-double", 0.0),),
    "double line post": (("line-post-10-double", 0.0),),
    "fault indicator": (("fault-indicator", 0.0),),
    "splice": (("splice", 0.0),),
    "parallel-groove clamp": (("pg-clamp", 0.0),),
    "bird deterrent beside": (("pin-10", 0.0), ("bird-deterrent", 0.0)),
    "bird diverter": (("spiral-diverter", 0.0),),
    "two poles 2 m apart": (("pin-10", 0.0), ("pin-10", 2.0)),
}
BEHIND_M = (0.3, 0.5, 0.9, 1.5, 3.0)
FRONT_HANGS_M = (0.3, 0.5, 0.9)  # an indicator so far before a pole needs a front that counts while it hangs
REFUSED: dict[str, tuple[Places, str, str]] = {
    "branch": ((("branch", 0.0),), "feature", "front wheel meets branch"),
    "strain string with jumper": ((("strain-10", 0.0),), "feature", "front wheel meets strain-10"),
    "deterrent inside the orbit": (
        (("pin-10", 0.0), ("bird-deterrent-low", 0.0)),
        "overlap",
        "right pod meets bird-deterrent-low",
    ),
    "spacer": ((("spacer", 0.0),), "overlap", "meets spacer (sleeve of radius 30 mm)"),
    "indicator 1.5 m before a pin": (
        (("fault-indicator", 0.0), ("pin-10", 1.5)),
        "support",
        "rear must be lifted: rear wheel meets fault-indicator",
    ),
}


def mirrored(features: list[Feature]) -> list[Feature]:
    """The same things met from the other direction: right is left, and the last comes first."""

    def shape(of: Shape) -> Shape:
        s_m = -of.s_m[1], -of.s_m[0]
        return Sleeve(s_m, of.r_m) if isinstance(of, Sleeve) else Box(s_m, (-of.x_m[1], -of.x_m[0]), of.z_m)

    return [
        Feature(f.kind, -f.at_m, tuple(map(shape, f.shapes)), f.crossable, f.pole) for f in features[::-1]
    ]


def met(places: Places, direction: str) -> list[Feature]:
    features = [feature(*place) for place in places]
    return features if direction == "there" else mirrored(features)


def crossed(features: list[Feature], context: Context) -> CrossingPlan:
    plan = plan_crossing(PROFILE, features, DIAMETER_M, CABLE_M, context)
    assert isinstance(plan, CrossingPlan), plan.reason
    assert overlaps(plan, features, context.kink_rad, context.roll_rad) == set()
    return plan


both_directions = pytest.mark.parametrize("direction", ["there", "back"])
both_slopes = pytest.mark.parametrize("slope_deg", [0.0, 15.0])


@both_slopes
@both_directions
@pytest.mark.parametrize("name", CROSSED)
def test_the_catalogue_is_crossed(name: str, direction: str, slope_deg: float) -> None:
    context = Context(kink_rad=math.radians(10), slope_rad=math.radians(slope_deg))
    assert crossed(met(CROSSED[name], direction), context).clearance_m > 0.001


@both_slopes
@both_directions
def test_a_bird_deterrent_above_the_orbit_is_passed_below(direction: str, slope_deg: float) -> None:
    features = [ABOVE, feature("pin-10")]
    context = Context(kink_rad=math.radians(10), slope_rad=math.radians(slope_deg))
    crossed(features if direction == "there" else mirrored(features), context)


@both_slopes
@pytest.mark.parametrize("apart_m", BEHIND_M)
def test_an_indicator_behind_a_pole_is_crossed_with_it(apart_m: float, slope_deg: float) -> None:
    context = Context(kink_rad=math.radians(10), slope_rad=math.radians(slope_deg))
    crossed(met((("pin-10", 0.0), ("fault-indicator", apart_m)), "there"), context)


@both_slopes
@pytest.mark.parametrize("apart_m", FRONT_HANGS_M)
def test_an_indicator_before_a_pole_is_crossed_where_a_hanging_front_counts_as_loaded(
    apart_m: float, slope_deg: float
) -> None:
    features = met((("pin-10", 0.0), ("fault-indicator", apart_m)), "back")
    slope_rad, kink_rad = math.radians(slope_deg), math.radians(10)
    refused = plan_crossing(
        PROFILE, features, DIAMETER_M, CABLE_M, Context(kink_rad=kink_rad, slope_rad=slope_rad)
    )
    assert isinstance(refused, Blocked)
    assert (refused.rule, len(refused.features)) == ("support", 2)
    crossed(features, Context(kink_rad=kink_rad, slope_rad=slope_rad, hanging_is_loaded=True))


@both_slopes
def test_an_indicator_3_m_before_a_pole_is_crossed(slope_deg: float) -> None:
    context = Context(kink_rad=math.radians(10), slope_rad=math.radians(slope_deg))
    crossed(met((("pin-10", 0.0), ("fault-indicator", 3.0)), "back"), context)


@both_slopes
@both_directions
@pytest.mark.parametrize("kind", ["pin-10", "line-post-10", "pin-10-double", "line-post-10-double"])
def test_a_pole_where_the_line_turns_by_7_degrees_is_crossed(
    kind: str, direction: str, slope_deg: float
) -> None:
    context = Context(angle_rad=math.radians(7), slope_rad=math.radians(slope_deg))
    features = met(((kind, 0.0),), direction)
    assert isinstance(plan_crossing(PROFILE, features, DIAMETER_M, CABLE_M, context), CrossingPlan)


@both_slopes
@both_directions
@pytest.mark.parametrize("kind", ["pin-10", "line-post-10", "line-post-10-double"])
def test_a_pole_with_a_kink_of_12_degrees_is_crossed(kind: str, direction: str, slope_deg: float) -> None:
    context = Context(kink_rad=math.radians(12), slope_rad=math.radians(slope_deg))
    crossed(met(((kind, 0.0),), direction), context)


@both_slopes
@both_directions
@pytest.mark.parametrize("name", [n for n in REFUSED if "before" not in n])
def test_what_the_geometry_forbids_is_refused_with_its_reason(
    name: str, direction: str, slope_deg: float
) -> None:
    places, rule, words = REFUSED[name]
    context = Context(slope_rad=math.radians(slope_deg))
    found = plan_crossing(PROFILE, met(places, direction), DIAMETER_M, CABLE_M, context)
    assert isinstance(found, Blocked)
    assert found.rule == rule
    assert (words if direction == "there" else words.replace("right", "left")) in found.reason
    assert [f.kind for f in found.features] == [places[-1][0]]


@both_slopes
def test_an_indicator_1_5_m_before_a_pin_is_refused_for_both_together(slope_deg: float) -> None:
    places, rule, words = REFUSED["indicator 1.5 m before a pin"]
    context = Context(slope_rad=math.radians(slope_deg))
    found = plan_crossing(PROFILE, met(places, "there"), DIAMETER_M, CABLE_M, context)
    assert isinstance(found, Blocked)
    assert (found.rule, len(found.features)) == (rule, 2)
    assert words in found.reason


@both_slopes
@both_directions
def test_a_double_insulator_too_long_for_the_support_rule_is_refused(
    direction: str, slope_deg: float
) -> None:
    """1.36 m of ties: all three carriages would have to be open at once."""
    long = Feature("line-post-10-double", 0.0, (Sleeve((-0.68, 0.68), 0.018),), crossable=True)
    features = [long] if direction == "there" else mirrored([long])
    context = Context(slope_rad=math.radians(slope_deg))
    found = plan_crossing(PROFILE, features, DIAMETER_M, CABLE_M, context)
    assert isinstance(found, Blocked)
    assert found.rule == "support"
    for name in ("front", "middle", "rear"):
        assert f"{name} must be open or lifted: {name} wheel meets line-post-10-double" in found.reason
