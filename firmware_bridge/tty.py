"""A local serial port by its file descriptor: never waits, and nothing that waited too long ever goes out.

What is written goes to the operating system at once. The age of what has not left the machine yet is known: of
the bytes that it has not taken, and of those that it has taken and still holds. A far end that stops reading can so be
sent nothing that is older than the limit when it reads again, beyond what had reached its own buffers.
"""

from __future__ import annotations

import fcntl
import os
import struct
import sys
import termios
import time
from collections import deque
from pathlib import Path

_READ_MAX = 65536
_REST_MAX = 65536  # bytes that wait for the operating system; a burst of more is no traffic of a robot
_COUNT = struct.Struct("i")
_VMIN = 6, termios.VMIN  # where termios keeps from how many bytes on a read is answered


class Stalled(OSError):
    """What was written does not go out."""


class Tty:
    """Reads and writes an open descriptor of a terminal in raw mode, which is left to its opener to close."""

    def __init__(self, descriptor: int, age_max_s: float) -> None:
        self._descriptor, self._age_max_s = descriptor, age_max_s
        self._rest = bytearray()  # what the operating system has not taken
        self._written = self._taken = 0  # bytes
        self._ages: deque[tuple[float, int]] = deque()  # when so many had been written; of what is not out
        mode = termios.tcgetattr(descriptor)
        mode[_VMIN[0]][_VMIN[1]] = 1  # so that "nothing there" and "gone" are different answers
        termios.tcsetattr(descriptor, termios.TCSANOW, mode)
        fcntl.ioctl(descriptor, termios.TIOCEXCL)  # pyserial's lock stops only those who ask for it

    def read(self) -> bytes:
        """What has come.

        Raises:
            OSError: the port is gone.
        """
        try:
            data = os.read(self._descriptor, _READ_MAX)
        except BlockingIOError:
            return b""
        if not data:
            raise OSError("the port has been unplugged")
        return data

    def write(self, data: bytes) -> int:
        """Send without waiting; what does not go out now goes with a later write, if it is young enough then.

        Raises:
            Stalled: something has not gone out in time; all of it is thrown away.
            OSError: the port is gone.
        """
        now_s = time.monotonic()
        self._written += len(data)
        self._ages.append((now_s, self._written))
        try:
            if self._rest:
                self._rest += data
                taken = os.write(self._descriptor, self._rest)
                del self._rest[:taken]
            else:
                taken = os.write(self._descriptor, data)
                self._rest += data[taken:]
            self._taken += taken
        except BlockingIOError:
            self._rest = self._rest or bytearray(data)
        self._check_ages(now_s)
        return len(data)

    def _check_ages(self, now_s: float) -> None:
        out = self._taken - self._held()
        while self._ages and self._ages[0][1] <= out:
            self._ages.popleft()
        too_old = bool(self._ages) and now_s - self._ages[0][0] > self._age_max_s
        if too_old or len(self._rest) > _REST_MAX:
            waiting = self._written - out
            self.give_up()
            raise Stalled(f"{waiting} bytes do not go out within {self._age_max_s * 1e3:.0f} ms")

    def _held(self) -> int:
        """Bytes that the operating system has taken and not sent."""
        answer = fcntl.ioctl(self._descriptor, termios.TIOCOUTQ, bytes(_COUNT.size))
        return int(_COUNT.unpack(answer)[0])

    def give_up(self) -> None:
        """Throw away what has not gone out; closing would wait for it, and send it."""
        self._rest.clear()
        self._ages.clear()
        self._taken = self._written
        try:
            termios.tcflush(self._descriptor, termios.TCOFLUSH)
            fcntl.ioctl(self._descriptor, termios.TIOCNXCL)
        except (termios.error, OSError):
            return  # it is gone


def latency_ms(path: str) -> int | None:
    """How long the adapter of a port keeps what came before it passes it on; None if it does not say."""
    if not sys.platform.startswith("linux"):
        return None
    name = os.path.basename(os.path.realpath(path))
    try:
        return int(Path(f"/sys/class/tty/{name}/device/latency_timer").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
