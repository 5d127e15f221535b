"""The board's own support rule, case by case, in Python and in C."""

from __future__ import annotations

import itertools

import pytest
from board_rig import PROFILE
from c_board import CSupportRule

from firmware_bridge.virtual.support import LOADED_N, SupportRule

RULES = {"virtual": SupportRule.of(PROFILE.carriages), "c": CSupportRule()}
CLAMPED, OPEN, LIFTED, MOVING = 0.0008, 0.040, 0.120, 0.020
FRONT, MIDDLE, REAR = range(3)
LOADED = (130.0, 120.0, 130.0)


@pytest.fixture(params=RULES)
def rule(request):
    return RULES[request.param]


def test_one_of_three_clamped_carriages_may_open_or_be_lifted(rule):
    for carriage in (FRONT, MIDDLE, REAR):
        assert rule.may_release(carriage, OPEN, (CLAMPED, CLAMPED, CLAMPED), LOADED)
    for carriage in (FRONT, MIDDLE, REAR):
        grip = [CLAMPED, CLAMPED, CLAMPED]
        grip[carriage] = OPEN
        assert rule.may_release(carriage, LIFTED, grip, LOADED)


def test_the_last_clamped_carriage_stays(rule):
    assert not rule.may_release(FRONT, OPEN, (CLAMPED, OPEN, OPEN), LOADED)
    assert not rule.may_release(REAR, OPEN, (LIFTED, OPEN, CLAMPED), LOADED)


def test_a_clamped_carriage_that_carries_nothing_does_not_count(rule):
    assert not rule.may_release(FRONT, OPEN, (CLAMPED, CLAMPED, CLAMPED), (130.0, LOADED_N - 1, LOADED_N - 1))
    assert rule.may_release(FRONT, OPEN, (CLAMPED, CLAMPED, CLAMPED), (130.0, LOADED_N - 1, LOADED_N))


def test_a_load_that_is_not_measured_does_not_count(rule):
    nan = float("nan")
    assert not rule.may_release(FRONT, OPEN, (CLAMPED, CLAMPED, CLAMPED), (130.0, nan, nan))
    assert not rule.may_release(FRONT, OPEN, (CLAMPED, nan, CLAMPED), LOADED)


def test_two_carriages_stay_on_the_conductor(rule):
    assert not rule.may_release(MIDDLE, LIFTED, (LIFTED, OPEN, CLAMPED), LOADED)
    assert not rule.may_release(FRONT, LIFTED, (OPEN, CLAMPED, LIFTED), LOADED)


def test_one_changes_at_a_time(rule):
    assert not rule.may_release(FRONT, OPEN, (CLAMPED, CLAMPED, MOVING), LOADED)
    assert not rule.may_release(FRONT, OPEN, (CLAMPED, MOVING, CLAMPED), LOADED)


def test_the_rear_is_lifted_only_while_the_front_is_clamped(rule):
    assert rule.may_release(REAR, LIFTED, (CLAMPED, OPEN, OPEN), LOADED)
    assert not rule.may_release(REAR, LIFTED, (OPEN, CLAMPED, OPEN), LOADED)


def test_the_front_stays_clamped_while_the_rear_is_lifted(rule):
    assert not rule.may_release(FRONT, OPEN, (CLAMPED, CLAMPED, LIFTED), LOADED)


@pytest.mark.parametrize("carriage", [FRONT, MIDDLE, REAR])
def test_no_release_from_any_stance_breaks_the_rule(rule, carriage):
    """Exhaustive: whatever is allowed ends in a stance that the rule allows."""
    for grip in itertools.product((CLAMPED, OPEN, LIFTED), repeat=3):
        for target in (OPEN, LIFTED):
            if target <= grip[carriage] or not rule.may_release(carriage, target, grip, LOADED):
                continue
            after = list(grip)
            after[carriage] = target
            assert sum(g <= OPEN for g in after) >= 2
            assert any(g <= CLAMPED for g in after)
            assert not (after[REAR] > OPEN and after[FRONT] > CLAMPED)
