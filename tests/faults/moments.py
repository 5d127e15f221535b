"""Moments of a simulated job that are kept, each in a process of its own that stands still there.

A job is simulated once; at every moment of interest the process forks. The copy waits and plays, from there, as
many futures as it is asked for, each in a fork of itself, so that none leaves a trace in another. A fork copies
everything exactly, also what lives in compiled libraries.
"""

from __future__ import annotations

import gc
import os
import traceback
import warnings
from collections.abc import Callable
from multiprocessing.connection import Connection, Pipe
from typing import Any

Play = Callable[[Any], Any]

_PATIENCE_S = 120.0


class FutureFailed(Exception):
    """What was played raised, or its process died; the text tells what."""


class Moments:
    """The moments kept, by name. Requests and results cross process borders: they must pickle."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[int, Connection]] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._kept

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._kept)

    def keep(self, name: str, play: Play) -> None:
        """Keep this very moment under `name`; `play` answers the requests made of it."""
        ours, theirs = Pipe()
        pid = _fork()
        if pid == 0:
            ours.close()
            for _, other in self._kept.values():
                other.close()
            _stand_still(theirs, play)
        theirs.close()
        self._kept[name] = pid, ours

    def play(self, name: str, request: Any) -> Any:
        """The result of a future played from the moment `name`.

        Raises:
            FutureFailed: it raised or died.
        """
        _, connection = self._kept[name]
        connection.send(request)
        if not connection.poll(_PATIENCE_S):
            raise FutureFailed(f"{name}: no result within {_PATIENCE_S:g} s")
        done, result = connection.recv()
        if not done:
            raise FutureFailed(f"{name}: {result}")
        return result

    def close(self) -> None:
        """End all kept processes."""
        for pid, connection in self._kept.values():
            connection.close()
            os.waitpid(pid, 0)
        self._kept.clear()


def _fork() -> int:
    with warnings.catch_warnings():
        # threads of linear algebra stand by in every process and are no danger to a fork
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _stand_still(connection: Connection, play: Play) -> None:
    """Serve requests until the other end is closed; never returns."""
    gc.freeze()
    while True:
        try:
            request = connection.recv()
        except EOFError:
            os._exit(0)
        pid = _fork()
        if pid == 0:
            _play_once(connection, play, request)
        _, status = os.waitpid(pid, 0)
        if status != 0:
            connection.send((False, f"its process died with status {status}"))


def _play_once(connection: Connection, play: Play, request: Any) -> None:
    try:
        answer = True, play(request)
    except BaseException:  # whatever it was, the one who asked must hear of it
        answer = False, traceback.format_exc()
    connection.send(answer)
    os._exit(0)
