"""Questions to a moteus over its diagnostic channel, one after the other: for a bench, as it waits for answers.

An answer does not name its question, so the channel is emptied first, and an answer with a gap in it is asked for
again: nothing that is asked here does harm when it is done twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from firmware_bridge.drivers import moteus_codec as codec
from firmware_bridge.drivers.fdcanusb import Fdcanusb
from firmware_bridge.ports import Transport

_REPLY_S = 0.05  # for one reply of the channel
_SILENCE_S = 0.5  # without any new text: no more will come
_POLL_S = 0.0005
_TRIES = 3
_EMPTY = 2  # empty replies in a row: there is nothing left


class ConsoleError(Exception):
    """It does not answer, or says that something is wrong."""


class MoteusConsole:
    """One controller's diagnostic channel."""

    def __init__(
        self,
        transport: Transport,
        id_: int,
        now_s: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._line = Fdcanusb(transport)
        self._id = id_
        self._codec = codec.Codec(id_)
        self._now_s, self._sleep = now_s, sleep

    def settings(self) -> dict[str, str]:
        """Its whole configuration.

        Raises:
            ConsoleError, LinkLost: as every question here.
        """
        pairs = [line.split(" ", 1) for line in self.ask("conf enumerate")]
        if not pairs or any(len(pair) != 2 for pair in pairs):
            raise ConsoleError(f"moteus {self._id}: its configuration cannot be read; try again")
        return {name: value.strip() for name, value in pairs}

    def change(self, name: str, value: str) -> None:
        """In its memory; what is not kept is gone when it restarts."""
        self.ask(f"conf set {name} {value}")

    def keep(self) -> None:
        """The configuration that it has now, for good."""
        self.ask("conf write")

    def ask(self, question: str) -> list[str]:
        """The lines of the answer, without the "OK" at its end."""
        for _ in range(_TRIES):
            self._empty()
            self._say(question)
            answer = self._answer()
            if answer is not None:
                break
        else:
            raise ConsoleError(f"moteus {self._id}: no whole answer to {question!r} in {_TRIES} attempts")
        *lines, last = answer
        if last.startswith("ERR"):
            raise ConsoleError(f"moteus {self._id}: {question!r}: {last}")
        return lines

    def _say(self, question: str) -> None:
        self._line.queue(self._id, self._codec.ask(question))
        self._line.flush()

    def _empty(self) -> None:
        empty, until_s = 0, self._now_s() + _SILENCE_S
        while empty < _EMPTY and self._now_s() < until_s:
            empty = empty + 1 if self._read() == b"" else 0

    def _answer(self) -> list[str] | None:
        """Whole lines up to "OK" or an error; None if something is missing of it."""
        text, heard_s = b"", self._now_s()
        while self._now_s() - heard_s < _SILENCE_S:
            more = self._read()
            if more is None:
                return None
            if more:
                text, heard_s = text + more, self._now_s()
                lines = text.decode("ascii", "replace").splitlines()
                if text.endswith(b"\n") and lines[-1].startswith(("OK", "ERR")):
                    return lines
        return None

    def _read(self) -> bytes | None:
        """What the channel holds, up to a frame of it; None if there was no reply."""
        self._line.queue(codec.REPLY_BIT | self._id, self._codec.read)
        self._line.flush()
        until_s = self._now_s() + _REPLY_S
        while self._now_s() < until_s:
            for arbitration_id, data in self._line.receive():
                text = codec.text(data) if arbitration_id >> 8 & 0x7F == self._id else None
                if text is not None:
                    return text
            self._sleep(_POLL_S)
        return None
