"""A reduced robot, for walking through all of its states: the real brain on a plant of few notches, in coarse time.

Controller, mode machine, failsafe table, gate, support rule, behaviours, route and crossing executor are the real
ones, and so are the plans, also those that are made on the way. Reduced are the world and time: a grip stands in one
of five notches, the guide in one of three, the robot at a place of its plan, where a step may be tried again, or
half-way between two, the rotor turns as fast as it is told; a tick takes five seconds, a step that is touched goes back
to where its drive began. What the estimator and most of the monitor would find out is given, so that it can be chosen.
"""

from __future__ import annotations

import copy
import math
from collections import deque
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, is_dataclass, replace
from enum import Enum
from functools import cache
from itertools import pairwise
from typing import Any, ClassVar
from unittest.mock import patch

from missions.job import read_job
from robot.behaviours.levelling import Levelling
from robot.behaviours.route import Ahead
from robot.controller import Controller
from robot.crossing import undo
from robot.crossing.planner import plan_crossing
from robot.crossing.stance import (
    Blocked,
    Carriages,
    Context,
    CrossingPlan,
    Stance,
    Step,
    StepKind,
    wheel_loads_n,
)
from robot.crossing.undo import Course
from robot.messages import (
    GRIP,
    TRACTION,
    Action,
    Axis,
    AxisMode,
    CarriageState,
    CommandFrame,
    Estimate,
    GuideSwitch,
    Mode,
    OperatorMessage,
    SeenFeature,
    SensorFrame,
    Setpoints,
)
from robot.modes.monitor import Monitor
from tests.robot.safety_cases import PARAMETERS, PROFILE, estimate, frame

DT_S = 5.0
DT_NS = round(DT_S * 1e9)
OLD_NS = 200_000_000  # feedback this old ends sending
STEP_S = 7.1  # what a step is planned to take: it fails when it is not done after five ticks
FAR_M = 0.1  # places farther apart than this have one half-way between
POLE_M = 30.0
PINCH_N = 400.0
LOADED_N = 20.0
COIL_KG = 4.0
NEAR_M = 0.001
BACK_M = 0.15  # places behind the plan, for a retreat

CLAMPED, CLOSING, OPEN, LIFTING, LIFTED = range(5)  # notches of a grip
GRIP_M = (0.0, 0.020, 0.040, 0.080, 0.120)
GUIDE_M = (
    PROFILE.guide.out_m,
    (PROFILE.guide.out_m + PROFILE.guide.retracted_m) / 2,
    PROFILE.guide.retracted_m,
)
GUIDE_SWITCH = (int(GuideSwitch.OUT), int(GuideSwitch.BETWEEN), int(GuideSwitch.RETRACTED))
FRONT, MIDDLE, REAR = range(3)

CREW = "crew"
_JOB = read_job("short-60m")
_FRAME, _ESTIMATE = frame(), estimate()


# ---------------------------------------------------------------- what happens


@dataclass(frozen=True, slots=True)
class Happening:
    """What is chosen for one tick, beside the passing of time."""

    name: str
    acts: tuple[tuple[Action, str], ...] = ()  # of the operator
    conditions: frozenset[str] = frozenset()  # that hold in this tick
    unread: int | None = None  # carriage whose force cells read nothing
    jams: bool = False  # nothing moves, whatever is told
    misses: bool = False  # a grip that closes does not take hold
    blind: bool = False  # feedback is old
    unseen: bool = False  # the camera sees no feature
    restarts: bool = False  # the computer starts anew before the tick

    @property
    def mishap(self) -> str:
        """What goes wrong, "" = nothing: people and power are no mishaps."""
        wrong = self.jams or self.misses or self.blind or self.unseen or self.unread is not None
        return self.name if wrong or (self.conditions and not self.acts) else ""


NOTHING = Happening("nothing")
JAM = Happening("nothing moves", jams=True)


def act(action: Action, argument: str = "", *conditions: str) -> Happening:
    name = " ".join(word for word in (action.value, argument, *conditions) if word)
    return Happening(name, ((action, argument),), frozenset(conditions))


def condition(name: str) -> Happening:
    return Happening(name, conditions=frozenset({name}))


# ---------------------------------------------------------------- plant


