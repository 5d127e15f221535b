"""Faults of a scenario that act on the wire: in the drives, in the line, and in who is at its other end.

Sensors and bodies break in the world itself (`hil.world.faults`).
"""

from __future__ import annotations

from collections.abc import Sequence

from firmware_bridge.virtual.board import VirtualBoard
from hil.faulty_line import FaultyTransport, Injection, LinkFault
from hil.scenario import DRIVE_TARGETS, LINK_TARGETS, Fault
from hil.world.faults import Schedule, value_of
from robot.messages import Axis, AxisFault

_HOT_C, _HEATING_C_PER_S = 98.0, 20.0  # derates at once, trips within a second


class WireFaults:
    """Lets the scenario's faults of drives and line act when their time comes.

    Args:
        faults: of the scenario; those that act elsewhere are left alone.
        board: whose drives break.
        line: between host and board.
        buses: between host and controllers beside the board.
    """

    def __init__(
        self,
        faults: Sequence[Fault],
        board: VirtualBoard,
        line: FaultyTransport,
        buses: Sequence[FaultyTransport] = (),
    ) -> None:
        self._schedule = Schedule([f for f in faults if f.target in DRIVE_TARGETS + LINK_TARGETS])
        self._board = board
        self._lines = {"link": (line,), "bus": tuple(buses)}
        self._acting: dict[str, Fault] = {}
        self._since_s: dict[str, float] = {}

    def __bool__(self) -> bool:
        return bool(self._schedule)

    def update(self, t_s: float, s_m: float) -> None:
        """Begin and end what is due at this time and chainage; called once a tick, before the board runs."""
        if not self._schedule:
            return
        due = self._schedule.update(t_s, s_m)
        for target, fault in self._acting.items():
            if due.get(target) is not fault:
                self._end(target, fault)
        for target, fault in due.items():
            if self._acting.get(target) is not fault:
                self._since_s[target] = t_s
                self._begin(target, fault)
            if fault.kind == "over_temperature":
                self._board.drives.heat(
                    _axis(target), _HOT_C + _HEATING_C_PER_S * (t_s - self._since_s[target])
                )
        self._acting = due

    def _begin(self, target: str, fault: Fault) -> None:
        if target in LINK_TARGETS:
            self._begin_on_lines(fault)
        elif fault.kind == "reset":
            self._board.drives.reset(_axis(target))
        elif fault.kind == "over_current":
            self._board.drives.trip(_axis(target), AxisFault.OVER_CURRENT)
        elif fault.kind == "watchdog_off":
            self._board.drives.watch(_axis(target), False)

    def _begin_on_lines(self, fault: Fault) -> None:
        if fault.kind == "swap":
            self._board.serial_number += 1
            self._board.reset()
            return
        kind = LinkFault(fault.kind)
        if kind is LinkFault.DELAYED:
            injection = Injection(kind, delay_s=value_of(fault), to_board=False)
        else:
            injection = Injection(kind, rate=value_of(fault))
        for line in self._lines[fault.target]:
            line.inject(injection)

    def _end(self, target: str, fault: Fault) -> None:
        if target in LINK_TARGETS:
            for line in self._lines[target]:
                line.inject(None)
        elif fault.kind == "watchdog_off":
            self._board.drives.watch(_axis(target), True)


def _axis(target: str) -> Axis:
    return Axis[target.removesuffix(".drive").upper()]
