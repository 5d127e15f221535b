"""The newest picture of every camera, for those who look: one a credit, none twice."""

from __future__ import annotations

import asyncio
import contextlib
import json
import struct
import time
from pathlib import Path
from typing import Any

from missions.console.sockets import PICTURES, WANTED, Inbox, Outbox

CAMERAS = ("forward", "rear")
MAGIC = b"SLV1"
_HEAD = struct.Struct(">4sQIH")  # magic, t_ms, number, length of the overlay
_ASK_S = 0.5  # how often the camera's process hears that somebody looks


def packed(camera: str, t_ms: int, number: int, overlay: dict[str, Any], jpeg: bytes) -> bytes:
    """As a camera's process hands it over: the camera's place in `CAMERAS`, then what goes to the page."""
    text = json.dumps(overlay).encode()
    return bytes([CAMERAS.index(camera)]) + _HEAD.pack(MAGIC, t_ms, number, len(text)) + text + jpeg


def unpacked(frame: bytes) -> tuple[int, int, dict[str, Any], bytes]:
    """Time, number, overlay and JPEG of what a page gets."""
    _, t_ms, number, length = _HEAD.unpack_from(frame)
    end = _HEAD.size + length
    return t_ms, number, json.loads(frame[_HEAD.size : end]), frame[end:]


class Gallery:
    """The server's end of the cameras."""

    def __init__(self, folder: Path) -> None:
        self._inbox, self._cameras = Inbox(folder / PICTURES), Outbox(folder / WANTED)
        self._newest: dict[str, tuple[int, bytes]] = {}  # counted as they arrive
        self._count = 0
        self._news = {camera: asyncio.Event() for camera in CAMERAS}
        self._asked_s = dict.fromkeys(CAMERAS, 0.0)

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.add_reader(self._inbox.fileno(), self._receive)

    def close(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.remove_reader(self._inbox.fileno())
        self._inbox.close()
        self._cameras.close()

    async def after(self, camera: str, had: int) -> tuple[int, bytes]:
        """The newest picture after `had`, with its count; waits until there is one."""
        while True:
            self._ask(camera)
            count, frame = self._newest.get(camera, (0, b""))
            if count > had:
                return count, frame
            news = self._news[camera]
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(news.wait(), _ASK_S)

    def _ask(self, camera: str) -> None:
        now_s = time.monotonic()
        if now_s - self._asked_s[camera] > _ASK_S:
            self._asked_s[camera] = now_s
            self._cameras.send(camera.encode())

    def _receive(self) -> None:
        for data in self._inbox.drain():
            if not data or data[0] >= len(CAMERAS):
                continue
            camera = CAMERAS[data[0]]
            self._count += 1
            self._newest[camera] = self._count, data[1:]
            self._news[camera].set()
            self._news[camera] = asyncio.Event()
