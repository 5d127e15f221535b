"""Reading and writing a controller's objects (SDO), host's end, without waiting.

What is to be asked is a *script*: a generator that yields `Read` and `Write` and is sent the answers. A refusal is
thrown into it. One request is in flight at a time; what is not answered is asked again.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from canopen.sdo import constants as sdo

_MS = 1_000_000
_PATIENCE_NS = 60 * _MS
_TRIES = 8
_TEXT_MAX = 128  # bytes of an answer in segments
_SIZE = 8  # of every SDO's frame


@dataclass(frozen=True, slots=True)
class Read:
    """An object, by its mux."""

    mux: bytes


@dataclass(frozen=True, slots=True)
class Write:
    """At most four bytes into an object."""

    mux: bytes
    data: bytes


class Refused(Exception):
    """The controller aborted the transfer."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


Script = Generator[Read | Write, bytes, None]


class Dialog:
    """One script's way through a controller.

    Attributes:
        over: nothing more is asked.
        failed: it ended because nobody answered.
    """

    def __init__(self, script: Script) -> None:
        self._script = script
        self.over = self.failed = False
        self._asked_ns: int | None = None
        self._go_on(None)

    def _go_on(self, answer: bytes | Refused | None) -> None:
        self._text = b""
        self._tries = 0
        self._asked_ns = None
        try:
            if isinstance(answer, Refused):
                self._request = self._script.throw(answer)
            else:
                self._request = next(self._script) if answer is None else self._script.send(answer)
        except StopIteration:
            self.over = True
            return
        self._frame = _first(self._request)

    def next_frame(self, t_ns: int) -> bytes | None:
        """What to send now, None while an answer is awaited."""
        if self.over or (self._asked_ns is not None and t_ns - self._asked_ns < _PATIENCE_NS):
            return None
        if self._asked_ns is not None:
            self._text = b""
            self._frame = _first(self._request)
        self._asked_ns = t_ns
        self._tries += 1
        if self._tries > _TRIES:
            self.over = self.failed = True
            return None
        return self._frame

    def hear(self, data: bytes) -> None:
        """An answer; one to another question is none."""
        if self.over or self._asked_ns is None or len(data) != _SIZE:
            return
        kind, mux = data[0] & 0xE0, self._request.mux
        if kind == sdo.RESPONSE_ABORTED and data[1:4] == mux:
            self._go_on(Refused(int.from_bytes(data[4:], "little")))
        elif isinstance(self._request, Write):
            if kind == sdo.RESPONSE_DOWNLOAD and data[1:4] == mux:
                self._go_on(b"")
        elif kind == sdo.RESPONSE_UPLOAD and data[1:4] == mux:
            if data[0] & sdo.EXPEDITED:
                unused = data[0] >> 2 & 3 if data[0] & sdo.SIZE_SPECIFIED else 0
                self._go_on(data[4 : _SIZE - unused])
            else:
                self._text = b""
                self._ask_segment(0)
        elif kind == sdo.RESPONSE_SEGMENT_UPLOAD and self._frame[0] & 0xE0 == sdo.REQUEST_SEGMENT_UPLOAD:
            self._take_segment(data)

    def _take_segment(self, data: bytes) -> None:
        toggle = self._frame[0] & sdo.TOGGLE_BIT
        if data[0] & sdo.TOGGLE_BIT != toggle:
            return
        self._text += data[1 : _SIZE - (data[0] >> 1 & 7)]
        if data[0] & sdo.NO_MORE_DATA or len(self._text) > _TEXT_MAX:
            self._go_on(self._text)
        else:
            self._ask_segment(toggle ^ sdo.TOGGLE_BIT)

    def _ask_segment(self, toggle: int) -> None:
        self._frame = bytes((sdo.REQUEST_SEGMENT_UPLOAD | toggle, *bytes(7)))
        self._asked_ns = None
        self._tries = 0


def question(mux: bytes) -> bytes:
    """The frame that asks for an object."""
    return bytes((sdo.REQUEST_UPLOAD,)) + mux + bytes(4)


def _first(request: Read | Write) -> bytes:
    if isinstance(request, Read):
        return question(request.mux)
    size = len(request.data)
    head = sdo.REQUEST_DOWNLOAD | (4 - size) << 2 | sdo.EXPEDITED | sdo.SIZE_SPECIFIED
    return bytes((head,)) + request.mux + request.data.ljust(4, b"\0")
