"""All crossings of a line: groups, and the circumstances at each."""

from __future__ import annotations

import dataclasses
import math
import tomllib

import pytest
from crossing_cases import PROFILE, ROOT, long_line

from robot.crossing import planner
from robot.crossing.along import coil_kg_at, context_at, plan_line
from robot.crossing.stance import Blocked, Context, CrossingPlan
from robot.line.line import Line, LoadedLine
from robot.line.survey import Survey

ROBOT_KG = PROFILE.mass_kg(370 * 0.0127)


def line(name: str = "jiashan-350m") -> Line:
    text = (ROOT / f"missions/lines/{name}.toml").read_text(encoding="utf-8")
    return Line.build(Survey.model_validate(tomllib.loads(text)))


@pytest.fixture(scope="module")
def jiashan() -> Line:
    return line()


@pytest.fixture(scope="module")
def loaded(jiashan: Line) -> LoadedLine:
    return LoadedLine(jiashan, ROBOT_KG, 20.0, PROFILE.carriages.s_m)


def test_every_inner_pole_and_indicator_of_the_reference_line_is_crossed(
    jiashan: Line, loaded: LoadedLine
) -> None:
    crossings = plan_line(PROFILE, jiashan, loaded)
    assert [f for c in crossings for f in c.features] == list(jiashan.features)
    end = 0.0
    for found in crossings:
        assert isinstance(found.answer, CrossingPlan), found.answer.reason
        assert found.answer.from_m >= end
        assert found.answer.duration_s <= 45.0
        assert found.answer.unwrapped_m <= 1.0
        end = found.answer.to_m


def test_the_circumstances_are_those_of_the_place(jiashan: Line, loaded: LoadedLine) -> None:
    crossings = plan_line(PROFILE, jiashan, loaded, Context(friction=0.2))
    coils = [c.context.coil_kg for c in crossings]
    assert coils == sorted(coils, reverse=True)
    for found in crossings:
        assert found.context.friction == 0.2
        assert 0.0 < math.degrees(found.context.slope_rad) < 6.0
        at_pole = any(f.pole for f in found.features)
        assert (math.degrees(found.context.kink_rad) > 6.0) == at_pole
    index = next(i for i, p in enumerate(jiashan.poles) if p.id == "P2")
    group = next(c.features for c in crossings if c.features[0].pole == "P2")
    kink_rad = context_at(PROFILE, jiashan, loaded, group, Context()).kink_rad
    assert 0.0 <= kink_rad - loaded.max_kink_rad(index, 0.65) < math.radians(0.25)


def test_the_coil_grows_less_by_the_helix_behind_the_robot(jiashan: Line) -> None:
    assert coil_kg_at(jiashan, -1.0) == pytest.approx(370 * 0.0127)
    helix = math.hypot(1.0, math.pi * (0.01507 + 0.004))
    assert coil_kg_at(jiashan, 100.0) == pytest.approx((370 - 100 * helix) * 0.0127)
    assert coil_kg_at(jiashan, 1000.0) == 0.0


def test_a_branch_on_the_line_is_named_and_the_other_crossings_are_still_planned(jiashan: Line) -> None:
    branch = jiashan.feature("branch", 130.0)
    blocked_line = dataclasses.replace(
        jiashan, features=tuple(sorted((*jiashan.features, branch), key=lambda f: f.at_m))
    )
    loaded = LoadedLine(blocked_line, ROBOT_KG, 20.0, PROFILE.carriages.s_m)
    answers = [c.answer for c in plan_line(PROFILE, blocked_line, loaded)]
    blocked = [a for a in answers if isinstance(a, Blocked)]
    assert len(blocked) == 1
    assert "branch at 130.00 m" in blocked[0].reason
    assert len(answers) > 5


def test_of_200_poles_only_those_are_planned_that_differ() -> None:
    """10 km of like spans: coil and slope change in steps."""
    found = long_line(200, feature_every=3)
    shape = LoadedLine(found, ROBOT_KG, 20.0, PROFILE.carriages.s_m)
    planner._answer.cache_clear()
    crossings = plan_line(PROFILE, found, shape)
    assert len(crossings) == 198
    assert all(isinstance(c.answer, CrossingPlan) for c in crossings)
    assert planner._answer.cache_info().misses < 40
