"""One end of a line that carries frames: queued and sent in one write, taken apart as the bytes come."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

from firmware_bridge.ports import Transport

Frame = TypeVar("Frame")


class Framing(ABC, Generic[Frame]):
    """Frames to and from a transport; a protocol adds how a frame is written (`queue`) and found (`parse`).

    Attributes:
        good: frames received whole.
        bad: frames or stretches of bytes dropped.
    """

    def __init__(self, transport: Transport) -> None:
        self._outgoing = bytearray()
        self.bytes_sent = self.bytes_received = 0
        self.good = self.bad = 0
        self.attach(transport)

    def attach(self, transport: Transport) -> None:
        """Go on over another transport; the counts go on too."""
        self._transport = transport
        self._outgoing.clear()
        self._rest = b""  # the beginning of what has not come whole yet

    def flush(self) -> None:
        """Send what was queued in one write.

        Raises:
            LinkLost: the transport is gone.
        """
        if self._outgoing:
            data = bytes(self._outgoing)
            self._outgoing.clear()
            self._transport.write(data)
            self.bytes_sent += len(data)

    def receive(self) -> list[Frame]:
        """All whole frames that have come.

        Raises:
            LinkLost: the transport is gone.
        """
        data = self._transport.read()
        self.bytes_received += len(data)
        return self.parse(data) if data else []

    @abstractmethod
    def parse(self, data: bytes) -> list[Frame]:
        """Take bytes in whatever pieces they come; never raises, never keeps more than one frame's length."""
