"""Which controller serves which axis: the schema of a drives file.

Axes that the file does not name are served by the bridge board. Unknown keys, wrong types and values out of range are
refused where the file is read (`missions.files`).
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field, model_validator

from robot.messages import TRACTION, Axis
from robot.schema import Finite, Positive, Table

FORMAT = "silkline.drives/1"
_BITS_PER_AXIS = 100_000  # of a CAN bus a second, with as much again in reserve


class BusEntry(Table):
    """A line with controllers on it."""

    name: str
    protocol: Literal["moteus", "vesc", "cia402"]
    adapter: Literal["fdcanusb", "uart"] = "fdcanusb"  # of moteus; uart = one alone on a line of its own
    port: str = ""  # path, best one below /dev/serial/by-id; VID:PID:SERIAL; or a URL of pyserial
    baud: Annotated[int, Field(gt=0)] = 921600
    bit_rate: Literal[125_000, 250_000, 500_000, 800_000, 1_000_000] = 1_000_000  # of cia402: of its CAN bus


class BoardEntry(Table):
    """Where the bridge board is."""

    port: str = ""  # as a bus has it
    baud: Annotated[int, Field(gt=0)] = 921600


class VescEntry(Table):
    """What a VESC's axis has besides. One of a bus is at the port itself, the others are behind it on CAN."""

    pole_pairs: Annotated[int, Field(ge=1, le=50)]
    torque_per_a: Positive  # of the motor, N m per A
    brake_a: Positive  # with which it is braked to a stop and held
    erpm_min: Positive = 900.0  # its "minimum ERPM"
    can: bool = False
    serial_number: str = ""  # as `silkline drives scan` shows it; empty = any


class Cia402Entry(Table):
    """What a CiA 402 controller's axis has besides."""

    counts_per_turn: Annotated[int, Field(ge=1)]  # position units of one turn of the motor
    rated_torque: Positive  # of the motor, N m; torques are told in thousandths of it


class AxisEntry(Table):
    """The controller of one axis.

    `turns_per_unit` is its revolutions per rad or m of the axis, negative if it turns the other way;
    `torque_per_effort` its N m per N m or N there, without losses in between if not given.
    """

    axis: str
    bus: str
    id: Annotated[int, Field(ge=0, le=254)]
    turns_per_unit: Finite
    torque_per_effort: Positive | None = None
    timeout_mode: Literal[10, 12, 15] | None = None  # of moteus: ramp, zero velocity, shorted motor
    stop_accel: Positive | None = (
        None  # of its ramp after a time-out, per s2; axes that move together need like ramps
    )
    vesc: VescEntry | None = None
    cia402: Cia402Entry | None = None

    @property
    def number(self) -> Axis:
        return Axis[self.axis.upper()]

    @property
    def torque_scale(self) -> float:
        """Torque of the controller per effort along the axis, with its sign."""
        if self.torque_per_effort is None:
            return 1.0 / (2 * math.pi * self.turns_per_unit)
        return math.copysign(self.torque_per_effort, self.turns_per_unit)

    @model_validator(mode="after")
    def _names_an_axis(self) -> AxisEntry:
        names = [axis.name.lower() for axis in Axis]
        if self.axis not in names:
            raise ValueError(f"{self.axis!r} is no axis; known: {', '.join(names)}")
        if self.turns_per_unit == 0.0:
            raise ValueError(
                "turns_per_unit is 0; give the controller's revolutions per rad or m of the axis"
            )
        return self


class DriveMap(Table):
    """The controllers of a robot beside its bridge board."""

    format: Literal["silkline.drives/1"]
    name: str
    board: BoardEntry = BoardEntry()
    bus: tuple[BusEntry, ...] = ()
    axis: tuple[AxisEntry, ...] = ()

    @property
    def external(self) -> frozenset[Axis]:
        """Axes that the board does not serve."""
        return frozenset(entry.number for entry in self.axis)

    def on(self, bus: BusEntry) -> tuple[AxisEntry, ...]:
        """The controllers on one bus."""
        return tuple(entry for entry in self.axis if entry.bus == bus.name)

    @model_validator(mode="after")
    def _fits_together(self) -> DriveMap:
        names = [bus.name for bus in self.bus]
        _once("bus", names)
        _once("axis", [entry.axis for entry in self.axis])
        for entry in self.axis:
            if entry.bus not in names:
                raise ValueError(
                    f"axis {entry.axis}: there is no bus {entry.bus!r}; known: {', '.join(names)}"
                )
        for bus in self.bus:
            ids = [entry.id for entry in self.on(bus)]
            _once(f"id on bus {bus.name}", ids)
            for entry in self.on(bus):
                _suits(entry, bus.protocol)
            if bus.protocol == "vesc" and sum(1 for e in self.on(bus) if e.vesc and not e.vesc.can) != 1:
                raise ValueError(f"bus {bus.name}: one VESC is at the port, the others have can = true")
            if bus.protocol == "cia402" and len(ids) * _BITS_PER_AXIS > bus.bit_rate:
                most = bus.bit_rate // _BITS_PER_AXIS
                raise ValueError(
                    f"bus {bus.name}: {bus.bit_rate} bit/s carry {most} of cia402, not {len(ids)}"
                )
            if bus.adapter == "uart" and len(ids) > 1:
                raise ValueError(f"bus {bus.name}: a uart carries one controller, not {len(ids)}")
        return self


def _suits(entry: AxisEntry, protocol: str) -> None:
    """What an axis must have to be on a bus of this protocol."""
    if (entry.timeout_mode is not None) != (protocol == "moteus"):
        raise ValueError(f"axis {entry.axis}: timeout_mode goes with moteus, and moteus needs it")
    if (entry.vesc is not None) != (protocol == "vesc"):
        raise ValueError(f"axis {entry.axis}: the table axis.vesc goes with a vesc, and a vesc needs it")
    if (entry.cia402 is not None) != (protocol == "cia402"):
        raise ValueError(
            f"axis {entry.axis}: the table axis.cia402 goes with a cia402, and a cia402 needs it"
        )
    if protocol != "cia402" and (entry.stop_accel is not None) != (entry.timeout_mode == 10):
        raise ValueError(f"axis {entry.axis}: stop_accel goes with timeout_mode 10, and that needs it")
    if protocol == "cia402" and not 1 <= entry.id <= 126:
        raise ValueError(f"axis {entry.axis}: id {entry.id} is out of range; 1 to 126, 127 is the host's own")
    if protocol == "moteus" and not 1 <= entry.id <= 127:
        raise ValueError(f"axis {entry.axis}: id {entry.id} is out of range; a moteus has 1 to 127")
    if protocol == "vesc" and entry.number not in (*TRACTION, Axis.CABLE):
        raise ValueError(
            f"axis {entry.axis}: a VESC has no position over several turns; traction and cable only"
        )


def _once(what: str, values: list[str] | list[int]) -> None:
    for value in values:
        if values.count(value) > 1:  # type: ignore[arg-type]
            raise ValueError(f"{what} {value} is given twice; give each once")
