"""Which readings of a moteus are taken, by its counter and by what its axis can do."""

from __future__ import annotations

import dataclasses
import math

import pytest
from board_rig import PROFILE

from firmware_bridge.axes import axis_configs
from firmware_bridge.clock import PolledClock
from firmware_bridge.drivers.moteus_codec import Reading
from firmware_bridge.drivers.moteus_feedback import Feedback

MS = 1_000_000
FIRST = Reading(5000, 10, 3.0, 1.0, 0.1, 30.0, 48.0, 0)


def feedback() -> Feedback:
    """Of a wheel, with one reading taken at 1 s."""
    judged = Feedback(axis_configs(PROFILE)[0], 1.43, 0.11)
    assert judged.take(1000 * MS, FIRST, 999 * MS)
    return judged


def later(ms: int, **change) -> Reading:
    return dataclasses.replace(FIRST, **{"counter_ms": FIRST.counter_ms + ms} | change)


def test_a_reading_is_as_old_as_its_question():
    assert feedback().t_ns == 999 * MS


def test_a_reply_that_was_held_up_shows_its_true_age():
    judged = feedback()
    assert judged.take(1060 * MS, later(10), None)
    assert judged.t_ns == 1009 * MS


@pytest.mark.parametrize("ms", [0, -10, -4000])
def test_a_counter_that_does_not_go_on_is_an_old_reading(ms: int):
    judged = feedback()
    assert not judged.take(1010 * MS, later(ms), None)
    assert judged.rejected == 1
    assert not judged.restarted


def test_a_counter_that_runs_ahead_of_time_is_garbled():
    assert not feedback().take(1010 * MS, later(500), None)


def test_the_counter_may_wrap():
    judged = Feedback(axis_configs(PROFILE)[0], 1.43, 0.11)
    assert judged.take(1000 * MS, later(0, counter_ms=(1 << 32) - 5), 999 * MS)
    assert judged.take(1010 * MS, later(0, counter_ms=5), None)


def test_two_readings_from_after_a_restart_are_one():
    judged = feedback()
    assert not judged.take(1250 * MS, later(0, counter_ms=20), None)
    assert not judged.restarted
    assert not judged.take(1260 * MS, later(0, counter_ms=30), None)
    assert judged.restarted


def test_met_anew_it_is_the_same_if_it_has_counted_on():
    judged = feedback()
    judged.forget()
    assert judged.take(3000 * MS, later(2001), 2999 * MS)
    assert not judged.restarted


def test_met_anew_it_has_restarted_if_it_has_not():
    judged = feedback()
    judged.forget()
    judged.take(3000 * MS, later(0, counter_ms=700), 2999 * MS)
    assert judged.restarted


@pytest.mark.parametrize(
    "change",
    [
        {"position": math.nan}, {"position": 8.0}, {"position": math.inf}, {"velocity": 80.0},
        {"velocity": math.nan}, {"torque": 9.0}, {"torque": math.nan}, {"mode": 20}, {"mode": -1}, {"code": 60},
    ],
)  # fmt: skip
def test_what_no_wheel_can_do_is_not_taken(change: dict):
    judged = feedback()
    assert not judged.take(1010 * MS, later(10, **change), None)
    assert judged.last == FIRST


def test_a_clock_is_let_go_as_slowly_as_crystals_drift():
    clock = PolledClock()
    clock.learn(1_000 * MS, 0)
    clock.learn(11_000 * MS, 10_002 * MS)  # it runs fast by 2e-4
    assert clock.stamp_ns(12_000 * MS, 10_002 * MS) == 11_001 * MS
