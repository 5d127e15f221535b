"""Board, controllers beside it and the host's drivers of them all on trivial mechanics, in lockstep."""

from __future__ import annotations

import math
from collections.abc import Callable

from board_rig import PROFILE, Rig, SpringMass

from firmware_bridge.drive_map import DriveMap
from firmware_bridge.drivers.board import BoardDriver
from firmware_bridge.drivers.buses import bus_driver
from firmware_bridge.drivers.fleet import Fleet
from firmware_bridge.ports import MemoryPair, Transport
from firmware_bridge.virtual.board import VirtualBoard
from firmware_bridge.virtual.buses import virtual_bus
from missions.files import read_drives
from robot.messages import Axis, AxisFault
from robot.parameters import Parameters

MOTEUS = read_drives("moteus")


def only(*axes: Axis, drives: DriveMap = MOTEUS) -> DriveMap:
    """The same file with these axes alone; the board serves the others."""
    return drives.model_copy(update={"axis": tuple(e for e in drives.axis if e.number in axes)})


class FleetRig(Rig):
    """`wrap` may put something between the host and its end of the first bus."""

    def __init__(
        self,
        drives: DriveMap = MOTEUS,
        wrap: Callable[[Transport], Transport] = lambda port: port,
        line: MemoryPair | None = None,
    ) -> None:
        self.drives = drives
        self.t_ns = 0
        self.pair = MemoryPair()
        self.line = line or MemoryPair()
        self.mechanics = SpringMass(PROFILE)
        self.board = VirtualBoard(self.pair.device, PROFILE, self.mechanics, external=drives.external)
        bank = self.board.drives
        self.far = virtual_bus(drives, drives.bus[0], bank, self.line.device)
        self.bus = bus_driver(drives, drives.bus[0], PROFILE, wrap(self.line.host))
        board = BoardDriver(self.pair.host, PROFILE, Parameters(), external=drives.external)
        self.driver = Fleet(board, [self.bus])
        self.readings = self.driver.poll(0)
        self.command = self.frame()

    def tick(self, command=None, silent: bool = False):
        self.far.advance()
        return super().tick(command, silent)

    def axis(self, axis: Axis):
        """The host's driver of one controller."""
        return self.bus.axes[axis]

    def device(self, axis: Axis):
        """The virtual controller itself."""
        return next(device for device in self.far.devices.values() if device.axis == axis)

    def timed_out(self, axis: Axis) -> bool:
        """Whether the controller's own watchdog has run out."""
        in_record = self.board.drives.drives[axis]["fault"] == AxisFault.TIMEOUT
        return bool(in_record or getattr(self.device(axis), "timed_out", False))

    def speed(self, axis: Axis) -> float:
        return float(self.mechanics.velocity[axis])


def finite(values) -> bool:
    return all(math.isfinite(value) for value in values)
