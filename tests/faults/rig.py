"""A whole simulated robot on a short line, with a crew that does as the test says and a host that can be disturbed."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

from firmware_bridge.drivers.board import BoardDriver
from hil.scenario import Fault
from hil.world.truth import TruthState
from missions.clock import STALL_NS, TICK_NS
from missions.job import Job, read_job
from missions.run import RunLoop, SimulatedRobot
from robot.controller import Controller
from robot.estimate.estimator import mounted_m
from robot.messages import Action, CommandFrame, Mode, OperatorMessage, SensorFrame

LINE = "short-60m"
CREW = "crew"
STRANGER = "other tablet"
_HEARTBEAT_NS = 100_000_000
_JOG_NS = 50_000_000
_BEHIND_M = (
    1.6  # the crew hangs the robot this far behind where the lay begins, so that there is a way to travel
)


class Broken(Exception):
    """What injected exceptions raise."""


class Crew:
    """An operator whose link is alive until it is told to fall silent; a jog is repeated as if its key were held."""

    def __init__(self) -> None:
        self.silent = False
        self.repeats: tuple[OperatorMessage, ...] = ()  # said over and over instead of anything new
        self.stranger: Action | None = None  # what another client says in every tick
        self.jog = ""
        self._acts: deque[tuple[Action, str]] = deque([(Action.TAKE, "")])
        self._seq = 0
        self._heartbeat_ns = self._jog_ns = 0

    def ask(self, action: Action, argument: str = "") -> None:
        """Send this with the next tick."""
        self._acts.append((action, argument))

    def messages(self, t_ns: int, mode: Mode) -> tuple[OperatorMessage, ...]:
        others: tuple[OperatorMessage, ...] = ()
        if self.stranger is not None:
            others = (OperatorMessage(t_ns, t_ns, STRANGER, self.stranger),)
        if self.silent:
            return (*self.repeats, *others)
        return (*self._own(t_ns, mode), *others)

    def _own(self, t_ns: int, mode: Mode) -> tuple[OperatorMessage, ...]:
        if t_ns >= self._heartbeat_ns:
            self._heartbeat_ns = t_ns + _HEARTBEAT_NS
            self._acts.append((Action.HEARTBEAT, ""))
        if self.jog and mode is Mode.MANUAL and t_ns >= self._jog_ns:
            self._jog_ns = t_ns + _JOG_NS
            self._acts.append((Action.JOG, self.jog))
        out = tuple(self._message(t_ns, *act) for act in self._acts)
        self._acts.clear()
        return out

    def _message(self, t_ns: int, action: Action, argument: str) -> OperatorMessage:
        self._seq += 1
        return OperatorMessage(t_ns, self._seq, CREW, action, argument)


class HostClock:
    """Lockstep; the next tick can be made late."""

    def __init__(self) -> None:
        self.late_ns = 0
        self.stalled = False

    def wait_for(self, t_ns: int) -> int:
        late_ns, self.late_ns = self.late_ns, 0
        self.stalled = late_ns > STALL_NS
        return t_ns + late_ns

    def close(self) -> None:
        pass


class NoLog:
    """A journal that is well and keeps nothing."""

    ok = True

    def tick(self, frame: SensorFrame, command: CommandFrame) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Tick:
    """All there is to know of one tick."""

    frame: SensorFrame
    command: CommandFrame
    truth: TruthState


class Rig:
    """Robot, wire, board, world, crew and host, run tick by tick.

    Args:
        job: what is to be done.
        start_m: where the crew hangs the robot; None = a little way behind where the lay begins.

    Attributes:
        now: the newest tick.
        host_alive: whether the computer runs; when it does not, the robot is on its own.
    """

    now: Tick

    def __init__(self, job: Job, start_m: float | None = None) -> None:
        self.job = job
        usual_m = mounted_m(job.profile, job.line, job.parameters) - _BEHIND_M
        self._start_m = usual_m if start_m is None else start_m
        self.plant = SimulatedRobot(job, self._start_m)
        self.clock = HostClock()
        self.start_host(0)

    def start_host(self, t_ns: int | None = None) -> None:
        """A computer that has just been switched on: new driver, new controller, new crew, same robot."""
        job = self.job
        self.host_alive = True
        self.crew = Crew()
        self.driver = BoardDriver(self.plant.wire, job.profile, job.parameters)
        self.controller = Controller(
            job.profile, job.line, job.parameters, job.survey_sigma_m, start_m=self._start_m
        )
        begin_ns = self.loop.t_ns if t_ns is None else t_ns
        self.loop = RunLoop(self.driver, self.controller, self.plant, self.crew, NoLog(), self.clock)
        self.loop.t_ns = begin_ns

    @property
    def mode(self) -> Mode:
        return self.now.command.mode

    def tick(self) -> Tick:
        """One tick; without a host only time passes for the robot."""
        if self.host_alive:
            try:
                frame, command = self.loop.tick()
                self.now = Tick(frame, command, self.plant.truth)
            except Broken:  # as `missions.run.simulate` ends whatever is raised in its loop
                self.loop.halt()
                self.host_alive = False
        else:
            self.loop.t_ns += TICK_NS
            self.plant.advance(self.loop.t_ns)
            self.now = replace(self.now, truth=self.plant.truth)
        return self.now


def short_job() -> Job:
    """The packaged short line, in a world whose sensors may be spoilt later."""
    job = read_job(LINE)
    spoilable = (Fault(kind="ok", target="imu", at_s=0.0),)
    return replace(job, scenario=job.scenario.model_copy(update={"fault": spoilable}))
