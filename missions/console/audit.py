"""What was done at the console, and refused, by whom and when: one line of JSON each, kept over restarts."""

from __future__ import annotations

import json
import logging
import time
from logging.handlers import RotatingFileHandler
from pathlib import Path

_BYTES_MAX, _FILES = 5_000_000, 3
_REPEAT_S = 1.0  # the same refusal of the same client is written once in this time


class Audit:
    """A file that turns over before it fills the disk. A write that fails stops nothing."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._handler = RotatingFileHandler(path, maxBytes=_BYTES_MAX, backupCount=_FILES, encoding="utf-8")
        self._told_s: dict[tuple[str, str], float] = {}

    def note(self, who: str, what: str, detail: str = "") -> None:
        """Write a line."""
        if what == "refused" and self._repeats(who, detail.partition(" ")[0]):
            return
        line = {"at": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "who": who, "what": what, "detail": detail[:200]}
        text = json.dumps(line, ensure_ascii=False)
        self._handler.emit(logging.LogRecord("console", logging.INFO, "", 0, text, None, None))

    def _repeats(self, who: str, why: str) -> bool:
        now_s = time.monotonic()
        if now_s - self._told_s.get((who, why), -_REPEAT_S) < _REPEAT_S:
            return True
        if len(self._told_s) > 1000:
            self._told_s.clear()
        self._told_s[who, why] = now_s
        return False
