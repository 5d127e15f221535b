"""A real robot: its ports, and the drivers of board and controllers on them, as the run loop's wire and far end.

with open_robot(profile, parameters, drives, "/dev/serial/by-id/...") as robot:
    RunLoop(robot, controller, robot, operator, log, RealTime(robot))
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Sequence
from types import TracebackType

from firmware_bridge.drive_map import DriveMap
from firmware_bridge.drivers.board import BoardDriver, BoardReadings
from firmware_bridge.drivers.buses import bus_driver
from firmware_bridge.drivers.fleet import Fleet
from firmware_bridge.ports import PortError
from firmware_bridge.reconnect import Line, PortHealth, PortSpec
from firmware_bridge.tap import Tap, Wrap, as_it_is
from missions.job import BOARD_ALONE
from robot.messages import CameraFrame, CommandFrame
from robot.parameters import Parameters
from robot.profile import Profile

OnBytes = Callable[[int, str, bool, bytes], None]
GATHER_S = 0.0005  # what comes within this time is taken at once


class RobotPorts:
    """All ports of a robot: a `missions.run.Wire`, and the `Plant` at its far end.

    A line that is lost is looked for until it is found; nothing is armed by that.

    Attributes:
        t_ns: of the last poll or send.
    """

    def __init__(
        self,
        profile: Profile,
        parameters: Parameters,
        drives: DriveMap,
        board: PortSpec,
        on_bytes: OnBytes | None = None,
    ) -> None:
        """Open every port.

        Args:
            on_bytes: is told what goes over every port, such as `Recorder.port_bytes`.

        Raises:
            PortError: a port cannot be opened, or the drives file does not say where a bus is.
        """
        self.t_ns = 0
        self._lines: list[Line] = []
        wrap: Wrap = (
            as_it_is
            if on_bytes is None
            else (lambda name, port: Tap(port, name, lambda *said: on_bytes(self.t_ns, *said)))
        )
        try:
            for spec in (board, *_buses(drives)):
                self._lines.append(Line(spec, wrap))
        except PortError:
            self.close()
            raise
        own, *others = self._lines
        self._board = BoardDriver(own.transport, profile, parameters, external=drives.external)
        own.serve(self._board)
        buses = []
        for entry, line in zip(drives.bus, others, strict=True):
            bus = bus_driver(drives, entry, profile, line.transport)
            line.serve(bus)
            buses.append(bus)
        self._wire = Fleet(self._board, buses) if buses else self._board

    # ------------------------------------------------------------------ wire

    def poll(self, t_ns: int) -> BoardReadings:
        """Take what has arrived until now."""
        self.t_ns = t_ns
        return self._wire.poll(t_ns)

    def send(self, t_ns: int, command: CommandFrame) -> None:
        """Say what this tick has to say."""
        self.t_ns = t_ns
        self._wire.send(t_ns, command)

    @property
    def bytes_sent(self) -> int:
        return self._wire.bytes_sent

    @property
    def bytes_received(self) -> int:
        return self._wire.bytes_received

    @property
    def mismatch(self) -> str:
        """What is not as expected of board and controllers, for people; empty if all is well."""
        return self._wire.mismatch

    # ------------------------------------------------------------------ far end

    def advance(self, t_ns: int) -> None:
        """Look after lines that are lost."""
        for line in self._lines:
            line.look_after(t_ns)

    def camera(self, t_ns: int) -> CameraFrame | None:
        """Cameras are a process of their own."""
        return None

    # ------------------------------------------------------------------ ports

    def wait(self, at_most_s: float) -> bool:
        """Until something has come on any port, or the time is over; whether something may be there."""
        began_s = time.monotonic()
        descriptors = [line.descriptor for line in self._lines if line.descriptor is not None]
        readable, _, _ = select.select(descriptors, [], [], at_most_s)
        if readable:
            time.sleep(min(max(at_most_s - (time.monotonic() - began_s), 0.0), GATHER_S))
        return bool(readable)

    @property
    def ports(self) -> Sequence[PortHealth]:
        """How every line is."""
        return [line.health for line in self._lines]

    def close(self) -> None:
        for line in self._lines:
            line.close()

    def __enter__(self) -> RobotPorts:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_robot(
    profile: Profile,
    parameters: Parameters,
    drives: DriveMap = BOARD_ALONE,
    board_port: str = "",
    board_baud: int = 0,
    on_bytes: OnBytes | None = None,
) -> RobotPorts:
    """Open the ports of a robot; buses as the drives file says, the board there too unless given.

    Args:
        on_bytes: is told (time, port, whether the host sent it, bytes) of all that goes over every port.

    Raises:
        PortError: a port cannot be opened, or nobody says where it is.
    """
    address = board_port or drives.board.port
    if not address:
        raise PortError("board: no port; give one, or [board] port = ... in the drives file")
    return RobotPorts(
        profile, parameters, drives, PortSpec("board", address, board_baud or drives.board.baud), on_bytes
    )


def _buses(drives: DriveMap) -> list[PortSpec]:
    for bus in drives.bus:
        if not bus.port:
            raise PortError(f"bus {bus.name}: no port; give it as port = ... in the drives file")
    return [PortSpec(bus.name, bus.port, bus.baud) for bus in drives.bus]
