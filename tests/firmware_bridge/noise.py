"""A bad line: bits flip, chunks are lost, come twice or late, all at once and in both directions."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from firmware_bridge.ports import Transport


@dataclass(frozen=True, slots=True)
class Noise:
    """How bad; rates per byte or per chunk, which is what was written at once."""

    flips: float
    drops: float
    doubles: float
    delays: float  # share of chunks that are held up
    delay_in_s: float = 0.05  # by so much at most, to the host
    delay_out_s: float = 0.05  # and from it


QUIET = Noise(flips=0.0, drops=0.0, doubles=0.0, delays=0.0)
# Where a reply tells its age, 50 ms there and 50 ms back are 100 ms, at which motion has to end (promise S4).
MILD = Noise(flips=1e-4, drops=0.002, doubles=0.002, delays=0.01, delay_out_s=0.02)
HARSH = Noise(flips=1e-3, drops=0.02, doubles=0.02, delays=0.1)


class NoisyLine:
    """The host's end of a line; `noise` may be set at any time. A line keeps the order of what is held up."""

    def __init__(self, inner: Transport, now_ns: Callable[[], int], seed: int) -> None:
        self._inner, self._now_ns = inner, now_ns
        self._rng = random.Random(seed)
        self._in: deque[tuple[int, bytes]] = deque()
        self._out: deque[tuple[int, bytes]] = deque()
        self.noise: Noise | None = None

    def read(self) -> bytes:
        self._pass_on()
        self._hold(self._in, self._inner.read(), self.noise and self.noise.delay_in_s)
        return self._due(self._in)

    def write(self, data: bytes) -> None:
        self._hold(self._out, data, self.noise and self.noise.delay_out_s)
        self._pass_on()

    def close(self) -> None:
        self._inner.close()

    def _pass_on(self) -> None:
        data = self._due(self._out)
        if data:
            self._inner.write(data)

    def _hold(self, lane: deque[tuple[int, bytes]], data: bytes, delay_s: float | None) -> None:
        now_ns, noise, rng = self._now_ns(), self.noise, self._rng
        if not data:
            return
        if noise is not None:
            if rng.random() < noise.drops:
                return
            if rng.random() < noise.doubles:
                data += data
            data = self._flipped(data, noise.flips)
            if rng.random() < noise.delays:
                now_ns += round(rng.random() * (delay_s or 0.0) * 1e9)
        before_ns = lane[-1][0] if lane else 0
        lane.append((max(now_ns, before_ns), data))

    def _flipped(self, data: bytes, rate: float) -> bytes:
        if rate == 0.0:
            return data
        spoilt = bytearray(data)
        at = int(self._rng.expovariate(rate))
        while at < len(spoilt):
            spoilt[at] ^= 1 << self._rng.randrange(8)
            at += 1 + int(self._rng.expovariate(rate))
        return bytes(spoilt)

    def _due(self, lane: deque[tuple[int, bytes]]) -> bytes:
        now_ns, data = self._now_ns(), b""
        while lane and lane[0][0] <= now_ns:
            data += lane.popleft()[1]
        return data
