"""Where the time of a tick goes: functions wrapped for the length of a measurement, each with its own share."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any

now_ns = time.process_time_ns  # other processes on the machine do not count

Place = tuple[Any, str, str]  # class or module, name of its function, part that it belongs to


class Stopwatch:
    """CPU time per part, without what wrapped functions inside it take."""

    def __init__(self) -> None:
        self._inside_ns = [0]  # taken by wrapped functions, per function that is running
        self._now: dict[str, int] = defaultdict(int)
        self.laps: list[dict[str, int]] = []  # ns per part

    def lap(self) -> None:
        """A tick is over."""
        self.laps.append(dict(self._now))
        self._now.clear()

    def wrap(self, function: Callable[..., Any], part: str) -> Callable[..., Any]:
        inside_ns, now = self._inside_ns, self._now

        @wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            inside_ns.append(0)
            began_ns = now_ns()
            try:
                return function(*args, **kwargs)
            finally:
                took_ns = now_ns() - began_ns
                now[part] += took_ns - inside_ns.pop()
                inside_ns[-1] += took_ns

        return timed

    @contextmanager
    def watching(self, places: Sequence[Place]) -> Iterator[None]:
        """All of `places` are wrapped inside this context."""
        before = [(owner, name, getattr(owner, name)) for owner, name, _ in places]
        for owner, name, part in places:
            setattr(owner, name, self.wrap(getattr(owner, name), part))
        try:
            yield
        finally:
            for owner, name, function in before:
                setattr(owner, name, function)
