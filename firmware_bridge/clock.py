"""Putting the time stamps of what is at the other end of a wire on the host's clock."""

from __future__ import annotations

_DRIFT = 1e-4  # largest relative drift between two crystals


class HostClock:
    """For a board that speaks by itself: the smallest (arrival - stamp) seen is the offset.

    Nothing arrives before it was sent. The offset is let go slowly because crystals drift. A reply that was held up on
    its way so shows its true age, however late it comes.
    """

    def __init__(self) -> None:
        self._offset_ns: int | None = None
        self._seen_ns = 0

    def stamp_ns(self, arrival_ns: int, device_us: int) -> int:
        """Host time at which the board took what it sent with this stamp."""
        device_ns = device_us * 1000
        offset_ns = arrival_ns - device_ns
        if self._offset_ns is not None:
            let_go_ns = int((arrival_ns - self._seen_ns) * _DRIFT)
            offset_ns = min(offset_ns, self._offset_ns + let_go_ns)
        self._offset_ns = offset_ns
        self._seen_ns = arrival_ns
        return device_ns + offset_ns


class PolledClock:
    """For a controller that only answers: the largest (asked - stamp) seen is the offset.

    Nothing is taken before it was asked for. The offset is let go slowly because crystals drift. A reading's
    stamp is then never later than it was taken by more than the counter's step, and a reply that was held up on its way
    shows its true age.
    """

    def __init__(self) -> None:
        self._offset_ns: int | None = None
        self._seen_ns = 0

    def learn(self, asked_ns: int, device_ns: int) -> None:
        """A reply with this stamp, known to be to the request of that time."""
        offset_ns = asked_ns - device_ns
        if self._offset_ns is not None:
            let_go_ns = int((asked_ns - self._seen_ns) * _DRIFT)
            offset_ns = max(offset_ns, self._offset_ns - let_go_ns)
        self._offset_ns, self._seen_ns = offset_ns, asked_ns

    def stamp_ns(self, arrival_ns: int, device_ns: int) -> int:
        """Host time at which the controller took what it sent with this stamp; 0 before anything was learnt."""
        return min(arrival_ns, device_ns + self._offset_ns) if self._offset_ns is not None else 0
