"""Runs a job: the loop that joins wire, brain and log, and the simulated robot to run it on.

The loop does not know what is at the far end of its bytes nor whose clock paces it. In lockstep the world
advances only when the controller has answered, so that a job is a function of its files and its seed.
"""

from __future__ import annotations

import dataclasses
import gc
import json
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from firmware_bridge.drivers.board import BoardDriver, BoardReadings
from firmware_bridge.drivers.buses import bus_driver
from firmware_bridge.drivers.fleet import Fleet
from firmware_bridge.ports import MemoryPair
from firmware_bridge.tap import Tap, Wrap, as_it_is
from firmware_bridge.virtual.board import VirtualBoard
from firmware_bridge.virtual.buses import virtual_bus
from hil.faults import WireFaults
from hil.faulty_line import FaultyTransport
from hil.referee import Referee
from hil.world.world import World
from missions.clock import TICK_NS, Clock
from missions.host_faults import BlockedLoop, FailingLog
from missions.job import Job
from missions.operator import ScriptedOperator
from missions.recording import Recorder
from missions.summary import Summary, write
from robot.controller import Controller
from robot.messages import CameraFrame, CommandFrame, Event, Mode, OperatorMessage, SensorFrame
from robot.modes.events import EVENTS
from robot.parameters import Parameters

STANDSTILL_MPS = 0.005
STOP_MAX_NS = 10_000_000_000  # for coming to rest when the run is broken off
SLOWEST_MPS = 0.02  # a job slower than this on the whole is stuck


class Plant(Protocol):
    """What is at the far end of the wire, as far as the loop must know."""

    def advance(self, t_ns: int) -> None:
        """Be at time `t_ns`."""

    def camera(self, t_ns: int) -> CameraFrame | None:
        """What the cameras saw since the last call, None = nothing new."""


Watch = Callable[[SensorFrame, CommandFrame], None]


class Operator(Protocol):
    """Who gives the orders: a scenario's script, or the crew's consoles."""

    def messages(self, t_ns: int, mode: Mode) -> tuple[OperatorMessage, ...]:
        """What has arrived until now, with the robot in `mode` after the last tick; never waits."""


class Journal(Protocol):
    """What the loop writes its ticks to."""

    @property
    def ok(self) -> bool:
        """It is being written."""

    def tick(self, frame: SensorFrame, command: CommandFrame) -> None:
        """One tick, what went in and what came out."""


class Wire(Protocol):
    """The host's end of board and motor controllers: `BoardDriver`, or a `Fleet` of it and others."""

    def poll(self, t_ns: int) -> BoardReadings:
        """Take what has arrived until now."""

    def send(self, t_ns: int, command: CommandFrame) -> None:
        """Say what this tick has to say."""

    @property
    def bytes_sent(self) -> int: ...

    @property
    def bytes_received(self) -> int: ...


