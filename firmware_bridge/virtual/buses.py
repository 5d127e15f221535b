"""The far end of a bus of a drives file."""

from __future__ import annotations

from typing import Protocol

from firmware_bridge.drive_map import BusEntry, DriveMap
from firmware_bridge.drivers.vesc_feedback import wiring_of
from firmware_bridge.ports import Transport
from firmware_bridge.virtual.cia402 import VirtualCia402
from firmware_bridge.virtual.drives import DriveBank
from firmware_bridge.virtual.moteus import VirtualMoteus
from firmware_bridge.virtual.moteus_line import VirtualMoteusBus
from firmware_bridge.virtual.slcan import SPEEDS, VirtualSlcan
from firmware_bridge.virtual.vesc import VescPort, VirtualVesc


class VirtualBus(Protocol):
    """Virtual controllers on a line; their motors move with the board's bank."""

    def advance(self) -> None:
        """Take what came over the wire and answer."""


def virtual_bus(drives: DriveMap, bus: BusEntry, bank: DriveBank, transport: Transport) -> VirtualBus:
    """Controllers as the file has them, well configured."""
    if bus.protocol == "vesc":
        vescs = []
        for entry in drives.on(bus):
            limits = bank.drives[entry.number]
            wiring = wiring_of(entry, float(limits["effort_max"]), float(limits["velocity_max"]))
            vescs.append(VirtualVesc(bank, entry.number, wiring))
        return VescPort(transport, vescs)
    if bus.protocol == "cia402":
        nodes = [VirtualCia402(bank, entry) for entry in drives.on(bus)]
        return VirtualSlcan(transport, nodes, SPEEDS.index(bus.bit_rate))
    devices = [VirtualMoteus(bank, entry) for entry in drives.on(bus)]
    return VirtualMoteusBus(transport, devices, uart=bus.adapter == "uart")
