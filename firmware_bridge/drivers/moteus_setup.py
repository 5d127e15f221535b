"""Meeting a moteus: who it is, and what it does when it hears no more.

Its configuration can only be read as text, through its diagnostic channel, whose answers do not name their question.
So the channel is emptied before each question, and an answer counts only if it is the one line that came.
"""

from __future__ import annotations

import math

from firmware_bridge.drive_map import AxisEntry
from firmware_bridge.drivers import moteus_codec as codec
from firmware_bridge.drivers import moteus_codes as codes
from firmware_bridge.drivers.axis import Found

_WATCHDOG, _REACTION = "servo.default_timeout_s", "servo.timeout_mode"
_RAMP = "servo.default_accel_limit"
_RAMP_OFF = 0.05  # by which the ramp may differ
_PATIENCE = 12  # replies within which a question must be answered, else it is asked again
_TEXT_MAX = 256
_TRIES = 5  # after which it is taken not to tell
_BRAKING = (10, 12, 15)  # time-out modes that do not coast


class Setup:
    """One meeting: `next_frame` says what to send, `hear` takes the answers.

    Attributes:
        found: who it is, as far as it is known.
        mismatch: why it must not be armed; empty if all is well.
        done: everything was answered.
    """

    def __init__(self, frames: codec.Codec, entry: AxisEntry) -> None:
        self._codec, self._entry = frames, entry
        self._questions = (
            (_WATCHDOG, _REACTION) if entry.stop_accel is None else (_WATCHDOG, _REACTION, _RAMP)
        )
        self._card: codec.Card | None = None
        self._answers: dict[str, str] = {}
        self.found: Found | None = None
        self.mismatch = f"no answer from moteus {entry.id}"
        self.done = False
        self._tries = 0
        self._start_over()

    def _start_over(self) -> None:
        self._asked = False
        self._text = b""
        self._replies = 0

    def next_frame(self, t_ns: int) -> tuple[bytes, bool]:
        """What to send and whether it is answered."""
        if self._card is None:
            return self._codec.identify, True
        if self._empty and not self._asked:
            self._asked = True
            return self._codec.ask(f"conf get {self._question}"), False
        return self._codec.read, True

    @property
    def _question(self) -> str:
        return next(name for name in self._questions if name not in self._answers)

    def hear(self, data: bytes) -> None:
        """One reply."""
        if self._card is None:
            self._card = codec.card(data)
            self._empty = False
            self._compare()
            return
        text = codec.text(data)
        if text is None:
            return
        self._replies += 1
        if not self._asked:
            self._empty = not text
        elif text:
            self._text = (self._text + text)[-_TEXT_MAX:]
        elif self._text.endswith(b"\n"):
            self._take(self._text)
        if self._replies >= _PATIENCE:
            self._empty = False
            self._start_over()
            self._tries += 1
            if self._tries >= _TRIES:
                self._answer("not told")

    def _take(self, text: bytes) -> None:
        lines = text.split()
        self._empty = False
        self._start_over()
        if len(lines) == 1:
            self._answer(lines[0].decode("ascii", "replace"))

    def _answer(self, text: str) -> None:
        self._answers[self._question] = text
        self._tries = 0
        self.done = len(self._answers) == len(self._questions)
        self._compare()

    def _compare(self) -> None:
        """Put into words what is not as it must be (promise S14)."""
        card = self._card
        if card is None:
            return
        wrong = []
        if card.register_map != codes.REGISTER_MAP:
            wrong.append(f"register map: controller {card.register_map}, host {codes.REGISTER_MAP}")
        if card.firmware < codes.FIRMWARE_MIN:
            least = codes.firmware_text(codes.FIRMWARE_MIN)
            wrong.append(
                f"firmware: controller {codes.firmware_text(card.firmware)}, host needs {least} or newer"
            )
        if card.id != self._entry.id:
            wrong.append(f"id: controller {card.id}, host {self._entry.id}")
        watchdog_s, reaction = _number(self._answers.get(_WATCHDOG)), _number(self._answers.get(_REACTION))
        if not self.done:
            wrong.append("its configuration is not read yet")
        else:
            if not 0.0 < watchdog_s < math.inf:
                wrong.append(f"{_WATCHDOG}: controller {self._answers[_WATCHDOG]}, host needs a finite time")
            allowed = _BRAKING if self._entry.timeout_mode is None else (self._entry.timeout_mode,)
            if reaction not in allowed:
                needed = " or ".join(map(str, allowed))
                wrong.append(f"{_REACTION}: controller {self._answers[_REACTION]}, host {needed}")
            if self._entry.stop_accel is not None:
                ramp = self._entry.stop_accel * abs(self._entry.turns_per_unit)
                if not abs(_number(self._answers.get(_RAMP)) - ramp) <= _RAMP_OFF * ramp:
                    wrong.append(f"{_RAMP}: controller {self._answers[_RAMP]}, host {ramp:.3f}")
        self.mismatch = "; ".join(wrong)
        self.found = Found(
            "moteus",
            card.id,
            f"moteus {card.model:#06x}",
            codes.firmware_text(card.firmware),
            card.serial_number,
            {"register map": str(card.register_map), **self._answers},
        )


def _number(text: str | None) -> float:
    try:
        return float(text) if text is not None else math.nan
    except ValueError:
        return math.nan
