"""Whatever is wished, measured and asked, in whatever order: the promises hold.

Single ticks come from hypothesis. Long stories are random rules with preconditions, as F' tests its state
machines.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import safety_cases as cases
from hypothesis import given, settings
from hypothesis import strategies as st
from safety_cases import DT_S, EFFORT, HOLD, POSITION, VELOCITY, estimate, frame, wish

from robot.messages import GRIP, TRACTION, Action, Axis, Mode, SensorFrame, Setpoints
from robot.modes.machine import OPERATOR_TRIGGERS, TABLE, ModeMachine, Request, Trigger
from robot.safety import failsafe, gate

BOUNDS = gate.Bounds.of(cases.PROFILE, cases.PARAMETERS)
LOOSE = 1e-9
MOVES = (Mode.MANUAL, Mode.MOUNTING, Mode.TRAVEL, Mode.WRAP, Mode.CROSSING, Mode.RETREAT)
ACTS = [action for action in OPERATOR_TRIGGERS if action is not Action.STOP]
REPORTS = list(Trigger)[list(Trigger).index(Trigger.CROSSING_FAILED) :]
RELEASES = (Mode.MANUAL, Mode.CROSSING, Mode.RETREAT)

numbers = st.one_of(
    st.floats(-20.0, 20.0),
    st.floats(-0.2, 0.2),
    st.sampled_from([math.nan, math.inf, -math.inf, 0.0, 0.04, 0.12, 1e300]),
)
rows = st.tuples(st.integers(-1, 4), numbers, numbers, st.one_of(st.floats(0.0, 400.0), numbers))
wishes = st.lists(rows, min_size=10, max_size=10).map(lambda r: Setpoints(*map(tuple, zip(*r, strict=True))))
grips = st.tuples(*[st.one_of(st.sampled_from([0.0, 0.04, 0.12, math.nan]), st.floats(-0.01, 0.13))] * 3)
forces = st.tuples(*[st.sampled_from([0.0, 49.0, 50.0, 100.0, math.nan])] * 3)
frames = st.builds(
    lambda g, p, n, r: frame(grip_m=g, pinch_n=p, load_n=n, rotor_rad=r), grips, forces, forces, numbers
)


def assert_promises(mode: Mode, last: Setpoints | None, measured: SensorFrame, gated: gate.Gated) -> None:
    """S2, S3, S11 and S23 on what leaves the gate, judged without the gate's own code."""
    out = gated.setpoints
    for axis in Axis:
        kind, values = out.mode[axis], (out.target[axis], out.feedforward[axis], out.limit[axis])
        assert kind in (HOLD, VELOCITY, POSITION, EFFORT)
        assert all(math.isfinite(value) for value in values)
        assert 0.0 <= values[2] <= cases.EFFORTS[axis]
        if kind == HOLD:
            assert values[:2] == (0.0, 0.0)
    if mode is Mode.SAFE:
        assert set(out.mode) == {HOLD}
    before = last or wish()
    for axis in TRACTION:
        assert out.mode[axis] in (HOLD, VELOCITY)
        was = before.target[axis] if before.mode[axis] == VELOCITY else 0.0
        if out.mode[axis] == VELOCITY:
            assert abs(out.target[axis] - was) <= 20.0 * DT_S + LOOSE
            assert abs(out.target[axis]) <= max(12.0, abs(was)) + LOOSE
            if mode not in MOVES:
                assert abs(out.target[axis]) <= abs(was) + LOOSE
    assert abs(out.feedforward[Axis.ROTOR]) <= 2 * math.pi + LOOSE
    assert 0.0 <= out.target[Axis.CABLE] <= 40.0 or out.mode[Axis.CABLE] != EFFORT
    released = [c for c in range(3) if _is_release(c, out, measured)]
    assert len(released) <= 1
    if released:
        assert mode in RELEASES
        assert all(out.target[axis] == 0.0 for axis in TRACTION)
        assert _holds_after(released[0], out, measured)


