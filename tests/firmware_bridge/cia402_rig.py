"""The fleet's rig with three CiA 402 drives behind an slcan adapter."""

from __future__ import annotations

import math

import pytest
from board_rig import setpoints
from fleet_rig import FleetRig, only

from hil.faulty_line import FaultyTransport, Injection, LinkFault
from missions.files import read_drives
from robot.messages import Axis, AxisMode, Mode

FRONT, CABLE, ROTOR, GRIP = Axis.TRACTION_FRONT, Axis.CABLE, Axis.ROTOR, Axis.GRIP_FRONT
ALL = read_drives("cia402")
FEW = only(FRONT, ROTOR, CABLE, drives=ALL)
DRIVING = setpoints(
    traction_front=(AxisMode.VELOCITY, 6.0, 0.0),
    rotor=(AxisMode.VELOCITY, 2.0, 0.0),
    cable=(AxisMode.EFFORT, 10.0, 0.0),
)


class CiaRig(FleetRig):
    """Everybody is met by SDO, which takes its time."""

    def __init__(self, drives=FEW, wrap=lambda port: port) -> None:
        super().__init__(drives, wrap)

    def connect(self):
        for _ in range(400):
            if self.tick(self.frame()).safety.watchdog_seen:
                break
        return self.run(0.3, self.frame())

    def meet(self):
        """Until they are met; the watchdog test may still go on."""
        return self.run(2.5, self.frame())

    @property
    def front(self):
        return self.axis(FRONT)


class NoisyRig(CiaRig):
    """With a line to the controllers that faults can be put on."""

    def __init__(self, drives=FEW) -> None:
        super().__init__(drives, lambda port: FaultyTransport(port, lambda: self.t_ns, 5))

    @property
    def noisy(self) -> FaultyTransport:
        return self.bus._line._transport

    def inject(self, fault: LinkFault | None, **size) -> None:
        self.noisy.inject(None if fault is None else Injection(fault, **size))


def driving(rig: FleetRig, seconds: float = 0.6):
    rig.mechanics.load[CABLE] = 10.0
    rig.arm()
    rig.run(seconds, rig.frame(DRIVING, armed=True, mode=Mode.TRAVEL))
    assert rig.speed(FRONT) == pytest.approx(6.0, abs=0.2)
    return rig


def stays_off(rig: FleetRig, axis: Axis = FRONT) -> None:
    """However much the host asks for it within the same arming."""
    rig.run(1.5, rig.frame(DRIVING, armed=True, mode=Mode.TRAVEL))
    assert rig.mechanics.braked[axis]
    assert abs(rig.speed(axis)) < 0.01


def sane(readings) -> bool:
    """Every reading is one that the axis can have."""
    speeds, places = readings.axes.velocity, readings.axes.position
    return all(math.isnan(v) or abs(v) < 60.0 for v in speeds) and all(
        math.isnan(p) or abs(p) < 1e4 for p in places
    )
