"""Transports: where bytes go in and out, without blocking.

Every transport behaves alike, whatever is behind it (`tests/contract` runs one suite on all): `read` gives
what has arrived and never waits, `write` takes everything or fails, and whatever goes wrong at the far end or
in the operating system is `LinkLost`, once and for good: a lost transport is closed and a new one is opened.
"""

from __future__ import annotations

import contextlib
import sys
from collections import deque
from typing import Protocol

import serial

if sys.platform != "win32":
    import termios

    from firmware_bridge.tty import Tty, latency_ms

READ_MAX = 65536  # bytes taken in one read; bounds what a flood can cost


class LinkLost(Exception):
    """The far end or the port is gone: unplugged, closed, or no longer taking what is written."""


class PortError(Exception):
    """A port could not be opened: no such device, in use, or not a valid address."""


class Transport(Protocol):
    """A byte stream to one peer."""

    def read(self) -> bytes:
        """What has arrived since the last read, at most `READ_MAX` bytes; empty if nothing.

        Raises:
            LinkLost: the port or the peer is gone.
        """

    def write(self, data: bytes) -> None:
        """Send all of `data`, or fail.

        Raises:
            LinkLost: the port or the peer is gone, or does not take the data in time.
        """

    def close(self) -> None:
        """Release the port; any number of times."""


class MemoryPort:
    """One end of a `MemoryPair`."""

    def __init__(self, inbox: deque[bytes], outbox: deque[bytes], name: str) -> None:
        self._inbox = inbox
        self._outbox = outbox
        self._name = name
        self._peer: MemoryPort | None = None
        self.closed = False

    def read(self) -> bytes:
        if not self._inbox:
            self._check_open()
            return b""
        self._check_open(peer=False)
        data = self._inbox.popleft() if len(self._inbox) == 1 else self._take_all()
        if len(data) > READ_MAX:
            self._inbox.appendleft(data[READ_MAX:])
            return data[:READ_MAX]
        return data

    def write(self, data: bytes) -> None:
        self._check_open()
        self._outbox.append(bytes(data))

    def close(self) -> None:
        self.closed = True

    def _take_all(self) -> bytes:
        data = b"".join(self._inbox)
        self._inbox.clear()
        return data

    def _check_open(self, peer: bool = True) -> None:
        if self.closed:
            raise LinkLost(f"{self._name}: this end is closed")
        if peer and self._peer is not None and self._peer.closed:
            raise LinkLost(f"{self._name}: the other end is closed")


class MemoryPair:
    """Two ends of a line within the process: what one writes the other reads, in order."""

    def __init__(self) -> None:
        to_device: deque[bytes] = deque()
        to_host: deque[bytes] = deque()
        self.host = MemoryPort(to_host, to_device, "memory, host end")
        self.device = MemoryPort(to_device, to_host, "memory, device end")
        self.host._peer = self.device
        self.device._peer = self.host


class SerialPort:
    """A port by address: a device's path, `socket://host:port`, `rfc2217://host:port` or `loop://`.

    Attributes:
        low_latency: the driver of a local port was asked to pass on at once what came, and agreed.
        latency_ms: how long its adapter keeps what came, as the system says it now; None if it does not say.
    """

    def __init__(self, address: str, baud: int = 921600, write_timeout_s: float = 0.05) -> None:
        """Open the port for us alone.

        Args:
            address: what pyserial's `serial_for_url` takes.
            baud: bit rate of a real line; meaningless for sockets.
            write_timeout_s: age that what was written may reach without having gone out; older than that it is
                thrown away and the link counts as lost, so that no old command ever arrives late.

        Raises:
            PortError: the port cannot be opened.
        """
        self.address = address
        local, over_rfc2217 = "://" not in address, address.startswith("rfc2217://")
        options: dict[str, object] = {"exclusive": True} if local else {}
        if not over_rfc2217:  # it knows no such thing; its socket does
            options["write_timeout"] = write_timeout_s
        try:
            self._serial = serial.serial_for_url(address, baudrate=baud, timeout=0, **options)
        except _PORT_FAILURES as error:
            raise PortError(f"port {address}: cannot be opened ({error})") from None
        if over_rfc2217:
            self._serial._socket.settimeout(write_timeout_s)
        self.low_latency = local and self._ask_for_low_latency()
        self.latency_ms: int | None = None
        self._tty: Tty | None = None
        if local and sys.platform != "win32":
            self.latency_ms = latency_ms(address)
            self._tty = Tty(self._serial.fileno(), write_timeout_s)

    @property
    def descriptor(self) -> int | None:
        """What an operating system can wait on for something to read, None if there is no such thing."""
        with contextlib.suppress(AttributeError, *_PORT_FAILURES):
            return int(self._serial.fileno())
        return None

    def read(self) -> bytes:
        data = b""
        try:
            if self._tty is not None:
                return self._tty.read()
            # more than once, because an rfc2217 port gives one byte at a time when it must not wait
            while len(data) < READ_MAX and (chunk := self._serial.read(READ_MAX - len(data))):
                data += chunk
        except _PORT_FAILURES as error:
            if not data:
                raise LinkLost(f"port {self.address}: {error}") from None
        return data

    def write(self, data: bytes) -> None:
        try:
            written = self._serial.write(data) if self._tty is None else self._tty.write(data)
        except _PORT_FAILURES as error:
            raise LinkLost(f"port {self.address}: {error}") from None
        if written is not None and written != len(data):
            raise LinkLost(f"port {self.address}: took {written} of {len(data)} bytes")

    def close(self) -> None:
        held = getattr(self._serial, "_socket", None)
        if self._tty is not None:
            self._tty.give_up()
            self._tty = None
        with contextlib.suppress(*_PORT_FAILURES):  # it may be gone already, which is what was wanted
            self._serial.close()
        if held is not None:
            held.close()  # pyserial 3.5 leaves a socket open whose peer has gone

    def _ask_for_low_latency(self) -> bool:
        """FTDI adapters wait up to 16 ms before they pass on what came; ask for less."""
        try:
            self._serial.set_low_latency_mode(True)
        except (AttributeError, OSError, ValueError, NotImplementedError):
            return False
        return True


# What pyserial lets through when a port goes away; `termios.error` is not an OSError, and a port that another thread
# closes under a read raises TypeError.
_PORT_FAILURES: tuple[type[Exception], ...] = (serial.SerialException, OSError, TypeError, ValueError)
if sys.platform != "win32":
    _PORT_FAILURES += (termios.error,)