@dataclass(frozen=True, slots=True)
class Plant:
    """The robot's body."""

    grips: tuple[int, int, int] = (CLAMPED, CLAMPED, CLAMPED)
    takes: tuple[bool, bool, bool] = (True, True, True)  # False: closed, but the conductor is not in it
    rotor_rad: float = 0.0
    guide: int = 0
    place_m: float = 0.0  # of the middle carriage, from the first feature
    speed_mps: float = 0.0

    def after(self, points: Setpoints, places_m: tuple[float, ...], happens: Happening) -> Plant:
        """A tick later."""
        if happens.jams:
            return replace(self, speed_mps=0.0)
        grips, takes = list(self.grips), list(self.takes)
        for carriage, axis in enumerate(GRIP):
            if points.mode[axis] == AxisMode.POSITION:
                grips[carriage] = _towards(points.target[axis], GRIP_M, self.grips[carriage])
            arrives = grips[carriage] == CLAMPED != self.grips[carriage]
            takes[carriage] = not (arrives and happens.misses) and (
                takes[carriage] or grips[carriage] != CLAMPED
            )
        speeds = [points.target[axis] for axis in TRACTION if points.mode[axis] == AxisMode.VELOCITY]
        speed_mps = max(speeds, key=abs, default=0.0) * PROFILE.carriages.wheel_radius_m
        rotor_rad = self.rotor_rad
        if points.mode[Axis.ROTOR] == AxisMode.POSITION:
            rotor_rad = points.target[Axis.ROTOR]
        guide = self.guide
        if points.mode[Axis.GUIDE] == AxisMode.POSITION:
            guide = _towards(points.target[Axis.GUIDE], GUIDE_M, self.guide)
        return Plant(
            (grips[0], grips[1], grips[2]),
            (takes[0], takes[1], takes[2]),
            rotor_rad,
            guide,
            _next_m(places_m, self.place_m, speed_mps),
            speed_mps,
        )

    def holds(self, carriage: int) -> bool:
        return self.grips[carriage] == CLAMPED and self.takes[carriage]

    def loads_n(self) -> tuple[float, float, float]:
        """What the wheels carry, without pinch."""
        states = [
            CarriageState.CLAMPED
            if self.holds(i)
            else CarriageState.OPEN
            if grip <= OPEN
            else CarriageState.LIFTED
            for i, grip in enumerate(self.grips)
        ]
        return _loads_n(states[0], states[1], states[2])

    def unsafe(self) -> str:
        """Which half of the support rule is broken, in its own words; "" = none."""
        on = [grip <= OPEN for grip in self.grips]
        loads_n = self.loads_n()
        holding = [self.holds(i) and loads_n[i] + PINCH_N >= LOADED_N for i in range(3)]
        if sum(on) < 2:
            return "fewer than two carriages on the conductor"
        if not any(holding):
            return "no carriage is clamped and loaded"
        return "" if on[REAR] or holding[FRONT] else "the rear is off and the front is not clamped"


def _next_m(places_m: tuple[float, ...], place_m: float, speed_mps: float) -> float:
    """Where a tick's drive leads: to the next place."""
    if speed_mps > 0.0:
        return min((p for p in places_m if p > place_m), default=place_m)
    return max((p for p in places_m if p < place_m), default=place_m) if speed_mps < 0.0 else place_m


def _towards(target_m: float, notches_m: tuple[float, ...], notch: int) -> int:
    off_m = target_m - notches_m[notch]
    if abs(off_m) < 0.001:
        return notch
    return min(max(notch + (1 if off_m > 0.0 else -1), 0), len(notches_m) - 1)


_LOADS: dict[tuple[CarriageState, ...], tuple[float, float, float]] = {}


def _loads_n(*states: CarriageState) -> tuple[float, float, float]:
    if states not in _LOADS:
        on = [i for i, state in enumerate(states) if state is not CarriageState.LIFTED]
        front, middle, rear = (
            (
                max(load_n, 0.0)
                for load_n in wheel_loads_n(PROFILE, (states[0], states[1], states[2]), COIL_KG, 0.0)
            )
            if len(on) > 1
            else (400.0 if i in on else 0.0 for i in range(3))
        )
        _LOADS[states] = front, middle, rear
    return _LOADS[states]


# ---------------------------------------------------------------- what the brain is given


