"""The recorded frames in docs/board.md, each byte explained.

`PYTHONPATH=. python tests/firmware_bridge/board_frames.py` writes them anew.
"""

from __future__ import annotations

import struct
from pathlib import Path

from board_rig import Recorder, Rig, setpoints

from firmware_bridge import wire
from firmware_bridge.dialect import silkline
from firmware_bridge.link import LAYOUTS
from robot.messages import AxisMode, Mode

PAGE = Path(__file__).resolve().parents[2] / "docs" / "board.md"
BEGIN, END = "<!-- frames -->", "<!-- end of frames -->"
HEADER = 10
SHOWN = {  # by id, in the order of a conversation: which of those recorded, and what it says
    wire.BOARD_HELLO: (0, "host: who is there?"),
    wire.BOARD_IDENTITY: (0, "board: I am, and this is our session"),
    wire.COMMAND_LONG: (0, "host: test the watchdogs; I shall be silent"),
    wire.COMMAND_ACK: (0, "board: done as asked"),
    wire.TIMESYNC: (0, "host: what time is it?"),
    -wire.TIMESYNC: (0, "board: this; and your question was of then"),
    wire.HOST_HEARTBEAT: (-1, "host: armed, in TRAVEL"),
    wire.AXIS_SETPOINTS: (-1, "host: three wheels at 8 rad/s, the rotor to 0.5 rad, all others hold"),
    wire.AXIS_STATES: (-1, "board: so it moves"),
    wire.SAFETY_STATUS: (-1, "board: permitted, and every drive was seen to time out"),
}


class Tap(Recorder):
    """Remembers what was written too."""

    said = b""

    def __init__(self, port) -> None:
        super().__init__(port)
        self.write = self._write

    def _write(self, data: bytes) -> None:
        self.said += data
        self._port.write(data)


def conversation(kind: type[Rig] = Rig) -> Tap:
    """Connecting, arming and driving, with either board."""
    taps: list[Tap] = []
    rig = kind(lambda port: taps.append(Tap(port)) or taps[0])
    rig.arm(Mode.TRAVEL)
    wheels = {f"traction_{where}": (AxisMode.VELOCITY, 8.0, 0.0) for where in ("front", "middle", "rear")}
    rig.run(
        0.5, rig.frame(setpoints(**wheels, rotor=(AxisMode.POSITION, 0.5, 0.0)), armed=True, mode=Mode.TRAVEL)
    )
    rig.close()
    return taps[0]


def frames(data: bytes) -> list[bytes]:
    found = []
    while data:
        length = HEADER + data[1] + 2
        found.append(data[:length])
        data = data[length:]
    return found


def id_of(frame: bytes) -> int:
    return int.from_bytes(frame[7:10], "little")


def explained(frame: bytes) -> str:
    """The frame, a line for each field, in the order of the wire."""
    layout = LAYOUTS[id_of(frame)]
    message = layout.message
    rows = [
        (frame[:1], "MAVLink 2"),
        (frame[1:2], f"{frame[1]} bytes of payload"),
        (frame[2:4], "no flags"),
        (frame[4:5], "sequence"),
        (frame[5:7], f"system {frame[5]}, component {frame[6]}"),
        (frame[7:10], f"id {layout.id}"),
    ]
    payload, at = frame[HEADER:-2], 0
    for name in message.ordered_fieldnames:
        kind = message.fieldtypes[message.fieldnames.index(name)]
        count = message.array_lengths[message.ordered_fieldnames.index(name)]
        code = silkline_code(kind)
        size = struct.calcsize(f"<{max(count, 1)}{code}")
        (*values,) = struct.unpack(f"<{max(count, 1)}{code}", payload[at : at + size].ljust(size, b"\0"))
        rows.append((payload[at : at + size], f"{name} {meaning(message, name, values)}"))
        at += size
    rows.append((frame[-2:], f"checksum, with seed {layout.seed.hex()}"))
    lines = []
    for data, text in rows:
        pieces = [data[i : i + 16].hex(" ") for i in range(0, len(data), 16)] or ["-"]
        lines += [f"{piece:<48}{text if piece is pieces[0] else ''}".rstrip() for piece in pieces]
    return "\n".join(lines)


def silkline_code(kind: str) -> str:
    return {
        "char": "c", "uint8_t": "B", "int8_t": "b", "uint16_t": "H", "int16_t": "h", "uint32_t": "I",
        "int32_t": "i", "uint64_t": "Q", "int64_t": "q", "float": "f", "double": "d",
    }[kind]  # fmt: skip


def meaning(message: type, name: str, values: list) -> str:
    if isinstance(values[0], bytes):
        return b"".join(values).rstrip(b"\0").decode()
    unit = message.fieldunits_by_name.get(name, "")
    entries = silkline.enums.get(message.fieldenums_by_name.get(name, ""), {})
    enum = {value: entry for value, entry in entries.items() if not entry.name.endswith("_ENUM_END")}
    text = " ".join(f"{value:.6g}" if isinstance(value, float) else str(value) for value in values)
    if name in ("session", "layout_digest", "config_digest", "firmware_version"):
        text = f"0x{values[0]:08x}"
    bits = (
        [entry.name for bit, entry in enum.items() if bit & values[0]] if name in ("flags", "intent") else []
    )
    known = [enum[values[0]].name] if len(values) == 1 and values[0] in enum and not bits else bits
    return " ".join(x for x in (text, unit, ", ".join(short(entry) for entry in known)) if x)


def short(entry: str) -> str:
    return entry.removeprefix("SILKLINE_").removeprefix("MAV_")


def section() -> str:
    tap = conversation()
    spoken = {"host": frames(tap.said), "board": frames(tap.heard)}
    blocks = []
    for id_, (which, text) in SHOWN.items():
        frame = [f for f in spoken[text.partition(":")[0]] if id_of(f) == abs(id_)][which]
        blocks.append(f"`{LAYOUTS[abs(id_)].name}`, {text}\n\n```\n{explained(frame)}\n```")
    return "\n\n".join(blocks)


def page() -> str:
    """The page with the frames as they should be."""
    text = PAGE.read_text(encoding="utf-8")
    return text[: text.index(BEGIN) + len(BEGIN)] + f"\n\n{section()}\n\n" + text[text.index(END) :]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