def _is_release(carriage: int, out: Setpoints, measured: SensorFrame) -> bool:
    axis = GRIP[carriage]
    return out.mode[axis] != HOLD and not out.target[axis] <= measured.axes.position[axis] + 0.002 + LOOSE


def _holds_after(carriage: int, out: Setpoints, measured: SensorFrame) -> bool:
    where = [measured.axes.position[axis] for axis in GRIP]
    where[carriage] = out.target[GRIP[carriage]]
    on = [place <= 0.0425 for place in where]
    clamped = [c != carriage and where[c] <= 0.0025 and measured.sensors.pinch_n[c] >= 50.0 for c in range(3)]
    carries = [clamped[c] and measured.sensors.wheel_load_n[c] >= 20.0 for c in range(3)]
    return sum(on) >= 2 and any(carries) and (on[2] or clamped[0])


@settings(max_examples=300, deadline=None, derandomize=True)
@given(mode=st.sampled_from(list(Mode)), wished=wishes, earlier=wishes, measured=frames)
def test_whatever_is_wished_only_what_is_allowed_leaves(
    mode: Mode, wished: Setpoints, earlier: Setpoints, measured: SensorFrame
) -> None:
    first = gate.check(Mode.CROSSING, earlier, None, measured, BOUNDS, DT_S)
    assert_promises(Mode.CROSSING, None, measured, first)
    second = gate.check(mode, wished, first.setpoints, measured, BOUNDS, DT_S)
    assert_promises(mode, first.setpoints, measured, second)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(mode=st.sampled_from(list(Mode)), wished=wishes, measured=frames)
def test_what_has_passed_the_gate_passes_it_again(
    mode: Mode, wished: Setpoints, measured: SensorFrame
) -> None:
    """Nothing that leaves is against the rules: put in as a wish, it comes out as it is."""
    once = gate.check(mode, wished, None, measured, BOUNDS, DT_S).setpoints
    again = gate.check(mode, once, None, measured, BOUNDS, DT_S)
    assert again.setpoints == once
    assert not again.garbage


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    mode=st.sampled_from(list(Mode)),
    active=st.frozensets(st.sampled_from(sorted(failsafe.RULES)), max_size=6),
    more=st.sampled_from(sorted(failsafe.RULES)),
    stable=st.booleans(),
)
def test_more_wrong_is_never_less_done(mode: Mode, active: frozenset[str], more: str, stable: bool) -> None:
    less = failsafe.react(mode, active, stable, 0, None)
    worse = failsafe.react(mode, active | {more}, stable, 0, None)
    assert worse.action >= less.action
    assert worse.slow >= less.slow
    assert worse.inhibit >= less.inhibit


