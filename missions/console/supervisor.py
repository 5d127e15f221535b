"""Starts the console's processes, keeps them, and ends them: the robot first.

The server is started again when it dies: meanwhile the robot does what its mode's rule for a lost link says, and the
crew's tablets connect again by themselves. The robot's runtime is never started again after it died, only after the
crew finished a job: whatever made it die is looked at first (promise S1).
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from missions.console.setup import FINISHED, Setup

_BAD_INPUT = 2  # exit code of the runtime, which has said why
_POLL_S = 0.1
_AGAIN_S = 0.5  # between two starts of a server
_ENDING_S = 15.0  # for the robot to come to rest and its log to be closed


class Supervisor:
    """The processes of one console.

    Args:
        setup: what they are told.
        tell: for messages to whoever started the console.
    """

    def __init__(self, setup: Setup, tell: Callable[[str], None]) -> None:
        self._file, self._tell = setup.write(), tell
        self._folder = Path(setup.folder)
        self._reachable = setup.host, setup.port
        self._runtime: subprocess.Popen[bytes] | None = None
        self._helpers: dict[str, subprocess.Popen[bytes]] = {}
        self._names = ["server"] if setup.device else ["server", "pictures"]
        self._started_s: dict[str, float] = {}

    def start(self) -> None:
        self._runtime = self._spawn("runtime")
        for name in self._names:
            self._start_helper(name)

    def run(self, ending: threading.Event) -> int:
        """Until `ending` is set or the runtime has ended; returns the exit code, with everything ended."""
        try:
            while not ending.wait(_POLL_S):
                assert self._runtime is not None
                code = self._runtime.poll()
                if code == FINISHED:
                    _end(self._runtime)
                    self._runtime = self._spawn("runtime")
                elif code is not None:
                    if code != _BAD_INPUT:
                        self._tell(
                            f"the robot's software has ended by itself, code {code}; start again when it is clear why"
                        )
                    return code or 1
                for name, process in list(self._helpers.items()):
                    if process.poll() is not None and time.monotonic() - self._started_s[name] > _AGAIN_S:
                        self._tell(f"{name} has ended (code {process.returncode}) and is started again")
                        _end(process)
                        self._start_helper(name)
            return 0
        finally:
            self.close()

    def wait_until_served(self, ending: threading.Event) -> bool:
        """Whether the server answers; False as well if something ends before it does."""
        assert self._runtime is not None
        while not ending.wait(_POLL_S) and self._runtime.poll() is None:
            with contextlib.suppress(OSError):
                socket.create_connection(self._reachable, timeout=1.0).close()
                return True
        return False

    def close(self) -> None:
        """The robot stops and its log is closed; then the others end."""
        runtime = [self._runtime] if self._runtime else []
        for process in (*runtime, *self._helpers.values()):
            _end(process)
        for path in self._folder.glob("*"):
            path.unlink(missing_ok=True)
        self._folder.rmdir()

    def pid(self, name: str) -> int:
        """Of the runtime or a helper, for who looks after them."""
        process = self._runtime if name == "runtime" else self._helpers[name]
        assert process is not None
        return process.pid

    def _start_helper(self, name: str) -> None:
        self._started_s[name] = time.monotonic()
        self._helpers[name] = self._spawn(name)

    def _spawn(self, name: str) -> subprocess.Popen[bytes]:
        """A process of our own group does not hear the terminal's Ctrl-C: we end it in order. It ends by itself when
        we are gone, as the other end of its stdin is."""
        command = [sys.executable, "-m", f"missions.console.{name}", str(self._file)]
        return subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ended in order if it lives, else what is left of it put away."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(_ENDING_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