class Believes:
    """Instead of the estimator: what is measured is so."""

    health: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, *_: object, **__: object) -> None:
        self.sees: tuple[SeenFeature, ...] = ()

    def update(self, now: SensorFrame, mode: Mode, stance: object) -> Estimate:
        rotor_rad = now.axes.position[Axis.ROTOR]
        return replace(
            _ESTIMATE,
            chainage_m=now.sensors.odometer_m,
            travel_m=now.sensors.odometer_m,
            speed_mps=now.axes.velocity[Axis.TRACTION_FRONT] * PROFILE.carriages.wheel_radius_m,
            rotor_rad=rotor_rad,
            rotor_abs_rad=rotor_rad,
            features=self.sees,
        )

    def look_again(self) -> None:
        pass


class Sees(Monitor):
    """Instead of the whole monitor: what is chosen, and what the support rule and the grips tell, at once."""

    given: frozenset[str] = frozenset()

    def update(
        self,
        now: SensorFrame,
        believed: Estimate,
        health: frozenset[str],
        last: CommandFrame | None,
        mode: Mode,
    ) -> frozenset[str]:
        found = list(self.given)
        self._support(found, now, mode)
        if last is not None:
            self._rotor_and_grips(found, now, last.setpoints)
        return frozenset(found) - {"coupling_error"}  # the rotor of the model is where it was told to be


# ---------------------------------------------------------------- brain and plant together

# What does not decide what the robot may do: clocks, books, places of origin, what is told to people, and what is
# given anew before it is used. `_deferred` is told by its age.
_CLOCKS_AND_BOOKS = (
    "_last",
    "_events",
    "_heard_ns",
    "_jog",
    "_jog_t_ns",
    "_seq",
    "_pending",
    "_retries",
    "_taken_s",
    "_steady_s",
    "_part_s",
    "_planned_s",
)
_FOR_RETREAT = ("farthest_m", "free_from_m")
_GIVEN_ANEW = ("_active", "_deferred", "_reset", "active", "inhibit", "detail", "reason", "_last_lay_rad")
_WAITS = ("waited_s", "_level_s", "_looked_s", "_travel_origin_m")
_CONSTANT = ("profile", "_profile", "line", "parameters", "_parameters", "_bounds", "_places", "_looked_at")
_LEFT_OUT = frozenset((*_FOR_RETREAT, *_CLOCKS_AND_BOOKS, *_GIVEN_ANEW, *_WAITS, *_CONSTANT))
# What a behaviour begins anew when its mode begins.
_OF_A_MODE = {
    "in_step_s": Mode.CROSSING,
    "confirmed_s": Mode.CROSSING,
    "missed_s": Mode.CROSSING,
    "tries": Mode.CROSSING,
    "_clamped": Mode.CROSSING,
    "_refusal": Mode.CROSSING,
    "_drawn_up": Mode.WRAP,
    "_pinch_n": Mode.WRAP,
    "_levelling": Mode.WRAP,
    "_swaying": Mode.WRAP,
    "_back": Mode.WRAP,
    "_start_m": Mode.WRAP,
    "_to_m": Mode.RETREAT,
}
_TOLD_BOX = "_instead"
_BOXES = (list, dict, deque)

Memory = tuple[
    tuple[Any, dict[str, Any], tuple[str, ...]], ...
]  # object, its attributes, which of them are boxes


@dataclass(frozen=True, slots=True)
class State:
    """One state of the whole: what the brain remembers, the body, and the time."""

    memory: Memory
    plant: Plant
    t_ns: int
    mode: Mode
    geared: bool  # the rotor turns with travel: its angle follows from the place
    course: Course  # in force, or else the first
    mishap: str = ""  # of the tick before
    mishaps: int = 0  # so far; one that goes on counts once

    @property
    def put_off_ns(self) -> int | None:
        """Since when a HOLD waits for a stable stance."""
        put_off = self.memory[0][1]["_deferred"]
        return put_off.since_ns if put_off else None

    @property
    def waited_ns(self) -> int:
        return 0 if self.put_off_ns is None else self.t_ns - self.put_off_ns


@dataclass(frozen=True, slots=True)
class Move:
    """What one tick did."""

    to: State
    frame: SensorFrame
    command: CommandFrame

    @property
    def rolls(self) -> bool:
        """Some wheel is told to turn."""
        points = self.command.setpoints
        return any(points.mode[a] == AxisMode.VELOCITY and points.target[a] != 0.0 for a in TRACTION)


