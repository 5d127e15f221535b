"""The cameras of the simulated robot: a process that draws what they see, when somebody looks.

`python -m missions.console.pictures SETUP`. It hears the truth of the simulated world from the runtime, draws with
`hil.pictures`, and hands JPEGs to the server; each picture is made once, whoever looks.
"""

from __future__ import annotations

import json
import select
import sys
import threading
import time
from pathlib import Path
from typing import Any

import cv2

from hil import pictures
from hil.world.truth import TruthState
from missions.codec import CodecError
from missions.console import scene
from missions.console.gallery import CAMERAS, packed
from missions.console.parent import when_parent_ends
from missions.console.setup import Setup, read_setup
from missions.console.sockets import PICTURES, TRUTH, WANTED, Inbox, Outbox

HZ = 15.0
LOST_S = 0.5
WANTED_S = 2.0  # without a word of the server for so long, nobody looks
_QUALITY = 60
_DRAW = {"forward": pictures.forward, "rear": pictures.rear}


class Studio:
    """Draws the newest truth for the cameras that are looked at."""

    def __init__(self, setup: Setup) -> None:
        self._folder = Path(setup.folder)
        self._job = setup.job()
        self._truth, self._wanted = Inbox(self._folder / TRUTH), Inbox(self._folder / WANTED)
        self._server = Outbox(self._folder / PICTURES)
        self._scene: pictures.Scene | None = None
        self._scene_ns = 0
        self._newest: TruthState | None = None
        self._heard_s = 0.0
        self._until_s = dict.fromkeys(CAMERAS, 0.0)
        self._numbers = dict.fromkeys(CAMERAS, 0)

    def run(self, ending: threading.Event) -> None:
        due_s = time.monotonic()
        while not ending.is_set():
            select.select([self._wanted], [], [], max(due_s - time.monotonic(), 0.0))
            now_s = time.monotonic()
            for data in self._wanted.drain():
                self._until_s[data.decode()] = now_s + WANTED_S
            if now_s < due_s:
                continue
            due_s = max(due_s + 1 / HZ, now_s)
            self._hear()
            for camera in CAMERAS:
                if self._until_s[camera] > now_s:
                    self._draw(camera)

    def _hear(self) -> None:
        """The newest truth, and the scene that belongs to it."""
        data, now_s = self._truth.newest(), time.monotonic()
        if data is None:
            if now_s - self._heard_s > LOST_S:
                self._newest = None  # a robot that is not there takes no pictures
            return
        try:
            self._newest, self._heard_s = scene.TRUTH_MESSAGE.decode(data), now_s
        except CodecError:
            return
        path = self._folder / scene.FILE
        changed_ns = path.stat().st_mtime_ns
        if changed_ns != self._scene_ns:
            self._scene_ns, self._scene = changed_ns, self._read(json.loads(path.read_text(encoding="utf-8")))

    def _read(self, rows: list[dict[str, Any]]) -> pictures.Scene:
        line, camera = self._job.line, self._job.profile.camera
        return pictures.Scene(
            [line.feature(row["kind"], row["at_m"]) for row in rows],
            camera.forward_s_m,
            camera.rear_s_m,
            line.conductor.diameter_m,
            line.cable.diameter_m,
            line.pitch_m,
            line.hand,
        )

    def _draw(self, camera: str) -> None:
        if self._newest is None or self._scene is None:
            return
        taken_ms = time.monotonic_ns() // 1_000_000
        picture, overlay = _DRAW[camera](self._scene, self._newest)
        _, jpeg = cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, _QUALITY))
        self._numbers[camera] += 1
        self._server.send(packed(camera, taken_ms, self._numbers[camera], overlay, jpeg.tobytes()))


def main(arguments: list[str]) -> int:
    cv2.setNumThreads(1)
    ending = threading.Event()

    when_parent_ends(ending.set)
    Studio(read_setup(Path(arguments[0]))).run(ending)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
