"""moteus controllers on one line, host's end: several on an fdcanusb adapter, or one on its UART."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from firmware_bridge.drivers.axis import BusHealth
from firmware_bridge.drivers.fdcanusb import Fdcanusb
from firmware_bridge.drivers.moteus_axis import MoteusAxis
from firmware_bridge.drivers.moteus_codec import REPLY_BIT
from firmware_bridge.ports import LinkLost, Transport
from robot.messages import Axis


class MoteusBus:
    """One line; see `firmware_bridge.drivers.axis.Bus`."""

    def __init__(self, transport: Transport, axes: Iterable[MoteusAxis], *, checksums: bool = True) -> None:
        self._line = Fdcanusb(transport, checksums)
        self._axes = {axis.axis: axis for axis in axes}
        self._by_id = {axis.id: axis for axis in self._axes.values()}
        self._strange = 0
        self.lost = ""

    @property
    def axes(self) -> Mapping[Axis, MoteusAxis]:
        return self._axes

    @property
    def health(self) -> BusHealth:
        line, axes = self._line, self._axes.values()
        return BusHealth(
            line.good,
            line.bad + self._strange + sum(axis.rejected for axis in axes),
            sum(axis.lost for axis in axes),
            max((axis.round_trip_ms for axis in axes), default=math.nan),
            line.bytes_sent,
            line.bytes_received,
        )

    def attach(self, transport: Transport) -> None:
        self._line.attach(transport)
        self.lost = ""
        for axis in self._axes.values():
            axis.meet()

    def poll(self, t_ns: int) -> None:
        if self.lost:
            return
        try:
            frames = self._line.receive()
        except LinkLost as error:
            self._lose(error)
            return
        for arbitration_id, data in frames:
            axis = self._by_id.get(arbitration_id >> 8 & 0x7F)
            if axis is None or arbitration_id & 0xFF or arbitration_id >> 16:
                self._strange += 1
            else:
                axis.hear(t_ns, data)

    def send(self, t_ns: int) -> None:
        if self.lost:
            return
        for axis in self._axes.values():
            frame = axis.next_frame(t_ns)
            if frame is not None:
                self._line.queue((REPLY_BIT if frame[1] else 0) | axis.id, frame[0])
        try:
            self._line.flush()
        except LinkLost as error:
            self._lose(error)

    def _lose(self, error: LinkLost) -> None:
        self.lost = str(error)
        for axis in self._axes.values():
            axis.lose_line(f"line lost: {error}")
