"""The brain's one entry: `tick` turns a `SensorFrame` into a `CommandFrame` (design, section 3).

`tick` is a function of the controller's state and its argument alone. It reads top to bottom: estimate, events,
failsafe, mode, behaviour, gate. Nothing but the gate's answer leaves, and whatever is raised on the way ends in
STOPPED with every axis on its brake.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any, Protocol

from robot.behaviours.hold import Hold
from robot.behaviours.levelling import WindMemory
from robot.behaviours.manual import Manual
from robot.behaviours.motion import Motion
from robot.behaviours.mounting import Mounting
from robot.behaviours.retreat import Retreat
from robot.behaviours.route import Route
from robot.behaviours.travel import Travel
from robot.behaviours.wish import Situation, Wish
from robot.behaviours.wrap import Wrap
from robot.crossing.executor import Crossing
from robot.estimate.estimator import Estimator
from robot.line import catalogue
from robot.line.line import Line
from robot.messages import (
    Action,
    CommandFrame,
    Estimate,
    Event,
    LayRecord,
    Mode,
    OperatorMessage,
    SensorFrame,
    Setpoints,
)
from robot.modes.events import changes
from robot.modes.machine import OPERATOR_TRIGGERS, ModeMachine, Request
from robot.modes.monitor import Monitor
from robot.parameters import Parameters
from robot.profile import Profile
from robot.safety import arming, failsafe, gate, support
from robot.safety.authority import Acts, Authority

NOMINAL_DT_S = 0.010
_PAUSE_S = 0.100  # after a longer gap nothing earlier counts (promise S23)


class ModeError(Exception):
    """The mode machine could not do what its table says; ends in STOPPED like everything that is raised."""


class Behaviour(Protocol):
    """What moves the robot in one mode."""

    detail: str  # of the last report, for people

    def enter(self, situation: Situation) -> None:
        """The mode has just begun."""

    def step(self, wish: Wish, situation: Situation) -> str | None:
        """Wish for this tick's motion; returns what the mode machine should know."""


def _blank(name: str) -> Any:
    """What an estimate holds of a field before anything was measured."""
    return () if name in ("slip", "innovation", "features") else math.nan


