"""What recorded bytes of a line with moteus controllers say; see `firmware_bridge.decode`."""

from __future__ import annotations

from itertools import islice
from typing import Any

from moteus import multiplex, protocol

from firmware_bridge.decode import Said
from firmware_bridge.drivers.fdcanusb import DATA_MAX, LINE_MAX, crc8
from firmware_bridge.drivers.moteus_codec import BROKEN, REPLY_BIT

_PARTS_MAX = 200  # of a frame; a garbled one would name billions of registers
_ACTS = {
    multiplex.SubframeType.WRITE: "write",
    multiplex.SubframeType.READ: "read",
    multiplex.SubframeType.RESPONSE: "reply",
}


class MoteusDecoder:
    """Lines of an fdcanusb or of a UART, and the registers in them."""

    def __init__(self) -> None:
        self._rest = {True: b"", False: b""}
        self.bad = 0

    def take(self, data: bytes, sent: bool) -> list[Said]:
        *lines, rest = (self._rest[sent] + data).replace(b"\r", b"\n").split(b"\n")
        self._rest[sent] = rest[-LINE_MAX:]
        said = [self._line(line) for line in lines if line.strip()]
        return [one for one in said if one is not None]

    def _line(self, line: bytes) -> Said | None:
        content, star, checksum = line.rstrip(b" ").rpartition(b"*")
        if star and checksum.upper() != b"%02X" % crc8(content):
            self.bad += 1
            return None
        words = (content if star else line).split()
        if words[:2] == [b"can", b"send"]:
            frame = _frame(words[2:])
            if frame is not None:
                asks = "asks" if frame[0] & REPLY_BIT else "tells"
                return Said(f"{asks} {frame[0] & 0x7F}", _registers(frame[1]))
        elif words[:1] == [b"rcv"]:
            frame = _frame(words[1:])
            if frame is not None:
                return Said(f"from {frame[0] >> 8 & 0x7F}", _registers(frame[1]))
        elif words and words[0] in (b"OK", b"ERR"):
            text = b" ".join(words[1:]).decode("ascii", "replace")
            return Said(words[0].decode(), {"text": text} if text else {})
        self.bad += 1
        return None


def _frame(words: list[bytes]) -> tuple[int, bytes] | None:
    try:
        identifier, data = int(words[0], 16), bytes.fromhex(words[1].decode("ascii"))
    except (IndexError, ValueError):
        return None
    return (identifier, data) if len(data) <= DATA_MAX else None


def _registers(data: bytes) -> dict[str, Any]:
    """What is written, read and said, each by the registers' names; what is behind something broken is left out."""
    told: dict[str, Any] = {}
    try:
        for part in islice(multiplex.parse_frame(data), _PARTS_MAX):
            _note(told, part)
    except BROKEN:
        told["broken"] = data.hex()
    return told


def _note(told: dict[str, Any], part: Any) -> None:
    if isinstance(part, multiplex.RegisterSubframe):
        act, name = _ACTS[part.type], _name(part.register)
        if part.value is None:
            told.setdefault(act, []).append(name)
        else:
            told.setdefault(act, {})[name] = protocol.scale_register(
                part.register, part.resolution, part.value
            )
    elif isinstance(part, multiplex.ErrorSubframe):
        told.setdefault("error", {})[_name(part.register)] = part.error_code
    elif part.data:
        told["text"] = told.get("text", "") + part.data.decode("ascii", "replace")
    else:
        told.setdefault("asks", []).append("text")


def _name(register: int) -> str:
    try:
        return str(protocol.Register(register).name).lower()
    except ValueError:
        return f"0x{register:03x}"
