"""What lies ahead: the route plans what is seen, stops for what cannot be crossed, drives past what needs nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from missions import files
from robot.behaviours.route import Route
from robot.crossing.stance import Blocked, CrossingPlan
from robot.line.line import Line
from robot.messages import SeenFeature
from robot.parameters import Parameters
from tests.robot.safety_cases import PROFILE, estimate

PARAMETERS = Parameters()


@pytest.fixture(scope="module")
def line() -> Line:
    return files.read_line("short-60m")


@pytest.fixture
def route(line: Line) -> Route:
    return Route(PROFILE, line, PARAMETERS)


def seen(kind: str, at_m: float, *, confirmed: bool = True, surveyed: bool = True) -> SeenFeature:
    return SeenFeature(kind, at_m, 0.003, confirmed, surveyed)


def looking_at(*features: SeenFeature) -> object:
    return replace(estimate(), features=features, coil_m=60.0)


def test_nothing_known_means_nothing_ahead(route: Route) -> None:
    assert route.ahead(looking_at()) is None


def test_a_pole_is_stopped_for_where_its_plan_begins(route: Route) -> None:
    ahead = route.ahead(looking_at(seen("pin-10", 28.1)))
    assert ahead is not None
    assert isinstance(ahead.plan, CrossingPlan)
    assert ahead.stop_m == pytest.approx(28.1 + ahead.plan.from_m)
    assert 0.9 < 28.1 - ahead.stop_m < 1.2


def test_a_better_estimate_moves_the_stop_but_not_the_plan(route: Route) -> None:
    first = route.ahead(looking_at(seen("pin-10", 28.10)))
    second = route.ahead(looking_at(seen("pin-10", 28.15)))
    assert first is not None
    assert second is not None
    assert second.plan is first.plan
    assert second.stop_m - first.stop_m == pytest.approx(0.05)


def test_a_pole_that_only_the_survey_knows_is_not_confirmed(route: Route) -> None:
    ahead = route.ahead(looking_at(seen("pin-10", 28.0, confirmed=False)))
    assert ahead is not None
    assert not ahead.confirmed


def test_a_glimpse_of_something_unsurveyed_is_nothing_yet(route: Route) -> None:
    assert route.ahead(looking_at(seen("branch", 20.0, confirmed=False, surveyed=False))) is None


def test_a_branch_blocks_with_its_reason_and_a_safe_place_to_stop(route: Route) -> None:
    ahead = route.ahead(looking_at(seen("branch", 20.0, surveyed=False)))
    assert ahead is not None
    assert isinstance(ahead.plan, Blocked)
    assert "branch" in ahead.plan.reason
    front_m = PROFILE.carriages.s_m[0] + PROFILE.carriages.half_length_m
    assert ahead.stop_m + front_m < 20.0


def test_what_the_operator_names_is_planned_as_that(route: Route) -> None:
    unknown = seen("unknown", 20.0, surveyed=False)
    assert isinstance(route.ahead(looking_at(unknown)).plan, Blocked)
    route.treat_as("fault-indicator", route.ahead(looking_at(unknown)))
    assert isinstance(route.ahead(looking_at(unknown)).plan, CrossingPlan)


def test_naming_an_unknown_thing_at_a_pole_leaves_the_pole_a_pole(route: Route) -> None:
    looks = looking_at(seen("unknown", 27.2, surveyed=False), seen("pin-10", 28.1))
    route.treat_as("splice", route.ahead(looks))
    assert [f.kind for f in route.ahead(looks).features] == ["splice", "pin-10"]


def test_what_blocks_may_be_named_when_nothing_is_unknown(route: Route) -> None:
    looks = looking_at(seen("branch", 26.0, surveyed=False), seen("pin-10", 28.1))
    route.treat_as("fault-indicator", route.ahead(looks))
    assert [f.kind for f in route.ahead(looks).features] == ["fault-indicator", "pin-10"]


def test_a_deterrent_beside_the_orbit_is_passed_at_crossing_speed_without_a_stop(route: Route) -> None:
    ahead = route.ahead(looking_at(seen("bird-deterrent", 20.0), seen("pin-10", 28.1)))
    assert ahead is not None
    assert ahead.features[0].kind == "pin-10"
    assert route.speed_limit_mps(20.0) <= PROFILE.times.crossing_speed_mps
    assert route.speed_limit_mps(10.0) == float("inf")


def test_what_was_crossed_is_not_ahead_any_more(route: Route) -> None:
    route.passed(28.1)
    ahead = route.ahead(looking_at(seen("pin-10", 28.1), seen("fault-indicator", 42.0)))
    assert ahead is not None
    assert ahead.features[0].kind == "fault-indicator"


def test_the_job_ends_before_the_last_pole_where_it_is_seen(route: Route, line: Line) -> None:
    at_m = line.length_m + 0.7
    ahead = route.ahead(looking_at(seen("strain-10", at_m)))
    assert ahead is not None
    assert ahead.is_end
    assert ahead.stop_m == pytest.approx(at_m - PARAMETERS.end_gap_m)