class Model:
    """The reduced robot before one group of features.

    There is one brain. What it remembers is taken out of it after every tick, and put back to go on from there.

    Args:
        plan: how the features are crossed.
        retreats: how far the robot has come counts: somebody may send it back.
    """

    def __init__(self, plan: CrossingPlan, retreats: bool = False) -> None:
        self._retreats = retreats
        self.plan = plan = _in_model_time(plan)
        self._plans: dict[tuple[float, Stance], CrossingPlan | Blocked] = {}
        self._places_m: dict[int, tuple[float, ...]] = {}
        seen = tuple(SeenFeature(f.kind, POLE_M + f.at_m, 0.01, True, True) for f in plan.features)
        self._seen = {False: seen, True: tuple(replace(f, confirmed=False) for f in seen)}  # by `unseen`
        self._brain: Controller
        self._believes: Believes
        self._sees: Sees
        self._constant: frozenset[int]
        self._fresh: Memory

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """While it is, a brain lives in the model's time, with what the model gives it."""
        with (
            patch.multiple("robot.controller", Estimator=Believes, Monitor=Sees, _PAUSE_S=DT_S),
            patch("robot.behaviours.route.plan_crossing", self._plan),
            patch("robot.crossing.undo.drive", _drive),
            patch("robot.crossing.executor._CONTACT_BACK_M", math.inf),
        ):
            brain = self._brain = Controller(PROFILE, _JOB.line, PARAMETERS)
            assert isinstance(brain._monitor, Sees)
            assert isinstance(brain._estimator, Believes)
            self._sees, self._believes = brain._monitor, brain._estimator
            constant = (
                *(PROFILE, _JOB.line, brain._wish, brain._monitor, brain._estimator, brain._motion.geometry),
                *(brain._route._shape, brain._crossing._measured),
            )
            self._constant = frozenset(map(id, constant))
            self._fresh = self._remembered()
            yield

    def begin(self) -> State:
        """Not armed yet, before the features, a job under way."""
        self._recall(self._fresh)
        self._brain._machine._model.job = Mode.WRAP
        return State(
            self._remembered(),
            Plant(place_m=round(self.plan.from_m, 4)),
            DT_NS,
            Mode.SAFE,
            False,
            Course(self.plan),
        )

    def tick(self, state: State, happens: Happening) -> Move:
        """One tick from `state`, in which `happens` happens."""
        brain = self._brain
        self._recall(self._fresh if happens.restarts else state.memory)
        self._sees.given = happens.conditions
        self._believes.sees = self._seen[happens.unseen]
        now = self._frame(state, happens)
        command = brain.tick(now)
        course = brain._crossing._course or Course(self.plan)
        plant = state.plant.after(command.setpoints, self._places(course.plan), happens)
        after = State(
            self._remembered(),
            plant,
            state.t_ns + DT_NS,
            command.mode,
            brain._motion.geared,
            course,
            happens.mishap,
            state.mishaps + (happens.mishap not in ("", state.mishap)),
        )
        return Move(after, now, command)

    def foreseen(self, before: Plant, after: Plant, course: Course) -> bool:
        """Whether the plan has the carriages as they are where the robot rolls."""
        low_m, high_m = sorted((before.place_m, after.place_m))
        states = {CLAMPED: CarriageState.CLAMPED, OPEN: CarriageState.OPEN, LIFTED: CarriageState.LIFTED}
        carriages = tuple(states.get(grip) for grip in after.grips)
        if high_m <= self.plan.from_m + NEAR_M or low_m >= self.plan.to_m - NEAR_M:
            return carriages == (CarriageState.CLAMPED,) * 3
        return any(
            carriages in stands and from_m - NEAR_M <= low_m and high_m <= to_m + NEAR_M
            for stands, from_m, to_m in _stretches(course)
        )

    def _plan(self, *given: Any) -> CrossingPlan | Blocked:
        """Instead of the planner: the plan, and the planner's own from where that does not fit any more."""
        *features, context = given
        if context.start_m is None:
            return self.plan
        key = context.start_m, context.start
        if key not in self._plans:
            here = Context(start_m=context.start_m, start=context.start)
            found = plan_crossing(*features, here)
            self._plans[key] = _in_model_time(found) if isinstance(found, CrossingPlan) else found
        return self._plans[key]

    def _places(self, plan: CrossingPlan) -> tuple[float, ...]:
        """Where the robot can be while a plan is in force."""
        if id(plan) not in self._places_m:
            self._places_m[id(plan)] = _places_of(self.plan, plan)
        return self._places_m[id(plan)]

    def _frame(self, state: State, happens: Happening) -> SensorFrame:
        t_ns, plant = state.t_ns, state.plant
        read_ns = t_ns - OLD_NS if happens.blind else t_ns
        loads_n = plant.loads_n()
        position, velocity = list(_FRAME.axes.position), list(_FRAME.axes.velocity)
        for carriage, axis in enumerate(GRIP):
            position[axis] = GRIP_M[plant.grips[carriage]]
        for axis in TRACTION:
            velocity[axis] = plant.speed_mps / PROFILE.carriages.wheel_radius_m
        position[Axis.ROTOR], position[Axis.GUIDE] = plant.rotor_rad, GUIDE_M[plant.guide]
        acts = ((Action.TAKE, ""), (Action.HEARTBEAT, ""), *happens.acts)
        first = t_ns // DT_NS * len(Action)
        return replace(
            _FRAME,
            t_ns=t_ns,
            axes=replace(_FRAME.axes, t_ns=read_ns, position=tuple(position), velocity=tuple(velocity)),
            sensors=replace(
                _FRAME.sensors,
                t_ns=read_ns,
                odometer_m=POLE_M + plant.place_m,
                pinch_n=tuple(PINCH_N if plant.holds(i) and i != happens.unread else 0.0 for i in range(3)),
                wheel_load_n=tuple(0.0 if i == happens.unread else loads_n[i] for i in range(3)),
                guide_switch=GUIDE_SWITCH[plant.guide],
            ),
            imu=replace(_FRAME.imu, t_ns=t_ns),
            battery=replace(_FRAME.battery, t_ns=t_ns),
            safety=replace(_FRAME.safety, t_ns=t_ns),
            operator=tuple(OperatorMessage(t_ns, first + i, CREW, *one) for i, one in enumerate(acts)),
        )

    # ------------------------------------------------------------------ what the brain remembers

    def _remembered(self) -> Memory:
        memory: list[tuple[Any, dict[str, Any], tuple[str, ...]]] = []
        known, todo = set(self._constant), [self._brain]
        while todo:
            thing: Any = todo.pop()
            if id(thing) in known:
                continue
            known.add(id(thing))
            values = _attributes(thing)
            boxes = tuple(name for name, value in values.items() if type(value) in _BOXES)
            for name in boxes:
                box = values[name] = copy.copy(values[name])
                todo += [
                    part for part in (box.values() if type(box) is dict else box) if _changes(type(part))
                ]
            todo += [value for value in values.values() if _changes(type(value))]
            memory.append((thing, values, boxes))
        return tuple(memory)

    def _recall(self, memory: Memory) -> None:
        for thing, values, boxes in memory:
            for name, value in values.items():
                setattr(thing, name, value)
            for name in boxes:
                setattr(thing, name, copy.copy(values[name]))

    def name(self, state: State) -> Hashable:
        """Equal for states that differ in nothing that counts."""
        plant, brain = state.plant, state.memory[0][1]
        put_off = brain["_deferred"]
        waits = (put_off.cause, (state.t_ns - put_off.since_ns) // DT_NS) if put_off else None
        mind = tuple(
            _told(type(thing), values, boxes, state.mode)
            for thing, values, boxes in state.memory
            if state.mode is Mode.WRAP or type(thing) is not Levelling
        )
        rotor = None if state.geared else _turn(plant.rotor_rad)
        body = plant.grips, plant.takes, rotor, plant.guide, plant.place_m, round(plant.speed_mps, 2)
        motion = self._brain._motion
        come = next(values for thing, values, _ in state.memory if thing is motion) if self._retreats else {}
        ways = tuple(round(come[name], 3) for name in _FOR_RETREAT if come)
        return body, waits, mind, ways, state.mishap, state.mishaps


def _in_model_time(plan: CrossingPlan) -> CrossingPlan:
    return replace(plan, steps=tuple(replace(step, duration_s=STEP_S) for step in plan.steps))


def _drive(*way: Any) -> Step:
    return replace(_REAL_DRIVE(*way), duration_s=STEP_S)


_REAL_DRIVE = undo.drive


def _places_of(*plans: CrossingPlan) -> tuple[float, ...]:
    ends = set()
    for course in map(Course, plans):
        ends.add(course.plan.from_m)
        for index, step in enumerate(course.plan.steps):
            ends |= {step.s_m, *(again.s_m for n in (1, 2) for again in course.tried_again(index, n))}
    places = sorted({round(end, 4) for end in ends})
    halves = [round((a + b) / 2, 4) for a, b in pairwise(places) if b - a > FAR_M]
    behind = [round(places[0] - i * BACK_M, 4) for i in (1, 2, 3)]
    return tuple(sorted({*places, *halves, *behind}))


@cache
def _stretches(course: Course) -> tuple[tuple[tuple[Carriages, ...], float, float], ...]:
    """Where the plan has the robot roll in which stances: on its drives, and where a step leaves it free to be done."""
    return tuple(
        (
            (step.stance.carriages,)
            if step.kind is StepKind.ADVANCE
            else (course.before(i).carriages, step.stance.carriages),
            *step.free_m,
        )
        for i, step in enumerate(course.plan.steps)
    )


def _attributes(thing: object) -> dict[str, Any]:
    if hasattr(thing, "__dict__"):
        return vars(thing).copy()
    return {name: getattr(thing, name) for name in thing.__slots__}  # type: ignore[attr-defined]


@cache
def _changes(kind: type) -> bool:
    """Whether objects of this kind change."""
    ours = kind.__module__.startswith(("robot.", "tests.")) and not issubclass(kind, Enum)
    return ours and not _is_frozen(kind)


def _is_frozen(kind: type) -> bool:
    return is_dataclass(kind) and kind.__dataclass_params__.frozen  # type: ignore[attr-defined, no-any-return]


def _told(kind: type, values: dict[str, Any], boxes: tuple[str, ...], mode: Mode) -> int:
    """A number for what an object remembers, the same for the same."""
    names = _names(kind, tuple(values), boxes, mode)
    raw = (kind, names, *(_by_name(values[name]) for name in names))
    if raw not in _TOLD:
        plain = (kind, *(_plain(value, name) for name, value in zip(names, raw[2:], strict=True)))
        _TOLD[raw] = _NUMBERS.setdefault(plain, len(_NUMBERS))
    return _TOLD[raw]


_TOLD: dict[Hashable, int] = {}
_NUMBERS: dict[Hashable, int] = {}


@cache
def _names(kind: type, names: tuple[str, ...], boxes: tuple[str, ...], mode: Mode) -> tuple[str, ...]:
    """The attributes that count in this mode."""
    left_out = _LEFT_OUT | {name for name, only in _OF_A_MODE.items() if only is not mode}
    told = {name for name in names if name not in boxes} | {_TOLD_BOX}
    return tuple(name for name in names if name in told - left_out)


def _by_name(value: Any) -> Any:
    """What changes is told for itself; what is long and never changes is known by its kind and place."""
    if _changes(type(value)):
        return type(value)
    if isinstance(value, Ahead):
        return value.features, id(value.plan)
    if isinstance(value, Course):
        return id(value.plan), value.start
    if isinstance(value, deque):
        return tuple(
            (s.kind, s.carriage, s.stance, *(round(p, 3) for p in (s.s_m, *s.free_m))) for s in value
        )
    return value


def _turn(angle_rad: float) -> float:
    return round(angle_rad % (2 * math.pi), 1) % 6.3


def _plain(value: Any, name: str) -> Hashable:
    """Something that can be compared, as exactly as it counts."""
    if name == "_gear":
        return value is not None
    if name in ("_grasp_s", "_refusal"):
        return bool(value > type(value)())
    if name == "contacts":
        return min(value, 2)  # type: ignore[no-any-return]
    if isinstance(value, float):
        return _turn(value) if name.endswith("_rad") else round(value, 2)
    if type(value).__name__ == "_Swing":
        return tuple(_plain(part, f"{name}_rad") for part in (value.to_rad, value.at_rad))
    return value
