"""Every step of a crossing, and every fault that may come in the middle of it.

The pole is crossed once; the middle of each step is kept, and each fault is played from there until the robot stands
or its time is up. What came of it is judged by the world's truth: the referee watches every tick, and in the end the
robot must stand in a stance that carries it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from hil.faulty_line import LinkFault
from hil.referee import Referee
from hil.rules import LOADED_N, PLACE_TOLERANCE_M
from hil.scenario import Fault
from hil.world.truth import TruthState
from missions.clock import TICK_NS
from robot.messages import GRIP, TRACTION, Action, Axis, AxisFault, AxisMode, Mode
from robot.profile import Profile
from tests.faults import injections as inject
from tests.faults.checks import AT_REST_MPS, Limits
from tests.faults.injections import Injection
from tests.faults.rig import Rig, Tick, short_job

BEFORE_POLE_M = 3.0  # near enough to save time, far enough to see the pole first
_PLAY_S = 35.0  # the longest deferral, and a stop
_STANDS_S = 1.0  # at rest this long, it stays there
_DEAD_S = 3.0  # the power is gone for so long
_MENDED_S = 1.2  # to watch after the fault is gone
_GRIPS = ("front", "middle", "rear")
STANDING = frozenset({Mode.SAFE, Mode.HOLD, Mode.STOPPED})
_FOREVER = itertools.repeat(None)


@dataclass(frozen=True)
class StepFault:
    """A fault, and what the robot is to do about it in whatever step it comes."""

    name: str
    injection: Injection
    causes: Mapping[Mode, tuple[str, ...]]  # where it may end, and why
    within_s: float
    may_go_on: bool = False  # the crossing is not harmed by it: it may come to its end meanwhile
    restarts: bool = False  # the host is dead for a while, and started again
    no_harm: frozenset[tuple[str, str]] = frozenset()  # rule and part of violations that are in its nature


@dataclass(frozen=True)
class Ending:
    """What came of one fault in one step."""

    problems: tuple[str, ...]  # empty = all is as it should be
    mode: Mode
    cause: str
    after_s: float  # from the fault to the mode it ended in
    stance: str  # of the three carriages, by the world's truth


# ---------------------------------------------------------------- faults


def _axis_at_work(rig: Rig) -> Axis:
    """What the step moves: the grip, rotor or guide that is not yet at its place, else a driven wheel."""
    points, position = rig.now.command.setpoints, rig.now.frame.axes.position
    for axis in (*GRIP, Axis.GUIDE):
        if points.mode[axis] == AxisMode.POSITION and abs(points.target[axis] - position[axis]) > 0.004:
            return axis
    driven = [axis for axis in TRACTION if points.mode[axis] == AxisMode.VELOCITY]
    return driven[0] if driven else Axis.ROTOR


def _drive_trips(rig: Rig) -> Iterator[None]:
    rig.plant.board.drives.trip(_axis_at_work(rig), AxisFault.OVER_CURRENT)
    yield from _FOREVER


def _carriage_unloaded(rig: Rig) -> Iterator[None]:
    """Of the carriage that moves; where none does, of the first that is closed."""
    axis = _axis_at_work(rig)
    closed = [i for i in range(3) if rig.now.truth.grip_m[i] <= PLACE_TOLERANCE_M]
    carriage = GRIP.index(axis) if axis in GRIP else closed[0]
    return inject.unloaded_grip(_GRIPS[carriage])(rig)


def _stop(rig: Rig) -> Iterator[None]:
    rig.crew.ask(Action.STOP)
    yield from _FOREVER


def _power_loss(rig: Rig) -> Iterator[None]:
    """Host and board lose their power and boot again where they stand."""
    cut = inject.power_cut(rig)
    next(cut)
    rig.plant.board.reset()
    try:
        yield from _FOREVER
    finally:
        rig.plant.board.reset()
        cut.close()


_STOPPED_BY_DRIVE = {Mode.STOPPED: ("drive_fault", "board_stopped")}
_LOST_GRIP = {
    Mode.HOLD: ("grip_unloaded", "crossing_failed"),
    Mode.STOPPED: ("support_unmeasured", "board_stopped"),
}
_SLIPPED = {Mode.HOLD: ("wheel_slip_long", "crossing_failed"), Mode.STOPPED: ("contact", "axis_stalled")}
_GREASE = (Fault(kind="slip", at_s=0.0, value=0.1), Fault(kind="drag", at_s=0.0, value=35.0))

FAULTS: Mapping[str, StepFault] = {
    fault.name: fault
    for fault in (
        StepFault("drive fault", _drive_trips, _STOPPED_BY_DRIVE, 0.3),
        StepFault("camera lost", inject.sensor("camera", "off"), {Mode.HOLD: ("camera_lost",)}, 31.0),
        StepFault("grip closed but not loaded", _carriage_unloaded, _LOST_GRIP, 35.0),
        StepFault("wheels slip", inject.world(*_GREASE), _SLIPPED, 35.0, may_go_on=True),
        StepFault("STOP", _stop, {Mode.STOPPED: ("operator_stop",)}, 0.02),
        StepFault("console lost", inject.silent_console, {Mode.HOLD: ("console_lost",)}, 31.1),
        StepFault(
            "line to the drives lost",
            inject.line(LinkFault.DISCONNECT),
            {Mode.STOPPED: ("link_lost",)},
            0.25,
        ),
        StepFault(
            "power lost, and restart",
            _power_loss,
            {Mode.SAFE: ("power_up",)},
            35.0,
            restarts=True,
            no_harm=frozenset({("rate", "cable")}),  # its tension spins the drive until the brake has closed
        ),
    )
}


# ---------------------------------------------------------------- judging


def stance_fault(truth: TruthState, profile: Profile) -> str:
    """Why the robot does not stand safely on the conductor by the world's truth, "" = it does."""
    carriages = profile.carriages
    on = [grip_m <= carriages.open_m + PLACE_TOLERANCE_M for grip_m in truth.grip_m]
    closed = [grip_m <= carriages.clamped_m + PLACE_TOLERANCE_M for grip_m in truth.grip_m]
    pressed_n = [load_n + pinch_n for load_n, pinch_n in zip(truth.wheel_load_n, truth.pinch_n, strict=True)]
    holds = [shut and force_n >= LOADED_N for shut, force_n in zip(closed, pressed_n, strict=True)]
    if not truth.held:
        return "the robot has fallen"
    if sum(on) < 2 or not any(holds):
        return f"{sum(on)} carriages on the conductor, {sum(holds)} of them hold"
    return "" if on[2] or holds[0] else "the rear is off and the front does not hold"


