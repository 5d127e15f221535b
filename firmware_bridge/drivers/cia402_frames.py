"""What a CiA 402 controller is told, as process data."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from firmware_bridge.drivers import cia402_codes as codes
from firmware_bridge.drivers.cia402_codes import Object
from firmware_bridge.drivers.cia402_feedback import Scale
from firmware_bridge.drivers.cia402_setup import COMMANDS

_FORMATS = {(8, True): "b", (16, False): "H", (16, True): "h", (32, True): "i"}
_UNSIGNED = (codes.CONTROLWORD, codes.MAX_TORQUE)
_INT32 = (1 << 31) - 1
Frame = tuple[int, bytes]


class Commands:
    """Frames to one controller, in turns of its motor and N m.

    Args:
        mapped: objects of each PDO, of those in `COMMANDS`; what it does not have is left out.
    """

    def __init__(self, id_: int, mapped: Sequence[tuple[Object, ...]], scale: Scale) -> None:
        self._scale = scale
        self._ids = tuple(function + id_ for function in codes.RPDO)
        self._kept = tuple(
            tuple(place for place, wanted in enumerate(wished) if wanted in has)
            for wished, has in zip(COMMANDS, mapped, strict=True)
        )
        self._structs = tuple(
            struct.Struct("<" + "".join(_FORMATS[o.bits, o not in _UNSIGNED] for o in has)) for has in mapped
        )

    def control(self, word: int, mode: int) -> Frame:
        return self._frame(0, word, mode)

    def velocity(self, speed: float, torque_ahead: float, torque_max: float) -> Frame:
        units = round(speed * self._scale.velocity_per_turn)
        return self._frame(
            1, min(max(units, -_INT32), _INT32), self._thousandths(torque_ahead), self._limit(torque_max)
        )

    def position(self, turns: float, speed_ahead: float) -> Frame:
        """The count goes round beyond 32 bits, as the controller's own does."""
        counts = round(turns * self._scale.counts_per_turn)
        ahead = round(speed_ahead * self._scale.velocity_per_turn)
        return self._frame(
            2, ((counts + _INT32 + 1) & 0xFFFFFFFF) - _INT32 - 1, min(max(ahead, -_INT32), _INT32)
        )

    def torque(self, torque: float, torque_max: float) -> Frame:
        return self._frame(3, self._thousandths(torque), self._limit(torque_max))

    def _frame(self, number: int, *values: int) -> Frame:
        kept = self._kept[number]
        if len(kept) != len(values):
            values = tuple(values[place] for place in kept)
        return self._ids[number], self._structs[number].pack(*values)

    def _thousandths(self, torque: float) -> int:
        return min(max(round(1000 * torque / self._scale.rated_torque), -32767), 32767)

    def _limit(self, torque: float) -> int:
        return min(max(round(1000 * torque / self._scale.rated_torque), 0), 65535)
