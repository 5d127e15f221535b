"""Local datagram sockets between the console's processes: nobody waits for anybody.

A receiver is a file in a folder that only this user may enter. A sender that finds no receiver, or a full
one, drops what it has and says so.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

DATAGRAM_MAX = 200_000
_BUFFER = 1 << 20
_DRAIN_MAX = 64  # datagrams a call; the rest waits for the next

STOP, ORDERS, STATE, TRUTH, PICTURES, WANTED = "stop", "orders", "state", "truth", "pictures", "wanted"


class Inbox:
    """A receiver at `path`; what an earlier owner left there is replaced."""

    def __init__(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        before = os.umask(0o177)
        try:
            self._socket.bind(str(path))
        finally:
            os.umask(before)

    def fileno(self) -> int:
        return self._socket.fileno()

    def drain(self) -> Iterator[bytes]:
        """What has arrived, oldest first; does not wait."""
        for _ in range(_DRAIN_MAX):
            try:
                yield self._socket.recv(DATAGRAM_MAX)
            except OSError:
                return

    def newest(self) -> bytes | None:
        """The last that has arrived; those before it are dropped."""
        newest = None
        for data in self.drain():
            newest = data
        return newest

    def close(self) -> None:
        self._socket.close()
        with contextlib.suppress(OSError):
            self._path.unlink()


class Outbox:
    """Sends to whoever receives at `path` at the moment."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
        self._socket.setblocking(False)

    def send(self, data: bytes) -> bool:
        """False: nobody took it."""
        try:
            self._socket.sendto(data, self._path)
        except OSError:
            return False
        return True

    def close(self) -> None:
        self._socket.close()
