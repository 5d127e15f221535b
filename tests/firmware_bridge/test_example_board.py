"""The example board in C by itself: nothing that arrives can harm it, and its page builds it."""

from __future__ import annotations

import functools
import subprocess
from pathlib import Path

import pytest
from board_rig import PROFILE
from c_board import FLAGS, gcc, headers, sanitizers

from firmware_bridge.example_board import generate

HERE = Path(__file__).parent


@functools.cache
def fuzzer() -> Path:
    folder = headers(generate.robot_config(PROFILE))
    sources = [path for path in generate.FOLDER.glob("*.c") if path.name != "main_pty.c"]
    gcc(*FLAGS, *sanitizers(), "-isystem", folder, "-I", generate.FOLDER, "-o", folder / "fuzz",
        HERE / "fuzz_board.c", *sources, "-lm")  # fmt: skip
    return folder / "fuzz"


def fuzz(seed: int, inputs: int) -> str:
    done = subprocess.run([fuzzer(), str(seed), str(inputs)], capture_output=True, text=True, check=False)
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
