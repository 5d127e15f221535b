"""What a drives file may say of VESCs."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from firmware_bridge.drive_map import DriveMap
from missions.files import read_drives
from robot.messages import Axis

BUS = {"name": "line", "protocol": "vesc"}
VESC = {"pole_pairs": 7, "torque_per_a": 0.02, "brake_a": 8.0}


def axis(name: str = "traction_front", **changes) -> dict:
    return {"axis": name, "bus": "line", "id": 1, "turns_per_unit": 9.5, "vesc": VESC} | changes


def drives(*axes: dict, bus: dict = BUS) -> DriveMap:
    return DriveMap.model_validate({"format": "silkline.drives/1", "name": "x", "bus": [bus], "axis": axes})


def test_traction_and_cable_may_be_vescs():
    behind = VESC | {"can": True}
    assert len(drives(axis(), axis("cable", id=2, vesc=behind)).external) == 2


@pytest.mark.parametrize(
    ("axes", "bus", "text"),
    [
        ([axis("rotor")], BUS, "traction and cable only"),
        ([axis(vesc=None)], BUS, "a vesc needs it"),
        ([axis(timeout_mode=10)], BUS, "timeout_mode goes with moteus"),
        ([axis()], BUS | {"protocol": "moteus"}, "moteus needs it"),
        ([axis(), axis("cable", id=2)], BUS, "one VESC is at the port"),
        ([axis(vesc=VESC | {"can": True})], BUS, "one VESC is at the port"),
        ([axis(vesc=VESC | {"pole_pairs": 0})], BUS, "greater than or equal to 1"),
        ([axis(vesc=VESC | {"erpm_mim": 100})], BUS, "Extra inputs"),
    ],
)
def test_what_cannot_be_is_refused_by_name(axes: list[dict], bus: dict, text: str):
    with pytest.raises(ValidationError, match=text):
        drives(*axes, bus=bus)


CAN = {"name": "line", "protocol": "cia402", "bit_rate": 250_000}
CIA402 = {"counts_per_turn": 4096, "rated_torque": 1.0}


def drive(number: int, **changes) -> dict:
    name = Axis(number - 1).name.lower()
    return {"axis": name, "bus": "line", "id": number, "turns_per_unit": 9.5, "cia402": CIA402} | changes


def test_any_axis_may_be_a_cia402():
    assert len(drives(*(drive(n) for n in range(1, 11)), bus=CAN | {"bit_rate": 1_000_000}).external) == 10


@pytest.mark.parametrize(
    ("axes", "bus", "text"),
    [
        ([drive(1, cia402=None)], CAN, "a cia402 needs it"),
        ([drive(1, timeout_mode=10)], CAN, "timeout_mode goes with moteus"),
        ([drive(1, id=127)], CAN, "127 is the host's own"),
        ([drive(1)], CAN | {"bit_rate": 300_000}, "bit_rate"),
        ([drive(n) for n in (1, 2, 3)], CAN, "250000 bit/s carry 2 of cia402, not 3"),
        ([drive(1, cia402=CIA402 | {"rated_torque": 0.0})], CAN, "greater than or equal to 0.000001"),
        ([drive(1, vesc=VESC)], BUS, "goes with a cia402"),
    ],
)
def test_what_cannot_be_a_cia402_is_refused_by_name(axes: list[dict], bus: dict, text: str):
    with pytest.raises(ValidationError, match=text):
        drives(*axes, bus=bus)


def test_the_packaged_files_are_valid():
    for name in ("moteus", "mixed", "cia402"):
        assert read_drives(name).name == name
