"""The progress of a run, for people: chainage, mode, speed, pitch, tension, time left."""

from __future__ import annotations

import math
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from missions.job import Job
from robot.messages import CommandFrame, Mode, SensorFrame

_LOOK_TICKS = 20
_REDRAW_S = 0.1
_WORKING = frozenset({Mode.WRAP, Mode.CROSSING, Mode.TRAVEL})


class ProgressBar:
    """A bar along the line; hand `watch` to the run."""

    def __init__(self, job: Job, console: Console) -> None:
        self._end_m = job.line.length_m - job.parameters.end_gap_m
        self._progress = Progress(
            BarColumn(),
            TextColumn("{task.completed:6.1f} / {task.total:.1f} m"),
            TextColumn("{task.description}"),
            console=console,
            auto_refresh=False,
        )
        self._task = self._progress.add_task("", total=self._end_m)
        self._ticks = 0
        self._drawn_s = 0.0
        self._began: tuple[int, float] | None = None  # time and chainage at which the work began

    def __enter__(self) -> ProgressBar:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def watch(self, frame: SensorFrame, command: CommandFrame) -> None:
        """Called every tick; draws when it is time."""
        self._ticks += 1
        if self._ticks % _LOOK_TICKS or time.perf_counter() - self._drawn_s < _REDRAW_S:
            return
        self._drawn_s = time.perf_counter()
        s_m = command.estimate.chainage_m
        if not math.isfinite(s_m):
            return
        self._progress.update(self._task, completed=max(s_m, 0.0), description=self._text(frame, command))
        self._progress.refresh()

    def _text(self, frame: SensorFrame, command: CommandFrame) -> str:
        estimate, camera = command.estimate, frame.camera
        pitch_m = camera.lay_pitch_m if camera is not None else math.nan
        parts = [
            f"{command.mode.value:<9}",
            f"{estimate.speed_mps:5.2f} m/s",
            f"pitch {pitch_m:.2f} m" if math.isfinite(pitch_m) else "pitch -",
            f"{estimate.tension_n:4.1f} N",
            self._left(command),
        ]
        return "  ".join(parts)

    def _left(self, command: CommandFrame) -> str:
        """Time left at the pace so far."""
        s_m = command.estimate.chainage_m
        if self._began is None:
            if command.mode in _WORKING:
                self._began = (command.t_ns, s_m)
            return ""
        done_m, took_s = s_m - self._began[1], (command.t_ns - self._began[0]) / 1e9
        if done_m < 1.0:
            return ""
        left_s = took_s / done_m * max(self._end_m - s_m, 0.0)
        return f"{left_s // 60:.0f}:{left_s % 60:02.0f} left"
