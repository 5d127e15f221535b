"""The robot's process: the run loop in real time, orders in from the server, snapshots out to it.

`python -m missions.console.runtime SETUP`. The loop waits for nobody: orders are read from datagram sockets
inside the tick, and a snapshot that nobody takes is dropped. It ends when it is told to (SIGTERM, or its
parent is gone): then the robot is stopped first, and log and summary are closed.
"""

from __future__ import annotations

import gc
import signal
import sys
import threading
import time
from pathlib import Path

from firmware_bridge.ports import PortError
from missions.clock import Clock, Counted, RealTime
from missions.console.far_end import FarEnd, RobotInSimulation, RobotOnPort
from missions.console.operator import RemoteOperator
from missions.console.parent import when_parent_ends
from missions.console.setup import FINISHED, LOGS, Setup, read_setup
from missions.console.snapshot import SNAPSHOT, Reporter
from missions.console.sockets import STATE, Outbox
from missions.file_errors import InputError
from missions.run import STANDSTILL_MPS, STOP_MAX_NS, RunLoop, Wall, recorder_of
from robot.controller import Controller
from robot.line.line import LineError
from robot.messages import CommandFrame, Mode, SensorFrame
from robot.modes.events import EVENTS
from robot.parameters import ParameterError

BAD_INPUT = 2  # exit code
_AT_REST_NS = 500_000_000
_BY_ITSELF = frozenset({Mode.TRAVEL, Mode.WRAP, Mode.CROSSING, Mode.RETREAT})


class Runtime:
    """One job of one robot, from power-up to the closed log.

    Raises:
        InputError, LineError, ParameterError, PortError: as `Setup.job`, or there is no such port.
    """

    def __init__(self, setup: Setup) -> None:
        job = setup.job()
        folder = Path(setup.folder)
        self._out = _log_folder(Path(setup.home) / LOGS, job.line.name)
        far_end: FarEnd
        far_end = RobotOnPort(job, setup.device) if setup.device else RobotInSimulation(job, folder)
        self._far_end = far_end
        controller = Controller(job.profile, job.line, job.parameters, survey_sigma_m=job.survey_sigma_m)
        self._operator = RemoteOperator(folder)
        self._recorder = recorder_of(job, self._out)
        self._reporter = Reporter(controller, job.parameters, self._out.name)
        self._server = Outbox(folder / STATE)
        self._mode = Mode.SAFE
        clock: Clock = RealTime()
        if setup.counted:
            clock = Counted(lambda: setup.speed if self._mode in _BY_ITSELF else 1.0)
        self._clock = clock
        self._loop = RunLoop(far_end.wire, controller, far_end.plant, self._operator, self._recorder, clock)
        self._told_stop_ns = 0
        self._finished = False
        self._reason = ""

    def run(self, ending: threading.Event) -> int:
        """Tick until `ending` is set or the crew has finished the job; returns the exit code."""
        wall = Wall()
        gc.freeze()
        stopping_ns: int | None = None
        try:
            while True:
                frame, command = self._loop.tick()
                self._mode = command.mode
                self._report(frame, command)
                if self._operator.finish and command.mode is Mode.SAFE:
                    return FINISHED
                self._operator.finish = False
                if stopping_ns is None and ending.is_set():
                    stopping_ns = frame.t_ns
                    self._operator.stop()
                if stopping_ns is not None and _at_rest(command, frame.t_ns - stopping_ns):
                    return 0
        finally:
            self._loop.halt()
            self._clock.close()
            self._recorder.close(wall.record())
            outcome = "completed" if self._finished else "stopped"
            self._far_end.close(self._out, outcome, self._reason, self._operator.interventions)
            self._operator.close()

    def _report(self, frame: SensorFrame, command: CommandFrame) -> None:
        operator = self._operator
        self._far_end.observe(frame, command, self._recorder)
        if command.finished:
            self._finished = True
        if command.finished or not self._finished:
            self._reason = _text(command.reason)
        stop_is_news = operator.stop_ns != self._told_stop_ns
        if self._reporter.observe(frame, command) or stop_is_news:
            self._told_stop_ns = operator.stop_ns
            sent_ns = time.monotonic_ns()
            snapshot = self._reporter.snapshot(
                frame, command, sent_ns, operator.heard, operator.stops, operator.stop_ns
            )
            self._server.send(SNAPSHOT.encode(snapshot))


def _at_rest(command: CommandFrame, waited_ns: int) -> bool:
    still = command.mode is Mode.STOPPED and not abs(command.estimate.speed_mps) >= STANDSTILL_MPS
    return (still and waited_ns > _AT_REST_NS) or waited_ns > STOP_MAX_NS


def _text(event_id: str) -> str:
    event = EVENTS.get(event_id)
    return f"{event_id}: {event.text()}" if event else event_id


def _log_folder(logs: Path, line: str) -> Path:
    """A new folder, named by the time at which the job began."""
    kept = "".join(c if c.isalnum() and c.isascii() else "-" for c in line).strip("-")
    name = f"{time.strftime('%Y%m%d-%H%M%S')}-{kept[:40] or 'line'}"
    number, out = 1, logs / name
    while True:
        try:
            out.mkdir(parents=True)
            return out
        except FileExistsError:
            number += 1
            out = logs / f"{name}-{number}"


def main(arguments: list[str]) -> int:
    ending = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ending.set())
    when_parent_ends(ending.set)
    try:
        runtime = Runtime(read_setup(Path(arguments[0])))
    except (InputError, LineError, ParameterError, PortError) as error:
        print(f"silkline: {error}", file=sys.stderr)
        return BAD_INPUT
    return runtime.run(ending)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