def stance_of(truth: TruthState, profile: Profile) -> str:
    """The three carriages, front first: C clamped, O open, L lifted, - between two places."""
    carriages = profile.carriages
    places = {"C": carriages.clamped_m, "O": carriages.open_m, "L": carriages.lifted_m}
    return "".join(
        next((code for code, at_m in places.items() if abs(grip_m - at_m) <= PLACE_TOLERANCE_M), "-")
        for grip_m in truth.grip_m
    )


class WatchedRig(Rig):
    """A rig that begins just before its pole, with a referee that sees every tick."""

    def __init__(self) -> None:
        job = short_job()
        super().__init__(job, job.line.poles[1].chainage_m - BEFORE_POLE_M)
        diameters_m = self.plant.world.conductor_diameter_m, job.line.cable.diameter_m
        self.referee = Referee(job.profile, job.line, self.plant.world.true_features, *diameters_m)

    def tick(self) -> Tick:
        tick = super().tick()
        command = tick.command if self.host_alive else replace(tick.command, mode=Mode.SAFE)
        self.referee.observe(tick.truth, command, self.loop.t_ns / 1e9)
        return tick


class StepPlayer:
    """One fault on one rig, from the middle of a step.

    Args:
        rig: where it stands now.
    """

    def __init__(self, rig: WatchedRig, fault: StepFault) -> None:
        self._rig, self._fault = rig, fault
        self._limits = Limits(rig.job.profile, rig.job.parameters)
        self._problems: dict[str, None] = {}
        self._ticks = 0
        self._reached_s = 0.0  # when it came into the mode that it is in

    def play(self) -> Ending:
        rig, fault = self._rig, self._fault
        self._broken = fault.injection(rig)
        next(self._broken)
        if fault.restarts:
            self._run(_DEAD_S)
            self._broken.close()
        standing_s = 0.0
        while standing_s < _STANDS_S and self._ticks * TICK_NS < _PLAY_S * 1e9:
            tick = self._tick()
            rests = rig.host_alive and rig.mode in STANDING and abs(tick.truth.speed_mps) < AT_REST_MPS
            standing_s = standing_s + TICK_NS / 1e9 if rests else 0.0
        self._judge_end(standing_s >= _STANDS_S)
        begin_m, mode = rig.now.truth.s_m, rig.mode
        self._broken.close()
        if mode in STANDING:
            self._run(_MENDED_S)
            self._find(rig.mode is not mode, f"after mending {mode.value} became {rig.mode.value}")
            self._find(abs(rig.now.truth.s_m - begin_m) > 0.005, "after mending it moves")
        return self._ending(mode)

    def _judge_end(self, stands: bool) -> None:
        rig, fault = self._rig, self._fault
        mode, reason = rig.mode, rig.now.command.reason
        went_on = fault.may_go_on and mode in (Mode.CROSSING, Mode.WRAP)
        if not went_on:
            self._find(not stands, f"it does not stand, {mode.value} ({reason})")
            self._find(reason not in fault.causes.get(mode, ()), f"it ends in {mode.value} ({reason})")
            self._find(self._reached_s > fault.within_s, f"{mode.value} after {self._reached_s:.2f} s")
        self._find(unsafe := stance_fault(rig.now.truth, rig.job.profile), unsafe)

    def _ending(self, mode: Mode) -> Ending:
        for entry in self._rig.referee.violations.entries:
            harmful = (entry.rule, entry.part) not in self._fault.no_harm
            self._find(harmful, f"{entry.rule} {entry.part} {entry.feature} {entry.value:.3f}")
        rig = self._rig
        stance = stance_of(rig.now.truth, rig.job.profile)
        return Ending(tuple(self._problems), mode, rig.now.command.reason, self._reached_s, stance)

    def _run(self, seconds: float) -> None:
        for _ in range(round(seconds * 1e9 / TICK_NS)):
            self._tick()

    def _tick(self) -> Tick:
        rig = self._rig
        before = rig.mode
        tick = rig.tick()
        next(self._broken, None)
        self._ticks += 1
        if rig.mode is not before:
            self._reached_s = self._ticks * TICK_NS / 1e9
        if rig.host_alive:
            for problem in self._limits.problems(tick):
                self._find(True, problem)
        return tick

    def _find(self, wrong: object, problem: str) -> None:
        if wrong:
            self._problems[problem] = None
