"""So many tablets at one console, each with state, heartbeat and video, in one event loop."""

from __future__ import annotations

import asyncio
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from websockets.asyncio.client import ClientConnection, connect

ALIVE_S = 0.05


@dataclass
class Heard:
    """What all clients together were told."""

    states: int = 0
    pictures: int = 0
    lags_ms: list[float] = field(default_factory=list)  # age of a state when it arrived


class _Tablet:
    """One client's state: what it hears, and its heartbeat."""

    def __init__(self, socket: ClientConnection, heard: Heard) -> None:
        self._socket, self._heard = socket, heard
        self._seq, self._told_ms, self._told_s = 0, 0, time.monotonic()

    async def listen(self) -> None:
        async for text in self._socket:
            message = json.loads(text)
            if "t_ms" in message:
                self._told_ms, self._told_s = message["t_ms"], time.monotonic()
            self._seq = max(self._seq, message.get("seq") or 0)
            if message["type"] == "state":
                self._heard.states += 1
                self._heard.lags_ms.append(time.monotonic_ns() / 1e6 - message["t_ms"])

    async def beat(self) -> None:
        while True:
            await asyncio.sleep(ALIVE_S)
            self._seq += 1
            held_ms = (time.monotonic() - self._told_s) * 1000
            alive = {"type": "alive", "seq": self._seq, "echo": self._told_ms, "held_ms": held_ms}
            await self._socket.send(json.dumps(alive))


async def _video(socket: ClientConnection, heard: Heard) -> None:
    while True:
        await socket.send('{"type":"next"}')
        await socket.recv()
        heard.pictures += 1


async def _client(url: str, token: str, camera: str, heard: Heard) -> None:
    def opened(path: str) -> connect:
        headers = {"Authorization": f"Bearer {token}"}
        return connect(f"ws{url.rstrip('/')[4:]}{path}", additional_headers=headers, compression=None)

    async with opened("/ws") as state, opened(f"/ws/video/{camera}") as video:
        tablet = _Tablet(state, heard)
        await asyncio.gather(tablet.listen(), tablet.beat(), _video(video, heard))


async def _all(url: str, tokens: list[str], seconds: float, heard: Heard) -> None:
    cameras = ("forward", "rear")
    tasks = [
        asyncio.create_task(_client(url, token, cameras[number % 2], heard))
        for number, token in enumerate(tokens)
    ]
    await asyncio.wait(tasks, timeout=seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def load(url: str, tokens: list[str], seconds: float) -> Heard:
    """Keep one client a token busy for some seconds."""
    heard = Heard()
    with ThreadPoolExecutor(
        1
    ) as thread:  # its own, because a browser's test may have left a loop in this one
        thread.submit(asyncio.run, _all(url, tokens, seconds, heard)).result()
    return heard


@dataclass(frozen=True, slots=True)
class Usage:
    """Of a process, so far."""

    cpu_s: float
    resident_mb: float
    at_s: float

    def share_since(self, before: Usage) -> float:
        """Of one core."""
        return (self.cpu_s - before.cpu_s) / (self.at_s - before.at_s)


def usage(pid: int) -> Usage:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    cpu_s = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return Usage(cpu_s, pages * os.sysconf("SC_PAGE_SIZE") / 1e6, time.monotonic())
