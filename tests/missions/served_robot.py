"""A simulated robot in a process of its own, in real time, behind ptys that can be unplugged and plugged in again."""

from __future__ import annotations

import contextlib
import dataclasses
import multiprocessing
import os
import time
import tty
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from firmware_bridge.axes import WATCHDOG_MS
from firmware_bridge.ports import READ_MAX
from firmware_bridge.virtual.board import VirtualBoard
from firmware_bridge.virtual.buses import virtual_bus
from hil.world.world import World
from missions.job import Job
from robot.messages import Axis, AxisFault, CameraFrame, StopCause

_FORK = multiprocessing.get_context("fork")
STEP_S = 0.0005


class Socket:
    """What a device is plugged into: a pty below a link by which it is known, or nothing."""

    def __init__(self, link: Path) -> None:
        self._link = link
        self._master = -1
        self.plug()

    def plug(self) -> None:
        """Under another name than before."""
        master, slave = os.openpty()
        tty.setraw(master)
        os.set_blocking(master, False)
        name = os.ttyname(slave)
        self._spare, self._master = slave, master  # held open, or reading fails until the host has opened it
        there = self._link.with_suffix(".new")
        there.symlink_to(name)
        there.replace(self._link)

    def unplug(self) -> None:
        self._link.unlink()
        for descriptor in (self._spare, self._master):
            os.close(descriptor)
        self._master = -1

    def read(self) -> bytes:
        with contextlib.suppress(OSError):
            return os.read(self._master, READ_MAX)
        return b""

    def write(self, data: bytes) -> None:
        with contextlib.suppress(OSError):
            os.write(self._master, data)

    def close(self) -> None:
        self.unplug()


class ServedRobot:
    """The process. `links` says where its ports are, by what they are for."""

    def __init__(self, job: Job, folder: Path) -> None:
        self.links = {name: folder / name for name in ("board", *(bus.name for bus in job.drives.bus))}
        self._ours, theirs = _FORK.Pipe()
        self._camera, camera = _FORK.Pipe(duplex=False)
        self._process = _FORK.Process(target=_serve, args=(job, self.links, theirs, camera), daemon=True)
        self._process.start()
        self.ask("ready")

    def ask(self, *question: str) -> Any:
        self._ours.send(question)
        assert self._ours.poll(60.0), "the devices' process does not answer"
        return self._ours.recv()

    def unplug(self, name: str) -> None:
        self.ask("unplug", name)

    def plug(self, name: str) -> None:
        self.ask("plug", name)

    def status(self) -> dict[str, Any]:
        """How its axes are, by the devices themselves."""
        status: dict[str, Any] = self.ask("status")
        return status

    def camera(self, t_ns: int) -> CameraFrame | None:
        """What its camera saw last, on the host's clock."""
        newest = None
        while self._camera.poll():
            newest = self._camera.recv()
        return dataclasses.replace(newest, t_ns=t_ns) if newest is not None else None

    def close(self) -> None:
        self._process.kill()
        self._process.join()


def _serve(job: Job, links: dict[str, Path], ours: Connection, camera: Connection) -> None:
    sockets = {name: Socket(link) for name, link in links.items()}
    world = World(job.profile, job.line, job.scenario, job.seed)
    board = VirtualBoard(sockets["board"], job.profile, world, external=job.drives.external)
    buses = {b.name: virtual_bus(job.drives, b, board.drives, sockets[b.name]) for b in job.drives.bus}
    board.advance(100_000_000)  # whatever is compiled is compiled now
    began_ns = time.monotonic_ns() - 100_000_000
    unplugged_ns, stopped_ms, last_ns, held_up_ms = 0, 0.0, 0, 0.0
    while True:
        now_ns = time.monotonic_ns() - began_ns
        held_up_ms, last_ns = max(held_up_ms, (now_ns - last_ns) / 1e6), now_ns
        for bus in buses.values():
            bus.advance()
        board.advance(now_ns)
        if (frame := world.camera(now_ns)) is not None:
            camera.send(frame)
        timed_out = board.permission.cause == StopCause.WATCHDOG or _timed_out(board, buses)
        if unplugged_ns and not stopped_ms and timed_out:
            stopped_ms = (now_ns - unplugged_ns) / 1e6
        if ours.poll():
            act, *name = ours.recv()
            if act == "unplug":
                sockets[name[0]].unplug()
                unplugged_ns, stopped_ms, held_up_ms = now_ns, 0.0, 0.0
            elif act == "plug":
                sockets[name[0]].plug()
            ours.send(
                {
                    "speeds": [float(v) for v in board.drives.drives["velocity"]],
                    "permitted": board.permission.permitted,
                    "stopped_ms": stopped_ms,  # after the plug was pulled
                    "held_up_ms": held_up_ms,  # by the machine, longest since then
                }
            )
        time.sleep(STEP_S)


def _timed_out(board: VirtualBoard, buses: dict[str, Any]) -> bool:
    """Whether a wheel's own controller has."""
    if not buses:
        return False
    devices = [d for bus in buses.values() for d in bus.devices.values() if d.axis == Axis.TRACTION_FRONT]
    return any(
        getattr(d, "timed_out", board.drives.drives[d.axis]["fault"] == AxisFault.TIMEOUT) for d in devices
    )


LATEST_MS = (
    WATCHDOG_MS + 50
)  # from pulling the plug: a setpoint may have come just before, and it looks in steps
