"""Every kind of line the stack may run over, as two ends: the host's, by the project's own transport, and
the far end, by whatever is there.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
import tty
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import serial
from serial.rfc2217 import PortManager

from firmware_bridge.ports import READ_MAX, LinkLost, MemoryPair, SerialPort, Transport

WAIT_S = 5.0


@dataclass
class Line:
    """Both ends, and how to pull the plug at the far one."""

    host: Transport
    far: Transport
    unplug: Callable[[], None]


class FileEnd:
    """The far end of a line as a file descriptor: a pty's master or a socket."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        os.set_blocking(descriptor, False)

    def read(self) -> bytes:
        try:
            return os.read(self._descriptor, READ_MAX)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise LinkLost(str(error)) from None

    def write(self, data: bytes) -> None:
        until_s = time.monotonic() + WAIT_S
        while data and time.monotonic() < until_s:
            try:
                data = data[os.write(self._descriptor, data) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise LinkLost(str(error)) from None

    def close(self) -> None:
        with contextlib.suppress(OSError):
            os.close(self._descriptor)


@contextlib.contextmanager
def memory() -> Iterator[Line]:
    pair = MemoryPair()
    yield Line(pair.host, pair.device, pair.device.close)


@contextlib.contextmanager
def pty() -> Iterator[Line]:
    master, slave = os.openpty()
    tty.setraw(master)
    host = SerialPort(os.ttyname(slave))
    os.close(slave)
    far = FileEnd(master)
    try:
        yield Line(host, far, far.close)
    finally:
        host.close()
        far.close()


@contextlib.contextmanager
def tcp() -> Iterator[Line]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        accepted: list[socket.socket] = []
        thread = threading.Thread(target=lambda: accepted.append(server.accept()[0]))
        thread.start()
        host = SerialPort(f"socket://127.0.0.1:{server.getsockname()[1]}")
        thread.join(WAIT_S)
    far = FileEnd(accepted[0].detach())
    try:
        yield Line(host, far, far.close)
    finally:
        host.close()
        far.close()


@contextlib.contextmanager
def loop() -> Iterator[Line]:
    """pyserial's loop-back: what is written is read at the same end."""
    host = SerialPort("loop://")
    try:
        yield Line(host, host, host.close)
    finally:
        host.close()


@contextlib.contextmanager
def rfc2217() -> Iterator[Line]:
    """A serial port behind a network, with a loop-back plug in it."""
    plug = SerialPort("loop://")
    try:
        with served_by_rfc2217(plug) as host:
            yield Line(host, host, host.close)
    finally:
        plug.close()


@contextlib.contextmanager
def remote() -> Iterator[Line]:
    """A serial port behind a network, with a device at it."""
    at_port, at_device = socket.socketpair()
    plug, far = FileEnd(at_port.detach()), FileEnd(at_device.detach())
    try:
        with served_by_rfc2217(plug) as host:
            yield Line(host, far, far.close)
    finally:
        plug.close()
        far.close()


@contextlib.contextmanager
def served_by_rfc2217(plug: Transport) -> Iterator[SerialPort]:
    """A port at the network's end of which is `plug`."""
    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve_rfc2217, args=(server, plug, ended))
        thread.start()
        try:
            with warnings.catch_warnings():  # pyserial's own, about the name of a thread's method
                warnings.simplefilter("ignore", DeprecationWarning)
                host = SerialPort(f"rfc2217://127.0.0.1:{server.getsockname()[1]}")
            yield host
            host.close()
        finally:
            ended.set()
            thread.join(WAIT_S)


def serve_rfc2217(server: socket.socket, plug: Transport, ended: threading.Event) -> None:
    connection, _ = server.accept()
    with connection, serial.serial_for_url("loop://", timeout=0) as settings:
        connection.settimeout(0.002)

        class Sender:
            write = staticmethod(connection.sendall)

        manager = PortManager(settings, Sender)  # the settings of the port; its data goes through the plug
        while not ended.is_set():
            with contextlib.suppress(TimeoutError):
                received = connection.recv(READ_MAX)
                if not received:
                    return
                try:
                    plug.write(b"".join(manager.filter(received)))
                except LinkLost:
                    return
            with contextlib.suppress(OSError, LinkLost):
                connection.sendall(b"".join(manager.escape(plug.read())))


LINES = {"memory": memory, "pty": pty, "socket": tcp, "loop": loop, "rfc2217": rfc2217}
TWO_ENDED = {name: line for name, line in LINES.items() if name not in ("loop", "rfc2217")}
CONVERSING = TWO_ENDED | {"rfc2217": remote}  # of which each end is somebody's own


def read_for(end: Transport, count: int) -> bytes:
    """Read until `count` bytes have come."""
    data = b""
    until_s = time.monotonic() + WAIT_S
    while len(data) < count and time.monotonic() < until_s:
        data += end.read()
    return data
