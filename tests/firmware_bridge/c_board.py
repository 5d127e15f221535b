"""The example board in C: compiled, run as a process of its own at a pty, and put in the place of the virtual one.

In lockstep its clock stands until it is told how far to run and how many bytes the host has sent by then, so that
a test gives the same bytes every time.
"""

from __future__ import annotations

import ctypes
import functools
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Collection, Sequence
from pathlib import Path

import pytest
from board_rig import PROFILE, Rig, SpringMass

from firmware_bridge.example_board import generate
from firmware_bridge.ports import SerialPort
from robot.messages import Axis, AxisFault
from robot.profile import Profile

FLAGS = ("-std=c99", "-O2", "-Wall", "-Wextra", "-Werror", "-pedantic")
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")
WAIT_S = 30.0


@functools.cache
def _workshop() -> tempfile.TemporaryDirectory:
    return tempfile.TemporaryDirectory(prefix="example-board-")


def gcc(*arguments: str | Path) -> None:
    """Run the compiler; a test that needs it is skipped where there is none."""
    if shutil.which("gcc") is None:
        pytest.skip("no gcc on this machine: apt install gcc libc6-dev")
    done = subprocess.run(["gcc", *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@functools.cache
def sanitizers() -> tuple[str, ...]:
    """Options that make the program watch its own memory and arithmetic, if the compiler has them here."""
    probe = Path(_workshop().name) / "probe.c"
    probe.write_text("int main(void) { return 0; }\n", encoding="utf-8")
    gcc("--version")
    done = subprocess.run(
        ["gcc", *SANITIZERS, "-o", probe.with_suffix(""), probe], capture_output=True, check=False
    )
    return SANITIZERS if done.returncode == 0 else ()


@functools.cache
def headers(config: str) -> Path:
    """A folder with what `generate` writes, this configuration among it."""
    folder = Path(tempfile.mkdtemp(dir=_workshop().name))
    generate.generate(PROFILE, folder)
    (folder / "robot_config.h").write_text(config, encoding="utf-8")
    return folder


@functools.cache
def _objects() -> tuple[Path, ...]:
    """All of the board but its main program, which alone knows the robot."""
    folder = headers(generate.robot_config(PROFILE))
    sources = [path for path in sorted(generate.FOLDER.glob("*.c")) if path.name != "main_pty.c"]
    objects = tuple(folder / f"{path.stem}.o" for path in sources)
    for source, made in zip(sources, objects, strict=True):
        gcc(*FLAGS, *sanitizers(), "-isystem", folder, "-c", "-o", made, source)
    return objects


@functools.cache
def built(source: Path, config: str) -> Path:
    """This program, with the board and for a robot of this configuration."""
    folder = headers(config)
    program = folder / source.stem
    gcc(*FLAGS, *sanitizers(), "-isystem", folder, "-I", generate.FOLDER, "-o", program, source, *_objects(),
        "-lm")  # fmt: skip
    return program


def example_board(profile: Profile = PROFILE) -> Path:
    """The program, for this robot."""
    return built(generate.FOLDER / "main_pty.c", generate.robot_config(profile))


_SUPPORT = """
#include "support.h"
#include <robot_config.h>
bool may_release(int carriage, double target_m, const double *grip_m, const double *load_n)
{
    return support_may_release(&ROBOT, carriage, target_m, grip_m, load_n);
}
"""


@functools.cache
def _support_library() -> ctypes.CDLL:
    folder = headers(generate.robot_config(PROFILE))
    source, library = folder / "may_release.c", folder / "support.so"
    source.write_text(_SUPPORT, encoding="utf-8")
    gcc(*FLAGS, "-shared", "-fPIC", "-isystem", folder, "-I", generate.FOLDER, "-o", library, source,
        generate.FOLDER / "support.c", "-lm")  # fmt: skip
    loaded = ctypes.CDLL(str(library))
    loaded.may_release.restype = ctypes.c_bool
    return loaded


class CSupportRule:
    """The example board's support rule, called directly."""

    def may_release(
        self, carriage: int, target_m: float, grip_m: Sequence[float], load_n: Sequence[float]
    ) -> bool:
        three = ctypes.c_double * 3
        target = ctypes.c_double(target_m)
        return _support_library().may_release(carriage, target, three(*grip_m), three(*load_n))


class CountedPort:
    """The host's end of the pty: counts what goes out, keeps what has come in."""

    def __init__(self, path: str) -> None:
        self._port = SerialPort(path)
        self.sent = self.received = 0
        self._inbox = b""

    def fileno(self) -> int:
        return self._port._serial.fd if self._port._serial.is_open else -1

    def fetch(self) -> None:
        data = self._port.read()
        self.received += len(data)
        self._inbox += data

    def read(self) -> bytes:
        data, self._inbox = self._inbox, b""
        return data or self._port.read()

    def write(self, data: bytes) -> None:
        self._port.write(data)
        self.sent += len(data)

    def close(self) -> None:
        self._port.close()


class CDrives:
    """Faults of the drives, as `DriveBank` has them."""

    def __init__(self, board: CBoard) -> None:
        self._board = board
        self.effort = [0.0] * len(Axis)
        self.relay = False

    def watch(self, axis: int, on: bool) -> None:
        self._board.order(f"watchdog {axis} {on:d}")

    def reset(self, axis: int) -> None:
        self._board.order(f"restart {axis}")

    def trip(self, axis: int, fault: AxisFault) -> None:
        self._board.order(f"trip {axis} {fault:d}")

    def heat(self, axis: int, celsius: float) -> None:
        self._board.order(f"heat {axis} {celsius}")


class CBoard:
    """The process, with the virtual board's interface.

    Its toy mechanics are mirrored in a `SpringMass`; what a test changes there is told before the board runs on.
    """

    def __init__(
        self,
        profile: Profile,
        mechanics: SpringMass,
        serial_number: int,
        t_ns: int,
        external: Collection[Axis],
    ) -> None:
        self._process = subprocess.Popen(
            [example_board(profile), "--lockstep"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )
        self._mechanics = mechanics
        self._said = b""
        self.drives = CDrives(self)
        self.port = CountedPort(self._line())
        self._told = self._changes(SpringMass(profile))
        self.order(f"power {serial_number} {t_ns // 1000} {sum(1 << axis for axis in external)}")

    def advance(self, t_ns: int) -> None:
        told, self._told = self._told, self._changes(self._mechanics)
        for order in self._told:
            if order not in told:
                self.order(order)
        self.order(f"run {t_ns // 1000} {self.port.sent}")

    def reset(self) -> None:
        self.order("reboot 1")

    def order(self, line: str) -> None:
        """Say a line, take the answer, and all bytes that the board has sent until then."""
        sent, relay, *axes = self._ask(line).split()
        until_s = time.monotonic() + WAIT_S
        while self.port.fileno() >= 0 and self.port.received < int(sent):
            assert time.monotonic() < until_s, "the board's bytes did not come"
            self.port.fetch()
        self.drives.relay = relay == "1"
        mechanics = self._mechanics
        mechanics.position[:] = [float(x) for x in axes[0::4]]
        mechanics.velocity[:] = [float(x) for x in axes[1::4]]
        self.drives.effort = [float(x) for x in axes[2::4]]
        mechanics.braked[:] = [x == "1" for x in axes[3::4]]

    def unplug(self) -> None:
        self.port.close()
        self.order("unplug")

    def plug_in(self) -> None:
        self.port = CountedPort(self._ask("port"))

    def close(self) -> None:
        self.port.close()
        self._process.stdin.close()
        self._process.stdout.close()
        try:
            assert self._process.wait(WAIT_S) == 0, "the board did not end well"
        finally:
            self._process.kill()

    def _ask(self, line: str) -> str:
        self._process.stdin.write(line.encode() + b"\n")
        return self._line()

    def _line(self) -> str:
        """The next line from the board; what it sends meanwhile is taken, for a pty holds little."""
        until_s = time.monotonic() + WAIT_S
        answers = self._process.stdout.fileno()
        port = getattr(self, "port", None)
        while b"\n" not in self._said:
            open_port = [] if port is None or port.fileno() < 0 else [port]
            ready, _, _ = select.select([answers, *open_port], [], [], until_s - time.monotonic())
            assert ready, "the board does not answer"
            if port in ready:
                port.fetch()
            if answers in ready:
                said = os.read(answers, 65536)
                assert said, "the board has ended"
                self._said += said
        line, self._said = self._said.split(b"\n", 1)
        return line.decode()

    @staticmethod
    def _changes(mechanics: SpringMass) -> list[str]:
        return [
            *(f"load {axis} {float(push)!r}" for axis, push in enumerate(mechanics.load)),
            "wheels {!r} {!r} {!r}".format(*map(float, mechanics.wheel_load_n)),
            "accel {!r} {!r} {!r}".format(*map(float, mechanics.accel_mps2)),
            f"estop {mechanics.estop_closed:d}",
        ]


class CRig(Rig):
    """A rig with the example board at a pty."""

    board: CBoard

    def power_up(self, profile: Profile, serial_number: int) -> None:
        if hasattr(self, "board"):
            self.board.close()
        self.mechanics = SpringMass(profile)
        self.board = CBoard(profile, self.mechanics, serial_number, self.t_ns, self.external)
        self.host = self.board.port

    def unplug(self) -> None:
        self.board.unplug()

    def plug_in(self) -> None:
        self.board.plug_in()
        self.host = self.board.port

    def pretend(self, patch: pytest.MonkeyPatch, layout_digest: int | None = None, protocol: int = 1) -> None:
        self.board.order(f"protocol {protocol}")
        if layout_digest is not None:
            self.board.order(f"layout {layout_digest}")

    def let_the_guard_die(self) -> None:
        self.board.order("guard 0")

    def blind(self, axis: int) -> None:
        self.board.order(f"offset {axis} nan")

    def hear(self, noise: bytes) -> None:
        self.board.order(f"noise {noise.hex()}")

    def close(self) -> None:
        self.board.close()


RIGS = {"virtual": Rig, "c": CRig}


@pytest.fixture(params=RIGS)
def new_rig(request):
    """Makes rigs of each kind; all of them are put away afterwards."""
    rigs: list[Rig] = []

    def make(*args, **options) -> Rig:
        rigs.append(RIGS[request.param](*args, **options))
        return rigs[-1]

    yield make
    for rig in rigs:
        rig.close()
