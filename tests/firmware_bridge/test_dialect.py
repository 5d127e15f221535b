"""The generated dialect is what its XML says, and says what the robot's own enumerations say."""

from __future__ import annotations

import importlib.util
from enum import IntEnum

import pytest
from pymavlink.dialects.v20 import common

from firmware_bridge.dialect import generate, silkline
from firmware_bridge.link import LAYOUTS, Intent, Safety, layout_digest
from firmware_bridge.virtual.board import ResetCause
from robot.messages import Action, AxisFault, AxisLimit, AxisMode, Mode, StopCause


def test_generated_code_is_what_the_xml_gives(tmp_path):
    """Compared by meaning, so that another release of the generator may word its file differently."""
    output = tmp_path / "fresh_silkline.py"
    generate.generate(output)
    spec = importlib.util.spec_from_file_location("fresh_silkline", output)
    fresh = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fresh)
    assert layouts(fresh) == layouts(silkline), "run python -m firmware_bridge.dialect.generate"
    assert numbers(fresh) == numbers(silkline), "run python -m firmware_bridge.dialect.generate"


def layouts(dialect) -> dict:
    return {
        id_: (m.msgname, m.fieldnames, m.unpacker.format, m.crc_extra)
        for id_, m in dialect.mavlink_map.items()
    }


def numbers(dialect) -> dict:
    return {
        name: {value: entry.name for value, entry in enum.items()} for name, enum in dialect.enums.items()
    }


@pytest.mark.parametrize("id_", [id_ for id_ in LAYOUTS if id_ < 256])
def test_standard_messages_are_mavlinks_own(id_):
    ours, theirs = silkline.mavlink_map[id_], common.mavlink_map[id_]
    assert (ours.msgname, ours.crc_extra) == (theirs.msgname, theirs.crc_extra)
    assert theirs.unpacker.format.startswith(ours.unpacker.format)


def entries(enum: str) -> dict[str, int]:
    prefix = f"{enum}_"
    return {
        entry.name.removeprefix(prefix): value
        for value, entry in silkline.enums[enum].items()
        if not entry.name.endswith("_ENUM_END")
    }


@pytest.mark.parametrize(
    ("enum", "ours"),
    [
        ("SILKLINE_AXIS_MODE", AxisMode),
        ("SILKLINE_AXIS_FAULT", AxisFault),
        ("SILKLINE_AXIS_LIMIT", AxisLimit),
        ("SILKLINE_STOP_CAUSE", StopCause),
        ("SILKLINE_RESET_CAUSE", ResetCause),
        ("SILKLINE_INTENT", Intent),
        ("SILKLINE_SAFETY", Safety),
    ],
)
def test_numbers_on_the_wire_are_the_robots(enum, ours: type[IntEnum]):
    assert entries(enum) == {member.name: int(member) for member in ours}


@pytest.mark.parametrize(("enum", "ours"), [("SILKLINE_MODE", Mode), ("SILKLINE_ACTION", Action)])
def test_named_enumerations_keep_their_order_on_the_wire(enum, ours):
    assert entries(enum) == {member.name: number for number, member in enumerate(ours)}


def test_every_message_fits_a_frame():
    assert max(layout.size for layout in LAYOUTS.values()) <= 255


def test_layout_digest_tells_another_layout(monkeypatch):
    before = layout_digest()
    monkeypatch.delitem(LAYOUTS, 46006)
    assert layout_digest() != before
