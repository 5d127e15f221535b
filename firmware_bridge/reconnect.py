"""A line of a robot that is found again after it was unplugged, under whatever name it has then.

A port that was opened by its place is remembered by the device that was there, if that has a serial number. Whoever
speaks over the line begins anew with what is at its other end: nobody is armed, and everybody is asked who he is.
"""

from __future__ import annotations

import math
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from firmware_bridge.drivers.axis import BusHealth
from firmware_bridge.port_names import device_at, path_of
from firmware_bridge.ports import SerialPort, Transport
from firmware_bridge.tap import Wrap, as_it_is

_AGAIN_NS = 200_000_000  # between two attempts to find a line again


@dataclass(frozen=True, slots=True)
class PortSpec:
    """A port of a robot."""

    name: str  # what it is for: "board", or the bus of the drives file
    address: str  # path, VID:PID:SERIAL or URL
    baud: int = 921600


@dataclass(frozen=True, slots=True)
class PortHealth:
    """How a line is, for people and logs. Counters are since the start, over all that was plugged in."""

    name: str
    address: str  # where it is now, or was last
    lost: str  # why it is gone, empty while it is there
    reopened: int  # times
    low_latency: bool  # the port was asked to pass on at once what came, and agreed
    latency_ms: float  # for which its adapter keeps what came, NaN if it does not say
    round_trip_ms: float
    frames_good: int
    frames_bad: int
    frames_lost: int
    bytes_sent: int
    bytes_received: int


class Speaker(Protocol):
    """Who speaks over a line: the board's driver, or a bus."""

    lost: str

    @property
    def health(self) -> BusHealth: ...

    def attach(self, transport: Transport) -> None: ...


class Line:
    """A robot's port while the robot lives.

    Attributes:
        transport: to begin with; its speaker is handed the later ones.
    """

    def __init__(self, spec: PortSpec, wrap: Wrap = as_it_is) -> None:
        """Open it.

        Args:
            wrap: put round every port that is opened, e.g. to record its bytes.

        Raises:
            PortError: it cannot be opened.
        """
        self.spec = spec
        self._wrap = wrap
        self._device = ""
        self._port: SerialPort | None = self._open()
        self._device = device_at(self._port.address)
        self.transport = wrap(spec.name, self._port)
        self._last = self._port
        self._speaker: Speaker | None = None
        self._search: Future[SerialPort] | None = None
        self._search_ns = 0
        self.reopened = 0
        self._searcher = ThreadPoolExecutor(1, thread_name_prefix=f"port {spec.name}")

    def serve(self, speaker: Speaker) -> None:
        """Who speaks over it."""
        self._speaker = speaker

    @property
    def descriptor(self) -> int | None:
        """To wait on for something to read, None while there is nothing to wait on."""
        return self._port.descriptor if self._port is not None else None

    def look_after(self, t_ns: int) -> None:
        """If the line is lost, look for it; opening takes longer than a tick, so it is done beside the loop."""
        if self._speaker is None or not self._speaker.lost:
            return
        if self._port is not None:
            self._port.close()
            self._port = None
        if self._search is None:
            if t_ns >= self._search_ns:
                self._search_ns = t_ns + _AGAIN_NS
                self._search = self._searcher.submit(self._open)
        elif self._search.done():
            search, self._search = self._search, None
            if search.exception() is None:
                self._port = self._last = search.result()
                self.reopened += 1
                self._speaker.attach(self._wrap(self.spec.name, self._port))

    def _open(self) -> SerialPort:
        return SerialPort(path_of(self._device or self.spec.address), self.spec.baud)

    @property
    def health(self) -> PortHealth:
        port, counts = self._last, self._speaker.health if self._speaker is not None else _NOTHING
        return PortHealth(
            self.spec.name,
            port.address,
            self._speaker.lost if self._speaker is not None else "",
            self.reopened,
            port.low_latency,
            math.nan if port.latency_ms is None else float(port.latency_ms),
            counts.round_trip_ms,
            counts.frames_good,
            counts.frames_bad,
            counts.frames_lost,
            counts.bytes_sent,
            counts.bytes_received,
        )

    def close(self) -> None:
        self._searcher.shutdown(wait=True, cancel_futures=True)
        if self._search is not None and not self._search.cancelled() and self._search.exception() is None:
            self._search.result().close()
        if self._port is not None:
            self._port.close()
            self._port = None


_NOTHING = BusHealth(0, 0, 0, math.nan, 0, 0)
