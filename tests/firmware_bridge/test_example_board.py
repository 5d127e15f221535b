"""The example board in C by itself: nothing that arrives can harm it, and its page builds it."""

from __future__ import annotations

import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
from board_frames import PAGE, conversation, page
from board_rig import EFFORTS, PROFILE, Recorder, Rig
from c_board import FLAGS, CRig, built, gcc

from firmware_bridge.example_board import generate
from robot.messages import GRIP, Axis, AxisFault, AxisMode, Mode, Setpoints

HERE = Path(__file__).parent


def fuzz(seed: int, inputs: int) -> str:
    program = built(HERE / "fuzz_board.c", generate.robot_config(PROFILE))
    done = subprocess.run([program, str(seed), str(inputs)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("seed", range(4))
def test_no_bytes_harm_the_board(seed):
    said = fuzz(seed, 5000)
    assert "5000 inputs" in said
    assert int(said.split()[6]) > 0, "the board was never permitted to move anything"


@pytest.mark.acceptance
def test_a_million_inputs_do_not_harm_the_board():
    print(fuzz(99, 1_000_000))


# ---------------------------------------------------------------- its page


def test_the_pages_frames_are_what_the_virtual_board_says():
    assert PAGE.read_text(encoding="utf-8") == page(), "run tests/firmware_bridge/board_frames.py"


def test_the_example_board_says_the_pages_frames():
    virtual, example = conversation(Rig), conversation(CRig)
    assert (example.said, example.heard) == (virtual.said, virtual.heard)


def test_the_pages_commands_build_a_board_that_runs(tmp_path: Path):
    gcc("--version")
    root = PAGE.parents[1]
    (commands,) = re.findall(
        r"```\n(python -m firmware_bridge.example_board.*?)```", PAGE.read_text("utf-8"), re.DOTALL
    )
    generate_line, gcc_line, run_line = commands.replace("build/board", str(tmp_path)).splitlines()
    assert " ".join(FLAGS) in gcc_line
    subprocess.run([sys.executable, *generate_line.split()[1:]], cwd=root, check=True)
    subprocess.run(gcc_line, shell=True, cwd=root, check=True)
    with subprocess.Popen([run_line], stdout=subprocess.PIPE, text=True) as board:
        assert board.stdout.readline().startswith("/dev/")
        board.kill()


# ---------------------------------------------------------------- beside the virtual board


def any_setpoints(rng: random.Random) -> Setpoints:
    """Anything an axis may be asked for, and a little more."""
    modes = tuple(rng.choice((0, 1, 1, 2, 2, 3)) for _ in Axis)
    targets = []
    for mode, drive in zip(modes, PROFILE.drive, strict=True):
        size = {AxisMode.VELOCITY: drive.velocity_max, AxisMode.EFFORT: drive.effort_max}.get(
            AxisMode(mode), 0.2
        )
        targets.append(rng.uniform(-1.2, 1.2) * size)
    for axis in GRIP:
        targets[axis] = rng.choice((0.0, 0.04, 0.12)) if modes[axis] == AxisMode.POSITION else targets[axis]
    limits = tuple(rng.choice((1.0, 0.3, 0.05)) * effort for effort in EFFORTS)
    return Setpoints(
        modes, tuple(targets), tuple(rng.choice((0.0, rng.uniform(-1, 1))) for _ in Axis), limits
    )


def play(rig: Rig, seed: int) -> None:
    """A day at the bench that nobody planned."""
    rng = random.Random(seed)
    own = [axis for axis in Axis if axis not in rig.external]
    rig.connect()
    for _ in range(60):
        safety = rig.readings.safety
        mode = rng.choice((Mode.MANUAL, Mode.TRAVEL, Mode.WRAP, Mode.CROSSING))
        if safety.latched_stop:
            rig.run(0.3, rig.frame(mode=Mode.STOPPED))
            rig.mechanics.estop_closed = True
            rig.run(0.02, rig.frame(mode=Mode.STOPPED, reset=True))
        what = rng.randrange(24)
        if what == 0:
            rig.mechanics.estop_closed = False
        elif what == 1:
            rig.mechanics.load[rng.choice(own)] = rng.uniform(-2.0, 2.0)
        elif what == 2:
            rig.board.drives.heat(rng.choice(own), rng.uniform(60.0, 118.0))
        elif what == 3:
            rig.board.drives.trip(rng.choice(own), rng.choice((AxisFault.OVER_CURRENT, AxisFault.OTHER)))
        elif what == 4:
            rig.run(2.0, silent=True)  # at rest: the two mechanics differ in how a dead drive rubs
            rig.board.drives.reset(rng.choice(own))
        elif what == 5:
            rig.mechanics.wheel_load_n = tuple(rng.choice((0.0, 130.0)) for _ in GRIP)
        elif what == 6:
            rig.run(rng.choice((0.05, 0.3)), silent=True)
        elif what == 7:
            rig.board.reset()
        elif what == 8:
            rig.mechanics.load[:] = 0.0
        rig.run(0.05, rig.frame(mode=Mode.SAFE))
        rig.run(rng.choice((0.1, 0.5)), rig.frame(any_setpoints(rng), armed=True, mode=mode))


EXTERNAL = ((), (), (Axis.TRACTION_REAR, Axis.GRIP_MIDDLE), (Axis.CABLE,))


@pytest.mark.parametrize("seed", range(len(EXTERNAL)))
def test_both_boards_say_the_same_bytes(seed):
    heard = []
    for kind in (Rig, CRig):
        rig = kind(Recorder, external=EXTERNAL[seed])
        play(rig, seed)
        heard.append(rig.driver._link._transport.heard)
        rig.close()
    assert len(heard[0]) > 500_000
    assert heard[0] == heard[1]
