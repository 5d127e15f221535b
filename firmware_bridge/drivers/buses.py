"""The driver of a bus of a drives file."""

from __future__ import annotations

from firmware_bridge.axes import axis_configs
from firmware_bridge.drive_map import BusEntry, DriveMap
from firmware_bridge.drivers.axis import Bus
from firmware_bridge.ports import Transport
from robot.profile import Profile


def bus_driver(drives: DriveMap, bus: BusEntry, profile: Profile, transport: Transport) -> Bus:
    """The host's end of one line. Protocols' libraries are imported only where they are used."""
    configs = axis_configs(profile)
    if bus.protocol == "vesc":
        from firmware_bridge.drivers.vesc import VescBus
        from firmware_bridge.drivers.vesc_feedback import wiring_of

        entries = [(entry, configs[entry.number]) for entry in drives.on(bus)]
        return VescBus(
            transport,
            {e.number: wiring_of(e, config.effort_max, config.velocity_max) for e, config in entries},
        )
    if bus.protocol == "cia402":
        from firmware_bridge.drivers.cia402 import Cia402Bus
        from firmware_bridge.drivers.cia402_axis import Cia402Axis
        from firmware_bridge.drivers.cia402_setup import needs_of

        served = [(entry, configs[entry.number]) for entry in drives.on(bus)]
        controllers = [
            Cia402Axis(e, config, profile.power.brake_s, needs_of(e, config)) for e, config in served
        ]
        return Cia402Bus(transport, controllers, bus.bit_rate)
    from firmware_bridge.drivers.moteus import MoteusBus
    from firmware_bridge.drivers.moteus_axis import MoteusAxis

    axes = [MoteusAxis(entry, configs[entry.number], profile.power.brake_s) for entry in drives.on(bus)]
    return MoteusBus(transport, axes)