class RunLoop:
    """One job's ticks: poll the wire, ask the controller, send, record.

    Args:
        board: the wire to the drives.
        controller: the brain.
        plant: the far end.
        operator: who gives the orders.
        log: where every tick is written.
        clock: paces the ticks.
    """

    def __init__(
        self,
        board: Wire,
        controller: Controller,
        plant: Plant,
        operator: Operator,
        log: Journal,
        clock: Clock,
    ) -> None:
        self._board, self._controller, self._plant = board, controller, plant
        self._operator, self._log, self._clock = operator, log, clock
        self._camera: CameraFrame | None = None
        self._mode = Mode.SAFE
        self._last: CommandFrame | None = None
        self.t_ns = 0

    def tick(self) -> tuple[SensorFrame, CommandFrame]:
        """Wait for the next tick and do it."""
        now_ns = self.t_ns = self._clock.wait_for(self.t_ns + TICK_NS)
        self._plant.advance(now_ns)
        self._camera = self._plant.camera(now_ns) or self._camera
        readings = self._board.poll(now_ns)
        frame = SensorFrame(
            now_ns,
            readings.axes,
            readings.sensors,
            readings.imu,
            readings.battery,
            readings.safety,
            readings.link,
            self._camera,
            self._operator.messages(now_ns, self._mode),
            self._log.ok,
            self._clock.stalled,
        )
        command = self._controller.tick(frame)
        self._board.send(now_ns, command)
        self._mode = command.mode
        self._log.tick(frame, command)
        self._last = command
        return frame, command

    def halt(self) -> None:
        """However the run ended, the board is asked for its stop, as the mode demands (promise S21)."""
        if self._last is not None:
            self._board.send(self.t_ns, dataclasses.replace(self._last, stop=True, armed=False))


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a run is over."""

    outcome: str  # completed | refused | stopped
    reason: str


class Endings:
    """Decides after every tick whether the run is over.

    Args:
        length_m: of the line; what takes too long for it is ended.
        interrupted: set from outside to break the run off.
    """

    def __init__(self, operator: ScriptedOperator, length_m: float, interrupted: threading.Event) -> None:
        self._operator = operator
        self._limit_ns = round((600.0 + length_m / SLOWEST_MPS) * 1e9)
        self._interrupted = interrupted
        self._broken_off_ns: int | None = None
        self._against: tuple[Mode, str] | None = None  # why an act was last refused, and in which mode

    def check(self, command: CommandFrame) -> Ending | None:
        t_ns = command.t_ns
        if refusal := _refusal(command.events):
            self._against = command.mode, refusal
        if self._broken_off_ns is not None:
            return self._at_rest(command)
        if self._interrupted.is_set():
            self._broken_off_ns = t_ns
            self._operator.stop()
            return None
        if command.finished:
            return Ending("completed", _text(command.reason))
        if self._operator.refused:
            return Ending("refused", self._waits_for(command))
        if self._operator.gave_up(t_ns, command.mode):
            return Ending("stopped", self._waits_for(command))
        if t_ns > self._limit_ns:
            return Ending("stopped", f"out_of_time: the job took longer than {self._limit_ns / 1e9:.0f} s")
        return None

    def _waits_for(self, command: CommandFrame) -> str:
        """What stood against the act that would have led on, else what led into this mode."""
        if self._against is not None and command.mode in (self._against[0], Mode.READY):
            return self._against[1]
        return _text(command.reason)

    def _at_rest(self, command: CommandFrame) -> Ending | None:
        assert self._broken_off_ns is not None
        waited_ns = command.t_ns - self._broken_off_ns
        resting = command.mode is Mode.STOPPED and abs(command.estimate.speed_mps) < STANDSTILL_MPS
        if (resting and waited_ns > 500_000_000) or waited_ns > STOP_MAX_NS:
            return Ending("stopped", "interrupted: the run was broken off and the robot stopped")
        return None


def _refusal(events: Sequence[Event]) -> str:
    """What stood against an operator's act in this tick, in words; "" = nothing was refused."""
    for event in events:
        if event.id.startswith("arm_"):
            return _text(event.id)
        if event.id == "command_refused":
            causes = [name for name in re.findall(r"\w+", event.detail) if name in EVENTS]
            return f"{_text(causes[0] if causes else event.id)} ({event.detail})"
    return ""


def _text(event_id: str) -> str:
    event = EVENTS.get(event_id)
    return f"{event_id}: {event.text()}" if event else event_id


# ---------------------------------------------------------------- on the simulated robot


class SimulatedRobot:
    """World, drives and board at the far end of `wire`, with the scenario's faults.

    Args:
        start_s_m: chainage at which the crew hangs the robot; None = where the lay begins.
    """

    def __init__(self, job: Job, start_s_m: float | None = None) -> None:
        self.world = World(job.profile, job.line, job.scenario, job.seed, start_s_m)
        self._t_ns = 0
        pair = MemoryPair()
        self.wire = FaultyTransport(pair.host, lambda: self._t_ns, job.seed)
        drives = job.drives
        self.board = VirtualBoard(pair.device, job.profile, self.world, external=drives.external)
        lines = [MemoryPair() for _ in drives.bus]
        self.bus_wires = [
            FaultyTransport(line.host, lambda: self._t_ns, job.seed + number)
            for number, line in enumerate(lines, 1)
        ]
        self._buses = [
            virtual_bus(drives, bus, self.board.drives, line.device)
            for bus, line in zip(drives.bus, lines, strict=True)
        ]
        self.camera = self.world.camera
        self._faults = WireFaults(job.scenario.wire_faults, self.board, self.wire, self.bus_wires)
        self.truth = self.world.truth()

    def advance(self, t_ns: int) -> None:
        self._t_ns = t_ns
        self._faults.update(t_ns / 1e9, self.truth.s_m)
        for bus in self._buses:
            bus.advance()
        self.board.advance(t_ns)
        self.truth = self.world.truth()


