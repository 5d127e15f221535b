"""What the console's run loop drives: the simulated robot, or one behind a port."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Protocol

from firmware_bridge.drivers.board import BoardDriver
from firmware_bridge.ports import SerialPort
from hil.referee import Referee
from missions.console import scene
from missions.console.sockets import TRUTH, Outbox
from missions.job import Job
from missions.recording import Recorder
from missions.run import Plant, SimulatedRobot, Wall, Wire, wire_of
from missions.summary import Summary, write
from robot.messages import CameraFrame, CommandFrame, SensorFrame

_TICKS_PER_TRUTH = 5


class FarEnd(Protocol):
    """What the loop needs, and who else looks on."""

    plant: Plant
    wire: Wire

    def observe(self, frame: SensorFrame, command: CommandFrame, log: Recorder) -> None:
        """After every tick."""

    def close(self, out: Path, outcome: str, reason: str, interventions: int) -> None:
        """The job is over; what is known of it beside the log goes into `out`."""


class _Elsewhere:
    """A real robot goes on by itself; its cameras are other processes."""

    def advance(self, t_ns: int) -> None:
        pass

    def camera(self, t_ns: int) -> CameraFrame | None:
        return None


class RobotOnPort:
    """A robot behind a port.

    Raises:
        PortError: the port cannot be opened.
    """

    def __init__(self, job: Job, device: str) -> None:
        self._port = SerialPort(device)
        self.plant: Plant = _Elsewhere()
        self.wire: Wire = BoardDriver(self._port, job.profile, job.parameters, external=job.drives.external)

    def observe(self, frame: SensorFrame, command: CommandFrame, log: Recorder) -> None:
        pass

    def close(self, out: Path, outcome: str, reason: str, interventions: int) -> None:
        self._port.close()


class RobotInSimulation:
    """The simulated robot with its referee; tells the truth to whoever draws the pictures of its cameras."""

    def __init__(self, job: Job, folder: Path) -> None:
        self._robot = SimulatedRobot(job)
        self.plant: Plant = self._robot
        self.wire: Wire = wire_of(job, self._robot)
        world, self._seed = self._robot.world, job.seed
        diameters_m = world.conductor_diameter_m, job.line.cable.diameter_m
        self._referee = Referee(job.profile, job.line, world.true_features, *diameters_m)
        self._truth = Outbox(folder / TRUTH)
        self._wall = Wall()
        self._ticks = self._frames_bad = 0
        features = [{"kind": f.kind, "at_m": f.at_m} for f in world.true_features]
        (folder / scene.FILE).write_text(json.dumps(features), encoding="utf-8")

    def observe(self, frame: SensorFrame, command: CommandFrame, log: Recorder) -> None:
        truth = self._robot.truth
        self._referee.observe(truth, command, frame.t_ns / 1e9)
        log.truth(frame.t_ns, truth)
        self._frames_bad = frame.link.frames_bad
        self._ticks += 1
        if self._ticks % _TICKS_PER_TRUTH == 0:
            self._truth.send(scene.TRUTH_MESSAGE.encode(truth))

    def close(self, out: Path, outcome: str, reason: str, interventions: int) -> None:
        self._truth.close()
        verdict = self._referee.verdict(
            outcome,
            reason,
            seed=self._seed,
            interventions=interventions,
            wall_time_s=self._wall.seconds(),
            bytes_sent=self.wire.bytes_sent,
            bytes_received=self.wire.bytes_received,
            frames_bad=self._frames_bad,
        )
        write(out / "summary.json", Summary.model_validate(verdict))
