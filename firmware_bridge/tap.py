"""Raw bytes of a port for a log: a transport that tells what goes through it, and goes on the same."""

from __future__ import annotations

from collections.abc import Callable

from firmware_bridge.ports import Transport

Listener = Callable[[str, bool, bytes], None]  # port, whether the host sent it, the bytes
Wrap = Callable[[str, Transport], Transport]  # put round a line, with what the line is for


def as_it_is(_port: str, transport: Transport) -> Transport:
    """Nothing put round it."""
    return transport


class Tap:
    """A transport between its user and the one that works."""

    def __init__(self, inner: Transport, port: str, listener: Listener) -> None:
        self._inner, self._port, self._listener = inner, port, listener

    def read(self) -> bytes:
        data = self._inner.read()
        if data:
            self._listener(self._port, False, data)
        return data

    def write(self, data: bytes) -> None:
        self._inner.write(data)
        self._listener(self._port, True, data)

    def close(self) -> None:
        self._inner.close()
