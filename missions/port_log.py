"""The raw bytes of a log, decoded."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from firmware_bridge.decode import DECODERS, Decoder, Said
from missions.file_errors import InputError
from missions.recording import ON_DEMAND, Log, PortBytes


@dataclass(frozen=True, slots=True)
class PortFrame:
    """One frame that went over a port."""

    t_ns: int
    port: str
    sent: bool  # by the host
    said: Said

    def as_json(self) -> dict[str, Any]:
        sides = "host" if self.sent else "device"
        values = {name: _plain(value) for name, value in self.said.values.items()}
        return {
            "t_s": self.t_ns / 1e9, "port": self.port, "from": sides, "what": self.said.what, "values": values
        }  # fmt: skip


class PortLog:
    """Frames of every port of a log, or of one.

    Attributes:
        chunks: reads and writes that were recorded.
        bad: by port, what did not decode.
    """

    def __init__(self, log: Log, port: str | None = None) -> None:
        self._log, self._port = log, port
        self._protocols = _protocols(log)
        if port is not None and port not in self._protocols:
            raise InputError(f"{log.path}: no port {port!r}; it has: {', '.join(self._protocols)}")
        self._decoders: dict[str, Decoder] = {}
        self.chunks = 0

    def frames(self) -> Iterator[PortFrame]:
        """In the order in which they were whole."""
        for t_ns, _, data in self._log.messages_of(("/bytes",)):
            chunk: PortBytes = ON_DEMAND["/bytes"].decode(data)
            if self._port is not None and chunk.port != self._port:
                continue
            self.chunks += 1
            for said in self._decoder(chunk.port).take(chunk.data, chunk.sent):
                yield PortFrame(t_ns, chunk.port, chunk.sent, said)

    @property
    def bad(self) -> dict[str, int]:
        return {port: decoder.bad for port, decoder in self._decoders.items()}

    def _decoder(self, port: str) -> Decoder:
        if port not in self._decoders:
            self._decoders[port] = DECODERS[self._protocols[port]]()
        return self._decoders[port]


def _protocols(log: Log) -> dict[str, str]:
    """What is spoken on each port."""
    drives = log.json("drives.json") if "drives.json" in log.attachments else {}
    return {"board": "board", **{bus["name"]: bus["protocol"] for bus in drives.get("bus", ())}}


def _plain(value: Any) -> Any:
    """JSON has no NaN."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
