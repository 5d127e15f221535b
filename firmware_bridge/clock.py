"""Putting the time stamps of a controller that only answers on the host's clock."""

from __future__ import annotations

_DRIFT = 1e-4  # largest relative drift between two crystals


class PolledClock:
    """Nothing is taken before it was asked for, so the largest (asked - stamp) seen is the offset.

    It is let go slowly because crystals drift. A reading's stamp is then never later than it was taken by more than
    the counter's step, and a reply that was held up on its way shows its true age.
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
