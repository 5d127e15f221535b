"""A real-time robot behind real ports: wrapping, unplugged, and plugged in again under another name (item 6)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from firmware_bridge.ports import PortError
from missions.clock import RealTime
from missions.files import read_drives
from missions.job import Job, read_job
from missions.robot_ports import RobotPorts, open_robot
from missions.run import RunLoop
from robot.controller import Controller
from robot.messages import Action, Axis, CameraFrame, CommandFrame, Mode, OperatorMessage, SensorFrame
from tests.missions.served_robot import LATEST_MS, ServedRobot

STILL = 0.02  # rad/s or m/s


class Crew:
    """Takes authority, keeps the link alive, and does what it is told to do."""

    def __init__(self) -> None:
        self._seq = 0
        self._beat_ns = 0
        self._acts = [Action.TAKE]

    def does(self, action: Action) -> None:
        self._acts.append(action)

    def messages(self, t_ns: int, mode: Mode) -> tuple[OperatorMessage, ...]:
        if t_ns >= self._beat_ns:
            self._beat_ns = t_ns + 200_000_000
            self._acts.append(Action.HEARTBEAT)
        acts, self._acts = self._acts, []
        return tuple(self._message(t_ns, act) for act in acts)

    def _message(self, t_ns: int, act: Action) -> OperatorMessage:
        self._seq += 1
        return OperatorMessage(t_ns, self._seq, "crew", act, "")


@dataclass
class Eyes:
    """The far end as the loop knows it: ports that are looked after, and a camera of another process."""

    ports: RobotPorts
    camera: Callable[[int], CameraFrame | None]

    def advance(self, t_ns: int) -> None:
        self.ports.advance(t_ns)


@dataclass
class NoLog:
    ok: bool = True
    events: Counter[str] = field(default_factory=Counter)
    armed: int = 0

    def tick(self, frame: SensorFrame, command: CommandFrame) -> None:
        self.events.update(event.id for event in command.events if event.detail != "cleared")
        self.armed += command.armed


class Site:
    """Robot, its ports, brain and crew."""

    def __init__(self, job: Job, robot: ServedRobot, ports: RobotPorts) -> None:
        self.robot, self.ports, self.crew, self.log = robot, ports, Crew(), NoLog()
        self.controller = Controller(job.profile, job.line, job.parameters, survey_sigma_m=0.2)
        self.clock = RealTime(ports)
        self.loop = RunLoop(
            ports, self.controller, Eyes(ports, robot.camera), self.crew, self.log, self.clock
        )  # type: ignore[arg-type]
        self.frame, self.command = self.loop.tick()

    def run(self, seconds: float) -> None:
        self.until(lambda: False, seconds)

    def until(self, done: Callable[[], bool], at_most_s: float) -> bool:
        end_ns = self.loop.t_ns + round(at_most_s * 1e9)
        while self.loop.t_ns < end_ns and not done():
            self.frame, self.command = self.loop.tick()
        return done()

    def does(self, action: Action, mode: Mode, at_most_s: int) -> None:
        """An act that leads to a mode; like a person, it is repeated until it does."""
        for _ in range(at_most_s):
            self.crew.does(action)
            if self.until(lambda: self.command.mode is mode, 1.0):
                return
        self._busy()
        raise AssertionError(f"{action} does not lead to {mode}: {self.log.events}")

    def _busy(self) -> None:
        """A machine that has no time for a robot cannot show what a robot does in real time."""
        if self.log.events["loop_stalled"] or self.robot.status()["held_up_ms"] > 50.0:
            pytest.skip("the machine is too busy for a robot in real time")

    def wrap(self) -> None:
        """Arm, mount, start, and wait for the rotor to turn."""
        self.does(Action.ARM, Mode.READY, 10)
        self.does(Action.MOUNT, Mode.MOUNTING, 3)
        self.until(lambda: self.command.mode is Mode.READY, 20.0)
        self.does(Action.START, Mode.TRAVEL, 3)
        if not self.until(self._wraps, 30.0):
            self._busy()
            raise AssertionError(f"does not wrap: {self.command.mode}, {self.log.events}")

    def _wraps(self) -> bool:
        return self.command.mode is Mode.WRAP and self.frame.axes.velocity[Axis.ROTOR] > 1.0


LONG = pytest.mark.acceptance


@pytest.fixture(params=["moteus", pytest.param("board", marks=LONG), pytest.param("mixed", marks=LONG)])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    drives = None if request.param == "board" else request.param
    job = read_job("short-60m", drives=drives)
    robot = ServedRobot(job, tmp_path)
    located = job.drives.model_copy(
        update={"bus": tuple(b.model_copy(update={"port": str(robot.links[b.name])}) for b in job.drives.bus)}
    )
    try:
        said: list[tuple[int, str, bool, bytes]] = []
        with open_robot(
            job.profile,
            job.parameters,
            located,
            str(robot.links["board"]),
            on_bytes=lambda *one: said.append(one),
        ) as ports:
            site = Site(job, robot, ports)
            yield site
            site.clock.close()
        assert {(port, sent) for _, port, sent, _ in said} == {
            (n, s) for n in robot.links for s in (True, False)
        }
    finally:
        robot.close()


def test_unplugged_while_wrapping_it_stops_by_itself_and_only_the_operator_arms_it_again(site: Site) -> None:
    name = site.ports.ports[-1].name  # of the wheels' controllers, else the board
    site.wrap()
    before = site.ports.ports[-1]
    assert before.lost == ""
    assert max(map(abs, site.robot.status()["speeds"])) > 1.0
    site.log.events.clear()

    site.robot.unplug(name)
    site.run(2.0)
    status = site.robot.status()
    assert 0 < status["stopped_ms"] <= LATEST_MS + status["held_up_ms"]
    assert max(map(abs, status["speeds"])) < STILL
    assert site.command.mode is Mode.STOPPED
    assert site.command.reason == "link_lost"
    assert site.log.events["link_lost"] == 1
    assert site.ports.ports[-1].lost

    site.robot.plug(name)
    assert site.until(lambda: site.frame.link.connected and site.frame.link.identity_ok, 5.0)
    after = site.ports.ports[-1]
    assert after.reopened == 1
    assert after.lost == ""
    site.log.armed = 0
    site.run(2.0)
    assert site.command.mode is Mode.STOPPED
    assert site.log.armed == 0
    assert not site.robot.status()["permitted"]
    assert max(map(abs, site.robot.status()["speeds"])) < STILL
    assert site.log.events["link_lost"] == 1

    site.does(Action.RESET, Mode.SAFE, 10)
    site.run(1.0)
    assert site.command.mode is Mode.SAFE
    assert not site.robot.status()["permitted"]
    site.does(Action.ARM, Mode.READY, 20)
    assert site.until(lambda: site.frame.safety.permitted, 2.0)


def test_a_port_that_is_not_there_is_named(tmp_path: Path) -> None:
    job = read_job("short-60m")
    with pytest.raises(PortError, match="nowhere: cannot be opened"):
        open_robot(job.profile, job.parameters, board_port=str(tmp_path / "nowhere"))
    with pytest.raises(PortError, match="board: no port"):
        open_robot(job.profile, job.parameters)
    with pytest.raises(PortError, match="bus can: no port; give it as port = "):
        open_robot(job.profile, job.parameters, read_drives("moteus"), board_port="loop://")
