"""VESCs on one port: one of them at the port itself, the others behind it on its CAN bus."""

from __future__ import annotations

import math
from collections.abc import Mapping

from firmware_bridge.drivers.axis import BusHealth
from firmware_bridge.drivers.vesc_axis import VescDriver
from firmware_bridge.drivers.vesc_codec import (
    FLUSH,
    Packets,
    Uptime,
    Values,
    Version,
    ask_version,
    forward,
    packet,
    parse,
)
from firmware_bridge.drivers.vesc_feedback import VescAxis
from firmware_bridge.ports import LinkLost, Transport
from robot.messages import Axis

_MS = 1_000_000
_VERSION_NS = 100 * _MS  # within which a controller must say who it is; one is asked at a time
_QUIET_NS = 25 * _MS  # without any packet: the controller's parser may be waiting for the end of a wrong one
_FLUSH_NS = 60 * _MS  # longer than it takes to send at 115200 baud


class VescBus:
    """One port and the controllers behind it.

    Attributes:
        axes: their drivers.
        lost: why the line is gone, empty while it is there.
    """

    def __init__(self, transport: Transport, controllers: Mapping[Axis, VescAxis]) -> None:
        """
        Raises:
            ValueError: two controllers with one id, or two at the port itself.
        """
        ids = [wiring.id for wiring in controllers.values()]
        direct = [axis.name.lower() for axis, wiring in controllers.items() if not wiring.can]
        if len(set(ids)) != len(ids) or len(direct) > 1:
            raise ValueError(
                f"vesc: ids {ids}, at the port {direct}: ids must differ, one may be at the port"
            )
        self.axes = {axis: VescDriver(axis, wiring) for axis, wiring in controllers.items()}
        self._by_id = {driver.wiring.id: driver for driver in self.axes.values()}
        self._direct = next((d for d in self.axes.values() if not d.wiring.can), None)
        self._packets = Packets(transport)
        self._meet_nobody()

    def attach(self, transport: Transport) -> None:
        """Speak over this transport from now on; nobody is known or armed."""
        self._packets.attach(transport)
        self._meet_nobody()

    def _meet_nobody(self) -> None:
        self.lost = ""
        self._heard_ns = 0
        self._flushed_ns = 0
        self._asked: VescDriver | None = None  # who he is, last of all
        self._asked_ns = -_VERSION_NS - 1  # the answer is awaited for a time from here
        for driver in self.axes.values():
            driver.meet_nobody()

    @property
    def health(self) -> BusHealth:
        feedbacks = [driver.feedback for driver in self.axes.values()]
        trips = [f.round_trip_ms for f in feedbacks if not math.isnan(f.round_trip_ms)]
        return BusHealth(
            frames_good=self._packets.good,
            frames_bad=self._packets.bad + sum(feedback.late for feedback in feedbacks),
            frames_lost=sum(feedback.lost for feedback in feedbacks),
            round_trip_ms=max(trips, default=math.nan),
            bytes_sent=self._packets.bytes_sent,
            bytes_received=self._packets.bytes_received,
        )

    def poll(self, t_ns: int) -> None:
        """Take what has arrived."""
        if self.lost:
            return
        try:
            payloads = self._packets.receive()
        except LinkLost as error:
            self._lose(error)
            return
        for payload in payloads:
            self._take(payload, t_ns)
        for driver in self.axes.values():
            driver.watch(t_ns)

    def _take(self, payload: bytes, t_ns: int) -> None:
        said = parse(payload)
        if said is None:
            return
        self._heard_ns = t_ns
        if isinstance(said, Version):
            if self._asked is not None and t_ns - self._asked_ns <= _VERSION_NS:
                self._asked_ns = t_ns - _VERSION_NS - 1
                self._meet(self._asked, said, t_ns)
            return
        driver = self._by_id.get(said.controller_id)
        if driver is None:
            if self._direct is not None:
                self._direct.meet_stranger(said.controller_id)
        elif isinstance(said, Values):
            driver.take_values(said, t_ns)
        elif isinstance(said, Uptime):
            driver.take_uptime(said, t_ns)

    def _meet(self, driver: VescDriver, version: Version, t_ns: int) -> None:
        """A version does not tell whose it is. If it is another one's, one of the two answered late."""
        twins = [d for d in self.axes.values() if d is not driver and d.found is not None]
        twins = [
            d for d in twins if version.uuid and d.found is not None and d.found.serial_number == version.uuid
        ]
        for twin in (*twins, driver) if twins else ():
            twin.unmeet()
        if not twins:
            driver.meet(version, t_ns)

    def send(self, t_ns: int) -> None:
        """Orders first, so that the feedback that is asked for behind them tells of them."""
        if self.lost:
            return
        orders, questions = [], []
        for driver in self.axes.values():
            order = driver.order(t_ns)
            if order:
                orders.append(self._addressed(driver, order))
            questions += [self._addressed(driver, question) for question in driver.feedback.questions(t_ns)]
        self._packets.queue(self._flush(t_ns) + b"".join(orders + questions) + self._ask_version(t_ns))
        try:
            self._packets.flush()
        except LinkLost as error:
            self._lose(error)

    def _flush(self, t_ns: int) -> bytes:
        """A damaged header makes the controller wait for up to 512 bytes; give it those."""
        if t_ns - self._heard_ns <= _QUIET_NS or t_ns - self._flushed_ns < _FLUSH_NS:
            return b""
        self._flushed_ns = t_ns
        return FLUSH

    def _ask_version(self, t_ns: int) -> bytes:
        """One at a time, in turn."""
        turn = [*self.axes.values()]
        all_known = all(driver.found is not None for driver in turn)
        if all_known or t_ns - self._asked_ns <= _VERSION_NS:
            return b""
        last = turn.index(self._asked) + 1 if self._asked is not None else 0
        self._asked = next(driver for driver in turn[last:] + turn if driver.found is None)
        self._asked_ns = t_ns
        return self._addressed(self._asked, ask_version())

    @staticmethod
    def _addressed(driver: VescDriver, payload: bytes) -> bytes:
        wiring = driver.wiring
        return packet(forward(wiring.id, payload) if wiring.can else payload)

    def _lose(self, error: LinkLost) -> None:
        self.lost = str(error)
        for driver in self.axes.values():
            driver.lose_line(f"line lost: {error}")