def simulate(
    job: Job,
    out: Path | None = None,
    *,
    clock: Clock | None = None,
    watch: Watch | None = None,
    interrupted: threading.Event | None = None,
    record_bytes: bool = False,
) -> Summary:
    """Run `job` on the simulated robot to its end; writes `mission.mcap` and `summary.json` into `out`.

    Args:
        clock: lockstep, with the scenario's stalls, unless given.
        watch: called after every tick, e.g. to show progress.
        interrupted: set it to break the run off: the robot is stopped, log and summary are closed.
        record_bytes: whether the log also gets what goes over the ports.
    """
    operator = ScriptedOperator(job.scenario.operator)
    plant = SimulatedRobot(job)
    recorder = recorder_of(job, out) if out is not None else None
    wrap = tapped(recorder, lambda: loop.t_ns) if recorder is not None and record_bytes else as_it_is
    driver = wire_of(job, plant, wrap)
    controller = Controller(job.profile, job.line, job.parameters, survey_sigma_m=job.survey_sigma_m)
    world = plant.world
    diameters_m = world.conductor_diameter_m, job.line.cable.diameter_m
    referee = Referee(job.profile, job.line, world.true_features, *diameters_m)
    endings = Endings(operator, job.line.length_m, interrupted or threading.Event())
    host_faults = job.scenario.wire_faults, lambda: plant.truth.s_m
    clock = clock or BlockedLoop(*host_faults)
    log = FailingLog(recorder, *host_faults)
    loop = RunLoop(driver, controller, plant, operator, log, clock)
    wall = Wall()
    gc.freeze()  # what lives for the whole run is not searched for garbage again
    ending = None
    try:
        while ending is None:
            frame, command = loop.tick()
            referee.observe(plant.truth, command, frame.t_ns / 1e9)
            if recorder is not None:
                recorder.truth(frame.t_ns, plant.truth)
            if watch is not None:
                watch(frame, command)
            ending = endings.check(command)
    finally:
        gc.unfreeze()
        loop.halt()
        clock.close()
        if recorder is not None:
            recorder.close(wall.record())
    verdict = referee.verdict(
        ending.outcome,
        ending.reason,
        seed=job.seed,
        interventions=operator.interventions,
        wall_time_s=wall.seconds(),
        bytes_sent=driver.bytes_sent,
        bytes_received=driver.bytes_received,
        frames_bad=frame.link.frames_bad,
    )
    summary = Summary.model_validate(verdict)
    if out is not None:
        write(out / "summary.json", summary)
    return summary


def wire_of(job: Job, plant: SimulatedRobot, wrap: Wrap = as_it_is) -> Wire:
    """The drivers of the job's board and controllers; `wrap` is put round every line, with what it is for."""
    wire = wrap("board", plant.wire)
    board = BoardDriver(wire, job.profile, job.parameters, external=job.drives.external)
    if not job.drives.bus:
        return board
    buses = [
        bus_driver(job.drives, bus, job.profile, wrap(bus.name, transport))
        for bus, transport in zip(job.drives.bus, plant.bus_wires, strict=True)
    ]
    return Fleet(board, buses)


def tapped(recorder: Recorder, now_ns: Callable[[], int]) -> Wrap:
    """Puts what goes over a line into the log."""
    return lambda name, port: Tap(port, name, lambda *said: recorder.port_bytes(now_ns(), *said))


def refuse(job: Job, out: Path, reason: str) -> Summary:
    """A job that is not begun: nothing moves, only `summary.json` is written."""
    diameters_m = job.line.conductor.diameter_m, job.line.cable.diameter_m
    referee = Referee(job.profile, job.line, job.line.features, *diameters_m)
    summary = Summary.model_validate(referee.verdict("refused", reason, seed=job.seed))
    out.mkdir(parents=True, exist_ok=True)
    write(out / "summary.json", summary)
    return summary


def recorder_of(job: Job, out: Path) -> Recorder:
    """The log of `job` in the folder `out`, which is made if need be."""
    out.mkdir(parents=True, exist_ok=True)
    attachments = {
        "line.json": job.line.survey.model_dump_json(exclude_unset=True),
        "profile.json": job.profile.model_dump_json(exclude_unset=True),
        "parameters.json": _parameters_json(job.parameters),
        "scenario.json": job.scenario.model_dump_json(),
    }
    if job.drives.bus:
        attachments["drives.json"] = job.drives.model_dump_json(exclude_unset=True)
    facts = {"section": job.line.section, "seed": job.seed, "survey_sigma_m": job.survey_sigma_m}
    return Recorder(out / "mission.mcap", {name: text.encode() for name, text in attachments.items()}, facts)


def _parameters_json(parameters: Parameters) -> str:
    return json.dumps(dataclasses.asdict(parameters), indent=1)


class Wall:
    """Wall time of a run: labels only, nothing is controlled by it."""

    def __init__(self) -> None:
        self._began = time.time()
        self._began_s = time.perf_counter()

    def seconds(self) -> float:
        return time.perf_counter() - self._began_s

    def record(self) -> dict[str, Any]:
        form = "%Y-%m-%dT%H:%M:%SZ"
        return {
            "began": time.strftime(form, time.gmtime(self._began)),
            "ended": time.strftime(form, time.gmtime()),
            "seconds": f"{self.seconds():.3f}",
        }
