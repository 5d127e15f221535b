"""How a process of the console notices that the one that started it is gone, or wants it to end."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable


def when_parent_ends(then: Callable[[], None]) -> None:
    """Call `then`, from a thread of its own, when the parent closes our stdin, or dies, which does the same.

    Ctrl-C at the parent's terminal is the parent's business.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.read(0, 4096):  # not `sys.stdin`, whose lock would be held when the interpreter ends
            pass
        then()

    threading.Thread(target=watch, daemon=True).start()
