"""What recorded bytes of a port say, for people: every frame of every protocol, in both directions.

A protocol is made known by a row of `DECODERS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

from firmware_bridge.link import BOARD_SYSTEM, HOST_SYSTEM, LAYOUTS, Link, Values
from firmware_bridge.ports import MemoryPair


@dataclass(frozen=True, slots=True)
class Said:
    """One frame."""

    what: str  # kind of frame, and to or from whom where a line has several
    values: Mapping[str, Any]  # numbers, texts, lists of them


class Decoder(Protocol):
    """Takes a line's bytes as they went; never raises for what they are.

    Attributes:
        bad: frames or stretches of bytes that say nothing.
    """

    @property
    def bad(self) -> int: ...

    def take(self, data: bytes, sent: bool) -> list[Said]:
        """Frames that are whole by now. `sent`: by the host."""


class BoardDecoder:
    """Messages of the bridge board's dialect."""

    def __init__(self) -> None:
        nobody = MemoryPair().host
        self._links = {True: Link(nobody, HOST_SYSTEM), False: Link(nobody, BOARD_SYSTEM)}

    @property
    def bad(self) -> int:
        return sum(link.bad for link in self._links.values())

    def take(self, data: bytes, sent: bool) -> list[Said]:
        return [_message(id_, values) for id_, values in self._links[sent].parse(data)]


def _message(id_: int, values: Values) -> Said:
    """A message by the names of its fields; arrays as lists, names of bytes as text."""
    message: Any = LAYOUTS[id_].message
    named: dict[str, Any] = {}
    at = 0
    for name, length, count in zip(
        message.ordered_fieldnames, message.array_lengths, message.lengths, strict=True
    ):
        if length and count > 1:
            named[name] = list(values[at : at + count])
            at += count
        else:
            value = values[at]
            named[name] = (
                value.rstrip(b"\0").decode("utf-8", "replace") if isinstance(value, bytes) else value
            )
            at += 1
    return Said(LAYOUTS[id_].name, named)


def _later(module: str, name: str) -> Callable[[], Decoder]:
    """A decoder whose libraries are imported when it is used."""

    def make() -> Decoder:
        decoder: Decoder = getattr(import_module(f"firmware_bridge.drivers.{module}"), name)()
        return decoder

    return make


DECODERS: dict[str, Callable[[], Decoder]] = {
    "board": BoardDecoder,
    "moteus": _later("moteus_decode", "MoteusDecoder"),
    "vesc": _later("vesc_decode", "VescDecoder"),
}
