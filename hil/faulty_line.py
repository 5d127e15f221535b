"""Faults of a line, put between a transport and who uses it (vocabulary of the fault matrix).

Time and seed are given, so that a fault acts the same in every run. Bytes written in one go are one chunk:
what the faults drop, repeat and reorder are chunks, as an operating system or a USB adapter would.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from firmware_bridge.ports import READ_MAX, LinkLost, Transport

_REPLAY_AGE = 100  # chunks; what is replayed is at least this old, or the oldest there is
_HISTORY = 200


class LinkFault(Enum):
    """What can be wrong with a line."""

    DISCONNECT = "disconnect"  # reading and writing fail
    HALF_OPEN = "half_open"  # reading and writing succeed, nothing arrives
    CORRUPT = "corrupt"  # bits flip, `rate` per byte
    TRUNCATE = "truncate"  # the end of a chunk is missing, `rate` per chunk
    DUPLICATE = "duplicate"  # a chunk comes twice
    REORDER = "reorder"  # a chunk is overtaken by the next
    REPLAY = "replay"  # an old chunk comes again
    FLOOD = "flood"  # a chunk comes over and over
    DELAYED = "delayed"  # everything comes `delay_s` late


@dataclass(frozen=True, slots=True)
class Injection:
    """A fault with its size.

    `rate` is per byte for CORRUPT and per chunk for the others; `to_host` and `to_board` choose the
    direction.
    """

    fault: LinkFault
    rate: float = 1.0
    delay_s: float = 0.2
    to_host: bool = True
    to_board: bool = True


class FaultyTransport:
    """A transport with faults, at the host's end of the line."""

    def __init__(self, inner: Transport, now_ns: Callable[[], int], seed: int) -> None:
        """
        Args:
            inner: the transport that works.
            now_ns: tells the time; asked at every read and write.
            seed: of what is left to chance.
        """
        self._inner = inner
        self._now_ns = now_ns
        self._to_host = _Lane(random.Random(2 * seed))
        self._to_board = _Lane(random.Random(2 * seed + 1))
        self._injection: Injection | None = None

    def inject(self, injection: Injection | None) -> None:
        """Let this fault act from now on, instead of the one before; None ends it."""
        self._injection = injection

    def read(self) -> bytes:
        self._fail_if_disconnected()
        self._send_what_is_due()
        active = self._injection if self._injection is not None and self._injection.to_host else None
        return self._to_host.carry(self._inner.read(), self._now_ns(), active)

    def write(self, data: bytes) -> None:
        self._fail_if_disconnected()
        active = self._injection if self._injection is not None and self._injection.to_board else None
        carried = self._to_board.carry(data, self._now_ns(), active)
        if carried:
            self._inner.write(carried)

    def close(self) -> None:
        self._inner.close()

    def _send_what_is_due(self) -> None:
        due = self._to_board.due(self._now_ns())
        if due:
            self._inner.write(due)

    def _fail_if_disconnected(self) -> None:
        if self._injection is not None and self._injection.fault is LinkFault.DISCONNECT:
            raise LinkLost("injected: disconnected")


class _Lane:
    """One direction of the line."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._history: deque[bytes] = deque(maxlen=_HISTORY)
        self._late: deque[tuple[int, bytes]] = deque()
        self._held = b""

    def carry(self, data: bytes, now_ns: int, injection: Injection | None) -> bytes:
        """What arrives now of what was sent now and before; at most `READ_MAX` bytes."""
        held, self._held = self._held, b""
        if data:
            self._history.append(data)
        if injection is not None and injection.fault is LinkFault.DELAYED:
            self._late.append((now_ns + round(injection.delay_s * 1e9), data))
            data = b""
        elif injection is not None and data:
            data = self._spoil(data, injection)
        return (self.due(now_ns) + data + held)[:READ_MAX]

    def due(self, now_ns: int) -> bytes:
        """Delayed bytes whose time has come."""
        data = b""
        while self._late and self._late[0][0] <= now_ns:
            data += self._late.popleft()[1]
        return data

    def _spoil(self, data: bytes, injection: Injection) -> bytes:
        fault, rng = injection.fault, self._rng
        if fault is LinkFault.HALF_OPEN:
            return b""
        if fault is LinkFault.CORRUPT:
            return self._flip_bits(data, injection.rate)
        if rng.random() >= injection.rate:
            return data
        if fault is LinkFault.TRUNCATE:
            return data[: rng.randrange(len(data))]
        if fault is LinkFault.DUPLICATE:
            return data + data
        if fault is LinkFault.REORDER:
            self._held = data
            return b""
        if fault is LinkFault.REPLAY:
            return data + self._history[max(len(self._history) - _REPLAY_AGE, 0)]
        if fault is LinkFault.FLOOD:
            return data * (READ_MAX // len(data))
        return data

    def _flip_bits(self, data: bytes, rate: float) -> bytes:
        spoilt = bytearray(data)
        for i in range(len(spoilt)):
            if self._rng.random() < rate:
                spoilt[i] ^= 1 << self._rng.randrange(8)
        return bytes(spoilt)