class Story:
    """A robot under random causes, with failsafe, machine and gate in the controller's order."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.machine = ModeMachine()
        self.active: set[str] = set()
        self.deferred: failsafe.Deferred | None = None
        self.t_ns = 0
        self.last: Setpoints | None = None
        self.grips = [0.0, 0.0, 0.0]

    def tick(self) -> None:
        roll = self.random.random
        self.t_ns += 10_000_000
        if roll() < 0.01:
            self.active.add(self.random.choice(sorted(failsafe.RULES)))
        if self.active and roll() < 0.05:
            self.active.remove(self.random.choice(sorted(self.active)))
        stable = roll() < 0.5
        before = self.machine.mode
        active = frozenset(self.active)
        reaction = failsafe.react(before, active, stable, self.t_ns, self.deferred)
        self.deferred = reaction.deferred
        stop = roll() < 0.005
        act = self.likely(ACTS, lambda act: OPERATOR_TRIGGERS[act]) if roll() < 0.3 else None
        told = self.likely(REPORTS, lambda trigger: trigger) if roll() < 0.3 else None
        report = told.value if told else None
        request = self.machine.choose(stop, reaction, act, report)
        answer = self.machine.step(request, active, reaction.inhibit) if request else None
        self.assert_modes(before, stop, reaction, request, answer.mode if answer else before)
        self.move(self.machine.mode)

    def likely(self, all_of_them: list[Any], trigger: Callable[[Any], Trigger]) -> Any:
        """More often than not one that matters in this mode."""
        matter = [one for one in all_of_them if isinstance(TABLE[self.machine.mode, trigger(one)], tuple)]
        return self.random.choice(matter if matter and self.random.random() < 0.7 else all_of_them)

    def assert_modes(
        self,
        before: Mode,
        stop: bool,
        reaction: failsafe.Reaction,
        request: Request | None,
        after: Mode,
    ) -> None:
        assert after is self.machine.mode
        if stop:  # S6
            assert after is Mode.STOPPED
        if reaction.action is failsafe.Action.STOP:
            assert after is Mode.STOPPED
        if before is Mode.STOPPED and after is not before:  # S7
            assert after is Mode.SAFE
            assert request is not None
            assert request.trigger is Trigger.RESET
            assert not failsafe.obstacles(Mode.STOPPED, frozenset(self.active))
        if before is Mode.SAFE and after is not before:  # S1
            assert after in (Mode.READY, Mode.STOPPED)
        if reaction.action is failsafe.Action.HOLD and before in MOVES:  # S8
            assert after in (Mode.HOLD, Mode.STOPPED)
        if before is Mode.HOLD and after in MOVES:
            assert request is not None
            assert request.trigger in (Trigger.RESUME, Trigger.MANUAL, Trigger.BACK_OFF)
            assert not failsafe.obstacles(after, frozenset(self.active))
        if after is Mode.CROSSING and before is not after:
            assert not reaction.inhibit or request is None or request.trigger is not Trigger.CROSSING_AHEAD

    def move(self, mode: Mode) -> None:
        """A wild behaviour, and carriages that go where the gate lets them."""
        uniform, choice = self.random.uniform, self.random.choice
        wild = wish(
            {
                Axis.TRACTION_FRONT: (VELOCITY, uniform(-20, 20)),
                choice(GRIP): (POSITION, choice([0.0, 0.04, 0.12, math.nan]), 0.0, 400.0),
                choice(GRIP): (POSITION, choice([0.0, 0.04, 0.12]), 0.0, uniform(0, 400)),
                Axis.ROTOR: (choice([VELOCITY, POSITION]), uniform(-9, 9), uniform(-9, 9)),
                Axis.CABLE: (choice([EFFORT, VELOCITY]), uniform(-50, 50)),
            }
        )
        pinch = tuple(choice([100.0, 100.0, 100.0, 0.0]) for _ in GRIP)
        measured = frame(grip_m=tuple(self.grips), pinch_n=pinch)
        gated = gate.check(mode, wild, self.last, measured, BOUNDS, DT_S)
        assert_promises(mode, self.last, measured, gated)
        self.last = gated.setpoints
        for carriage, axis in enumerate(GRIP):
            if self.last.mode[axis] == POSITION:
                step = self.last.target[axis] - self.grips[carriage]
                self.grips[carriage] += min(max(step, -0.02), 0.02)
        assert sum(place <= 0.0425 for place in self.grips) >= 2  # S11


@pytest.mark.parametrize("seed", range(4))
def test_no_story_breaks_a_promise(seed: int) -> None:
    tell(Story(seed), 5_000)


@pytest.mark.acceptance
def test_no_long_story_breaks_a_promise() -> None:
    tell(Story(17), 100_000)


def tell(story: Story, ticks: int) -> None:
    seen = set()
    for _ in range(ticks):
        story.tick()
        seen.add(story.machine.mode)
    assert seen == set(Mode), "the story has been dull"


def test_a_garbled_estimate_stops_any_robot() -> None:
    assert replace(estimate(), travel_m=math.nan) != estimate()
    for mode in MOVES:
        reaction = failsafe.react(mode, frozenset({"estimate_invalid"}), True, 0, None)
        assert reaction.action is failsafe.Action.STOP