class Controller:
    """One robot on one job.

    Args:
        profile, line, parameters: what it is, where it works, how it is tuned.
        survey_sigma_m: 1 sigma of the survey's chainages; None = the parameter.
        start_m: chainage at which the crew hung the robot; None = where the lay begins.
    """

    def __init__(
        self,
        profile: Profile,
        line: Line,
        parameters: Parameters,
        survey_sigma_m: float | None = None,
        start_m: float | None = None,
    ) -> None:
        self._parameters = parameters
        self._bounds = gate.Bounds.of(profile, parameters)
        self._places = support.SupportLimits.of(profile, parameters)
        self._estimator = Estimator(profile, line, parameters, survey_sigma_m, start_m)
        self._monitor = Monitor(profile, parameters, line.tension_n)
        self._authority = Authority()
        self._machine = ModeMachine()
        self._motion = Motion(profile, line, parameters)
        self._route = Route(profile, line, parameters)
        wind = WindMemory(profile.limits.roll_crossing_max_deg)
        self._wrap = Wrap(self._motion, self._route, wind)
        self._crossing = Crossing(self._motion, self._route, wind)
        hold = Hold(self._motion)
        self._behaviours: dict[Mode, Behaviour] = {
            Mode.SAFE: hold,
            Mode.READY: hold,
            Mode.MANUAL: Manual(self._motion),
            Mode.MOUNTING: Mounting(self._motion),
            Mode.TRAVEL: Travel(self._motion),
            Mode.WRAP: self._wrap,
            Mode.CROSSING: self._crossing,
            Mode.HOLD: hold,
            Mode.RETREAT: Retreat(self._motion),
            Mode.STOPPED: hold,
        }
        self._wish = Wish(profile)
        self._active: frozenset[str] = frozenset()
        self._deferred: failsafe.Deferred | None = None
        self._report: str | None = None
        self._entered: Mode | None = None
        self._last: CommandFrame | None = None
        self._events: list[Event] = []
        self._reset = False
        self._cap_mps = math.inf

    def tick(self, frame: SensorFrame) -> CommandFrame:
        """One tick: everything that is measured in, everything that is commanded out."""
        try:
            command = self._tick(frame)
        except Exception as error:
            command = self._after_failure(frame, error)
        self._last = command
        return command

    @property
    def active(self) -> frozenset[str]:
        """Conditions that held in the last tick."""
        return self._active

    @property
    def holder(self) -> str:
        """The client that drives, "" = nobody."""
        return self._authority.holder

    def _tick(self, frame: SensorFrame) -> CommandFrame:
        dt_s, last = self._time_step(frame)
        self._events, self._reset = [], False
        mode = self._machine.mode

        # 1 estimate
        stance = support.stance(frame, self._places)
        estimate = self._estimator.update(frame, mode, stance)

        # 2 events
        acts = self._authority.accept(frame.operator, frame.t_ns)
        health = self._estimator.health
        if self._authority.silent(mode, frame.t_ns):
            health = health | {"console"}
        active = self._monitor.update(frame, estimate, health, last, mode)
        self._events += changes(frame.t_ns, self._active, active)
        self._events += acts.events
        self._active = active

        # 3 failsafe
        stable = mode is not Mode.CROSSING or not self._crossing.mid_way
        reaction = failsafe.react(mode, active, stable, frame.t_ns, self._deferred)
        self._deferred = reaction.deferred

        # 4 mode
        situation = Situation(
            frame.t_ns, dt_s, frame, estimate, stance, self._speed_cap(mode, reaction, dt_s), acts.jog
        )
        request = self._machine.choose(
            acts.stop, reaction, acts.act.action if acts.act else None, self._report
        )
        if request is not None:
            self._change_mode(request, situation, acts, reaction)
        self._settle(request, acts, frame.t_ns)
        mode = self._machine.mode

        # 5 behaviour
        self._motion.observe(situation)
        behaviour = self._behaviours[mode]
        if mode is not self._entered:
            self._entered = mode
            behaviour.enter(situation)
        self._wish.clear()
        self._report = behaviour.step(self._wish, situation) or self._report
        wish = self._wish.setpoints()

        # 6 gate
        gated = gate.check(
            mode, wish, last.setpoints if last else None, frame, self._bounds, dt_s, situation.speed_cap_mps
        )
        if gated.garbage:
            self._fail(frame.t_ns, "wish_garbage", "")
        return self._command(frame, estimate, gated.setpoints, wish.target, gated.denied)

    # ------------------------------------------------------------------ parts of a tick

    def _time_step(self, frame: SensorFrame) -> tuple[float, CommandFrame | None]:
        """Time since the last tick and its answer; after a pause there is none to go on from."""
        if self._last is None:
            return NOMINAL_DT_S, None
        dt_s = (frame.t_ns - self._last.t_ns) / 1e9
        if 0.0 < dt_s <= _PAUSE_S:
            return dt_s, self._last
        self._motion.forget_speed()
        return NOMINAL_DT_S, None

    def _speed_cap(self, mode: Mode, reaction: failsafe.Reaction, dt_s: float) -> float:
        """What the failsafe leaves of the speed; it comes down no faster than a ramp that the rotor can follow."""
        if not reaction.slow:
            self._cap_mps = math.inf
        else:
            start_mps = min(self._cap_mps, abs(self._motion.speed_mps))
            motion, crossing = self._motion, mode is Mode.CROSSING
            ramp_mps2 = motion.crossing_acceleration_mps2() if crossing else motion.acceleration_mps2()
            lowered_mps = start_mps - ramp_mps2 * dt_s
            self._cap_mps = max(lowered_mps, self._parameters.degraded_speed_mps)
        return self._cap_mps

    def _change_mode(
        self, request: Request, situation: Situation, acts: Acts, reaction: failsafe.Reaction
    ) -> None:
        """Carry out the one request of this tick, with what has to be right before and what follows from it."""
        t_ns, act = situation.t_ns, acts.act
        by_operator = act is not None and request.reason == f"operator_{act.action.value}"
        if by_operator and act is not None and act.action is Action.ARM and not self._may_arm(situation):
            return
        if (
            by_operator
            and act is not None
            and act.action is Action.TREAT_AS
            and not self._may_treat(act, t_ns)
        ):
            return
        before = self._machine.mode
        step = self._machine.step(request, self._active, reaction.inhibit)
        if step.failed:
            raise ModeError(f"{request.trigger.value} in {before.value}")
        if step.refused:
            self._events.append(Event(t_ns, "command_refused", step.refused))
            return
        if by_operator and act is not None:
            self._obey(act.action, act.argument, situation)
        if not step.changed:
            return
        if request.reason not in self._active:  # a condition has told itself already
            detail = self._behaviours[before].detail if request.reason == self._report else ""
            self._events.append(Event(t_ns, request.reason, detail))
        if step.mode is Mode.CROSSING and before in (Mode.WRAP, Mode.TRAVEL) and self._wrap.ahead is not None:
            self._crossing.begin(self._wrap.ahead, situation)
        if before is Mode.CROSSING and "contact" in self._active:
            self._crossing.touched()
        self._reset = before is Mode.STOPPED and step.mode is Mode.SAFE

    def _settle(self, request: Request | None, acts: Acts, t_ns: int) -> None:
        """What graver things kept from being heard: a report waits for the next tick, an act is refused."""
        reason = request.reason if request else None
        if reason == self._report:
            self._report = None
        if (
            acts.act is not None
            and reason != f"operator_{acts.act.action.value}"
            and acts.act.action in OPERATOR_TRIGGERS
        ):
            self._events.append(
                Event(t_ns, "command_refused", f"{acts.act.action.value}: {reason} came first")
            )

    def _may_arm(self, situation: Situation) -> bool:
        preparation = arming.Preparation(situation.frame, situation.estimate, self._active, self._parameters)
        failed = arming.check(preparation)
        self._events += [Event(situation.t_ns, name) for name in failed]
        return not failed

    def _may_treat(self, act: OperatorMessage, t_ns: int) -> bool:
        """Only what is known, and only where something waits to be named."""
        if act.argument in catalogue.KINDS and self._wrap.ahead is not None:
            return True
        near = ", ".join(catalogue.nearest(act.argument, catalogue.KINDS))
        why = (
            f"no feature is called {act.argument!r}; near is {near}"
            if self._wrap.ahead
            else "nothing is ahead"
        )
        self._events.append(Event(t_ns, "command_refused", f"treat_as: {why}"))
        return False

    def _obey(self, action: Action, argument: str, situation: Situation) -> None:
        """What an operator's act changes beside the mode."""
        if action is Action.END_JOB:
            self._motion.end_lay(situation)
        elif action is Action.LOOK_AGAIN:
            self._estimator.look_again()
            self._wrap.look_first()
        elif action is Action.TREAT_AS and self._wrap.ahead is not None:
            self._route.treat_as(argument, self._wrap.ahead)

    def _command(
        self,
        frame: SensorFrame,
        estimate: Estimate,
        setpoints: Setpoints,
        wished: tuple[float, ...],
        denied: tuple[str, ...],
    ) -> CommandFrame:
        mode = self._machine.mode
        records: tuple[LayRecord, ...] = ()
        if self._motion.records:
            records = tuple(self._motion.records)
            self._motion.records.clear()
        return CommandFrame(
            t_ns=frame.t_ns,
            seq=self._last.seq + 1 if self._last else 1,
            mode=mode,
            reason=self._machine.reason,
            armed=mode not in (Mode.SAFE, Mode.STOPPED),
            stop=mode is Mode.STOPPED,
            reset=self._reset,
            valid_for_ms=int(self._parameters.setpoint_life_ms),
            setpoints=setpoints,
            estimate=estimate,
            events=tuple(self._events),
            denied=denied,
            crossing=self._crossing.status if mode is Mode.CROSSING else None,
            records=records,
            finished=self._machine.reason == "lay_end"
            and mode is Mode.HOLD
            and self._motion.speed_mps == 0.0,
            wish=wished,
        )

    # ------------------------------------------------------------------ failures

    def _fail(self, t_ns: int, event_id: str, detail: str) -> None:
        self._machine.force_stop(event_id)
        self._events.append(Event(t_ns, event_id, detail))

    def _after_failure(self, frame: SensorFrame, error: Exception) -> CommandFrame:
        """Something in the brain raised: STOPPED, brakes, in this very tick (promise S21)."""
        self._fail(frame.t_ns, "internal_error", f"{type(error).__name__}: {error}")
        self._report = None
        self._motion.forget_speed()
        estimate = self._last.estimate if self._last else _UNKNOWN
        return self._command(frame, estimate, gate.closed(self._bounds), (), ("all: internal error",))


_UNKNOWN = Estimate(*(_blank(f.name) for f in dataclasses.fields(Estimate)))
